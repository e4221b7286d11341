#include "cli/history_cut.h"

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "cli/history_input.h"

namespace assay::cli {
namespace {

struct Unit {
  std::string_view name;
  double nanoseconds;
};

/// A number and what follows it.
std::optional<std::pair<double, std::string_view>> number_in(std::string_view text) {
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || number < 0 || number > 9e18) return std::nullopt;
  return std::pair{number, text.substr(static_cast<std::size_t>(end - text.data()))};
}

/// "1200" an event's index; "1.5s", "20ms", "7us", "300ns" a time.
Status set_bound(const std::string& text, std::optional<std::uint64_t>& event,
                 std::optional<Nanos>& time) {
  static constexpr std::array units{Unit{"ns", 1}, Unit{"us", 1e3}, Unit{"ms", 1e6}, Unit{"s", 1e9},
                                    Unit{"m", 6e10}};
  if (text.empty()) return {};
  const auto number = number_in(text);
  if (number && number->second.empty()) {
    event = static_cast<std::uint64_t>(number->first);
    return {};
  }
  for (const Unit& unit : units) {
    if (!number || number->second != unit.name || number->first * unit.nanoseconds > 9e18) continue;
    time = Nanos(static_cast<std::int64_t>(number->first * unit.nanoseconds));
    return {};
  }
  return Error{ErrorKind::usage, "'" + text +
                                     "' is neither the index of an event (1200) nor a time since "
                                     "the run's start (1.5s, 20ms)"};
}

Status set_operations(const std::string& text, Cut& cut) {
  if (text.empty()) return {};
  const std::size_t dots = text.find("..");
  const auto bound = [](std::string_view part, std::optional<OpIndex>& to) {
    if (part.empty()) return true;
    const auto number = number_in(part);
    if (!number || !number->second.empty() || number->first > 4e9) return false;
    to = static_cast<OpIndex>(number->first);
    return true;
  };
  const std::string_view whole = text;
  if (dots == std::string::npos || !bound(whole.substr(0, dots), cut.first) ||
      !bound(whole.substr(dots + 2), cut.last)) {
    return Error{ErrorKind::usage, "--operations takes N..M, counted from 0, not '" + text + "'"};
  }
  return {};
}

Status set_witness(const std::string& path, Cut& cut) {
  if (path.empty()) return {};
  const auto text = read_text(path);
  if (!text.ok()) return text.error();
  auto document = nlohmann::json::parse(*text, nullptr, false);
  if (document.is_array() && !document.empty()) document = document.front();
  const Error bad{ErrorKind::bad_data,
                  path + ": expected a verdict with anomalies and their witnesses"};
  if (!document.is_object() || !document.contains("anomalies")) return bad;
  cut.invocations.emplace();
  for (const auto& anomaly : document["anomalies"]) {
    if (!anomaly.is_object() || !anomaly.contains("witness")) return bad;
    for (const auto& event : anomaly["witness"]) {
      if (!event.is_number_unsigned()) return bad;
      cut.invocations->insert(event.get<std::uint64_t>());
    }
  }
  if (cut.invocations->empty()) {
    return Error{ErrorKind::bad_data, path + ": the verdict has no anomaly with a witness"};
  }
  return {};
}

}  // namespace

void CutFlags::define(CLI::App& app) {
  app.add_option("--keys", keys, "only operations on these keys, e.g. 1,2,\"x\"")->delimiter(',');
  app.add_option("--processes", processes, "only operations of these processes")->delimiter(',');
  app.add_option("--from", from, "only what was invoked from this event (1200) or time (1.5s) on");
  app.add_option("--to", to, "only what was invoked up to this event or time");
  app.add_option("--operations", operations, "only the operations N..M, counted from 0");
  app.add_option(
      "--witness", witness,
      "only the operations of the anomalies in this verdict (as check --json prints it)");
}

Result<Cut> CutFlags::parse() const {
  Cut cut;
  for (const std::string& key : keys) cut.keys.push_back(parse_scalar(key));
  for (const std::int32_t process : processes) {
    cut.processes.insert(static_cast<ProcessId>(process));
  }
  Status status = set_bound(from, cut.from_event, cut.from_time);
  if (status) status = set_bound(to, cut.to_event, cut.to_time);
  if (status) status = set_operations(operations, cut);
  if (status) status = set_witness(witness, cut);
  if (!status) return status.error();
  return cut;
}

}  // namespace assay::cli
