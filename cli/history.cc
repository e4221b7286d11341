// assay history convert|stats|validate|cut

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
#include "cli/history_cut.h"
#include "cli/history_input.h"
#include "history/validation.h"

namespace assay::cli {
namespace {

using Json = nlohmann::ordered_json;

struct HistoryFlags {
  std::string input_path;
  std::string output_path;
  std::string output_format;
  HistoryInput input;
  CutFlags cut;
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
  if (path.ends_with(".plume")) return std::string("plume");
  return Error{ErrorKind::usage, "cannot tell the format of '" + flags.output_path +
                                     "' from its name: expected .assay, .jsonl, .edn or .plume, or "
                                     "the format's name (--to; cut: --as)"};
}

/// Writes `history` and says so.
Result<int> write(const HistoryFlags& flags, const History& history) {
  auto format = output_format(flags);
  if (!format.ok()) return format.error();
  auto status = write_history(history, flags.output_path, *format);
  if (!status.ok()) return status.error();
  fmt::print(stderr, "{} operations written to {} as {}\n", history.size(), flags.output_path,
             *format);
  return 0;
}

Result<int> convert(const HistoryFlags& flags) {
  // Before the reading, which may take long.
  if (auto format = output_format(flags); !format.ok()) return format.error();
  auto history = flags.input.read(flags.input_path);
  if (!history.ok()) return history.error();
  return write(flags, *history);
}

Result<int> cut_history(const HistoryFlags& flags) {
  if (auto format = output_format(flags); !format.ok()) return format.error();
  const auto wanted = flags.cut.parse();
  if (!wanted.ok()) return wanted.error();
  auto history = flags.input.read(flags.input_path);
  if (!history.ok()) return history.error();
  auto part = cut(*history, *wanted);
  if (!part.ok()) return part.error().in(flags.input_path);
  return write(flags, *part);
}

/// What validate found, as a document.
Json validation_of(const std::string& path, const HistoryValidator& validator) {
  return {{"schema", "assay.history-validation/1"},  {"file", path},
          {"format", validator.info().format},       {"operations", validator.operations()},
          {"valid", validator.problem_count() == 0}, {"problem_count", validator.problem_count()},
          {"problems", validator.problems()}};
}

Result<int> validate(const HistoryFlags& flags) {
  HistoryValidator validator;
  const Status read = flags.input.read_into(validator, flags.input_path);
  if (!read && read.error().kind != ErrorKind::bad_data) return read.error();
  validator.finish();
  // This one names the file already.
  if (!read) static_cast<void>(validator.problem(read.error()).ok());
  const int code = validator.problem_count() == 0 ? 0 : static_cast<int>(ErrorKind::bad_data);
  const std::string name = flags.input_path == "-" ? "standard input" : flags.input_path;
  if (flags.json) {
    const Json document = validation_of(flags.input_path, validator);
    fmt::print("{}\n", document.dump(-1, ' ', false, Json::error_handler_t::replace));
    return code;
  }
  if (code == 0) {
    fmt::print("valid: {} operations, format {}\n", validator.operations(),
               validator.info().format);
    return code;
  }
  const std::size_t shown = validator.problems().size();
  for (std::size_t i = 0; i < shown; ++i) {
    const std::string& problem = validator.problems()[i];
    const bool last = !read && i + 1 == validator.problem_count();
    fmt::print("{}{}\n", last ? "" : name + ": ", problem);
  }
  fmt::print(
      stderr, "{} {} in {} operations{}{}\n", validator.problem_count(),
      validator.problem_count() == 1 ? "problem" : "problems", validator.operations(),
      shown < validator.problem_count() ? fmt::format(", the first {} of them above", shown) : "",
      read ? "" : "; nothing was read behind the last one");
  return code;
}

struct Concurrency {
  std::size_t most = 0;    ///< operations open at one time
  double mean = 0;         ///< over the time in which any was open; indeterminate ones left out
  double overlapping = 0;  ///< the share of operations that began while another was open
};

/// Of what completed; what never did is open to the end and would only blur it. Unknown order: 0.
/// O(n log n).
Concurrency concurrency(const History& history) {
  struct Edge {
    std::int64_t tick;
    int ends;
    bool counts;  ///< completed, so that it has an end
    bool operator<(const Edge& other) const {
      // At equal ticks a start sorts before an end: ties are concurrent.
      return tick != other.tick ? tick < other.tick : ends < other.ends;
    }
  };
  std::vector<Edge> edges;
  if (history.info().real_time == RealTime::none) return {};
  edges.reserve(2 * history.size());
  for (OpIndex op = 0; op < history.size(); ++op) {
    const auto [start, end] = history.interval(op);
    edges.push_back({start, 0, end != never});
    if (end != never) edges.push_back({end, 1, true});
  }
  std::sort(edges.begin(), edges.end());
  Concurrency result;
  std::size_t open = 0;
  std::size_t counted = 0;
  std::size_t overlapping = 0;
  double area = 0;
  double busy = 0;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (i > 0 && counted > 0) {
      const double span =
          static_cast<double>(edges[i].tick) - static_cast<double>(edges[i - 1].tick);
      area += span * static_cast<double>(counted);
      busy += span;
    }
    if (edges[i].ends == 0) {
      overlapping += open > 0 ? 1U : 0U;
      result.most = std::max(result.most, ++open);
      counted += edges[i].counts ? 1U : 0U;
    } else {
      --open;
      --counted;
    }
  }
  result.mean = busy > 0 ? area / busy : 0;
  if (history.size() > 0) {
    result.overlapping = static_cast<double>(overlapping) / static_cast<double>(history.size());
  }
  return result;
}

Json stats_of(const History& history) {
  std::map<std::string, std::array<std::uint64_t, 3>> by_function;
  for (OpIndex op = 0; op < history.size(); ++op) {
    const Operation operation = history[op];
    ++by_function[std::string(history.function_name(operation.function))].at(
        static_cast<std::size_t>(operation.outcome));
  }
  std::uint64_t indeterminate = 0;
  for (const auto& [name, counts] : by_function) indeterminate += counts[2];
  const Concurrency open = concurrency(history);
  const double seconds = static_cast<double>(history.duration().count()) / 1e9;
  Json functions = Json::object();
  for (const auto& [name, counts] : by_function) {
    functions[name] = {{"ok", counts[0]}, {"fail", counts[1]}, {"info", counts[2]}};
  }
  return {
      {"schema", "assay.history-stats/1"},
      {"format", history.info().format},
      {"datatype", history.info().datatype},
      {"operations", history.size()},
      {"keys", history.key_count()},
      {"keyed", history.keyed()},
      {"processes", history.process_count()},
      {"concurrency", open.most},
      {"concurrency_mean", open.mean},
      {"overlap_ratio", open.overlapping},
      {"indeterminate", indeterminate},
      {"faults", history.faults().size()},
      {"duration_s", seconds},
      {"rate_per_s", seconds > 0 ? Json(static_cast<double>(history.size()) / seconds) : Json()},
      {"digest", history.digest()},
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
    fmt::print("{:16} {}\n", name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  for (const auto& [name, counts] : document["functions"].items()) {
    fmt::print("{:16} ok {}, fail {}, info {}\n", name, counts["ok"].dump(), counts["fail"].dump(),
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
  to->add_option("OUTPUT", flags->output_path,
                 "ending in .assay, .jsonl, .edn or .plume (.gz, .zst)")
      ->required();
  to->add_option("--to", flags->output_format, "format to write, if the name does not tell");
  CLI::App* shortened = verb("cut", "write a part of a history, whole operations", cut_history);
  shortened->add_option("OUTPUT", flags->output_path, "as for convert")->required();
  shortened->add_option("--as", flags->output_format, "format to write");
  flags->cut.define(*shortened);
  CLI::App* described = verb("stats", "count operations, keys, processes, concurrency", stats);
  described->add_flag("--json", flags->json, "as a JSON document");
  CLI::App* validated =
      verb("validate", "name every problem of a history, with its line or byte; exit 65", validate);
  validated->add_flag("--json", flags->json, "as a JSON document");
  for (CLI::App* sub : {to, shortened, described, validated}) flags->input.define(*sub);
  return [flags, action] { return (*action)(*flags); };
}

}  // namespace assay::cli
