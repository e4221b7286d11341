// assay history convert|stats|validate

#include "history/history.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/history_input.h"

namespace assay::cli {
namespace {

using Json = nlohmann::ordered_json;

struct HistoryFlags {
  std::string input_path;
  std::string output_path;
  std::string output_format;
  HistoryInput input;
  bool json = false;
};

/// The format to write: as named, else by the path's ending.
Result<std::string> output_format(const HistoryFlags& flags) {
  if (!flags.output_format.empty()) return flags.output_format;
  std::string path = flags.output_path;
  for (const std::string ending : {".gz", ".zst"}) {
    if (path.ends_with(ending)) path.resize(path.size() - ending.size());
  }
  if (path.ends_with(".edn")) return std::string("jepsen-edn");
  if (path.ends_with(".jsonl")) return std::string("assay-jsonl");
  if (path.ends_with(".assay")) return std::string("assay");
  return Error{ErrorKind::usage, "cannot tell the format of '" + flags.output_path +
                                     "' from its name: expected .assay, .jsonl or .edn, or --to"};
}

Result<int> convert(const HistoryFlags& flags) {
  auto format = output_format(flags);
  if (!format.ok()) return format.error();
  auto history = flags.input.read(flags.input_path);
  if (!history.ok()) return history.error();
  auto status = write_history(*history, flags.output_path, *format);
  if (!status.ok()) return status.error();
  fmt::print(stderr, "{} operations written to {} as {}\n", history->size(), flags.output_path,
             *format);
  return 0;
}

Result<int> validate(const HistoryFlags& flags) {
  auto history = flags.input.read(flags.input_path);
  if (!history.ok()) return history.error();
  fmt::print("valid: {} operations, format {}\n", history->size(), history->info().format);
  return 0;
}

/// The largest number of operations open at one time. O(n log n).
std::size_t concurrency(const History& history) {
  std::vector<std::pair<std::int64_t, int>> edges;
  edges.reserve(2 * history.size());
  for (OpIndex op = 0; op < history.size(); ++op) {
    const auto [start, end] = history.interval(op);
    edges.emplace_back(start, -1);
    edges.emplace_back(end, 1);
  }
  // At equal ticks a start sorts before an end: ties are concurrent.
  std::sort(edges.begin(), edges.end());
  std::size_t open = 0;
  std::size_t most = 0;
  for (const auto& [tick, edge] : edges) {
    if (edge < 0) most = std::max(most, ++open);
    if (edge > 0) --open;
  }
  return most;
}

Json stats_of(const History& history) {
  std::map<std::string, std::array<std::uint64_t, 3>> by_function;
  for (OpIndex op = 0; op < history.size(); ++op) {
    const Operation operation = history[op];
    ++by_function[std::string(history.function_name(operation.function))].at(
        static_cast<std::size_t>(operation.outcome));
  }
  Json functions = Json::object();
  for (const auto& [name, counts] : by_function) {
    functions[name] = {{"ok", counts[0]}, {"fail", counts[1]}, {"info", counts[2]}};
  }
  return {{"schema", "assay.history-stats/1"},
          {"format", history.info().format},
          {"datatype", history.info().datatype},
          {"operations", history.size()},
          {"keys", history.key_count()},
          {"keyed", history.keyed()},
          {"processes", history.process_count()},
          {"concurrency", concurrency(history)},
          {"faults", history.faults().size()},
          {"duration_s", static_cast<double>(history.duration().count()) / 1e9},
          {"functions", functions}};
}

Result<int> stats(const HistoryFlags& flags) {
  auto history = flags.input.read(flags.input_path);
  if (!history.ok()) return history.error();
  const Json document = stats_of(*history);
  if (flags.json) {
    fmt::print("{}\n", document.dump(-1, ' ', false, Json::error_handler_t::replace));
    return 0;
  }
  for (const auto& [name, value] : document.items()) {
    if (value.is_object() || name == "schema") continue;
    fmt::print("{:12} {}\n", name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  for (const auto& [name, counts] : document["functions"].items()) {
    fmt::print("{:12} ok {}, fail {}, info {}\n", name, counts["ok"].dump(), counts["fail"].dump(),
               counts["info"].dump());
  }
  return 0;
}

}  // namespace

Action define_history(CLI::App& app) {
  auto flags = std::make_shared<HistoryFlags>();
  auto action = std::make_shared<Result<int> (*)(const HistoryFlags&)>(nullptr);
  const auto verb = [&](const char* name, const char* summary,
                        Result<int> (*perform)(const HistoryFlags&)) {
    CLI::App* sub = app.add_subcommand(name, summary);
    sub->add_option("HISTORY", flags->input_path, "a history, a run's folder, or -")->required();
    sub->parse_complete_callback([action, perform] { *action = perform; });
    return sub;
  };
  app.require_subcommand(1);
  CLI::App* to = verb("convert", "write a history in another format", convert);
  to->add_option("OUTPUT", flags->output_path, "ending in .assay, .jsonl or .edn (.gz, .zst)")
      ->required();
  to->add_option("--to", flags->output_format, "format to write, if the name does not tell");
  CLI::App* described = verb("stats", "count operations, keys, processes, concurrency", stats);
  described->add_flag("--json", flags->json, "as a JSON document");
  CLI::App* validated =
      verb("validate", "read the whole history and name the first error", validate);
  for (CLI::App* sub : {to, described, validated}) flags->input.define(*sub);
  return [flags, action] { return (*action)(*flags); };
}

}  // namespace assay::cli
