// assay report RUN|HISTORY: check again and write the report. assay report --diff A B: what
// changed.

#include "reports/report.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "checker/checker.h"
#include "cli/command.h"
#include "cli/history_input.h"
#include "cli/output.h"
#include "cli/run_logs.h"
#include "cli/run_settings.h"
#include "cli/simulation_output.h"
#include "cli/simulation_plan.h"
#include "harness/run_store.h"
#include "reports/diff.h"

namespace assay::cli {
namespace {

struct ReportFlags {
  std::string path;
  std::string output;
  std::string kind = "html";
  std::vector<std::string> models;
  std::vector<std::string> diff;  ///< two paths, or none
  HistoryInput input;
};

/// Where a history came from.
struct Origin {
  RunSummary run;
  std::optional<RecordedSimulation> simulation;
};

Result<Origin> origin_of(const std::string& path) {
  Origin origin;
  if (is_simulation(path)) {
    auto recorded = read_plan(path);
    if (!recorded.ok()) return recorded.error();
    origin.run = summary_of(recorded->run, recorded->command, path + "/history.assay");
    origin.simulation = *std::move(recorded);
  } else if (std::filesystem::is_directory(path)) {
    auto plan = read_text(path + "/plan.json");
    if (!plan.ok()) return plan.error();
    auto run = summary_from_plan(*plan, path);
    if (!run.ok()) return run.error();
    origin.run = *std::move(run);
    origin.run.logs = read_run_logs(path);
  } else {
    origin.run.title = path;
    origin.run.source = path;
    origin.run.check_command = "assay check " + shell_word(path);
  }
  return origin;
}

Result<CheckResult> judge(const ReportFlags& flags, const Origin& origin, const History& history) {
  if (origin.simulation && flags.models.empty() && flags.input.options.datatype.empty()) {
    return judge_again(*origin.simulation, history);
  }
  CheckOptions options;
  options.models = flags.models;
  if (!flags.input.options.datatype.empty()) options.datatype = flags.input.options.datatype;
  return check(history, options);
}

std::string render(const std::string& kind, const RunSummary& run, const History& history,
                   const CheckResult& result) {
  if (kind == "json") return render_json(run, history, result, "");
  if (kind == "junit") return render_junit(run, history, result);
  if (kind == "markdown") return render_markdown(run, history, result);
  if (kind == "text") return render_text(run, history, result, false);
  return render_html(run, history, result);
}

Result<int> write_report(const ReportFlags& flags) {
  auto origin = origin_of(flags.path);
  if (!origin.ok()) return origin.error();
  auto history = flags.input.read(flags.path);
  if (!history.ok()) return history.error();
  auto result = judge(flags, *origin, *history);
  if (!result.ok()) return result.error();
  const std::string text = render(flags.kind, origin->run, *history, *result);
  if (flags.output == "-") {
    fmt::print("{}", text);
    return 0;
  }
  const std::string suffix = flags.kind == "junit"      ? "xml"
                             : flags.kind == "text"     ? "txt"
                             : flags.kind == "markdown" ? "md"
                                                        : flags.kind;
  std::string output = flags.output;
  if (output.empty()) {
    const bool folder = std::filesystem::is_directory(flags.path);
    output = (folder ? flags.path + "/report." : flags.path + ".report.") + suffix;
  }
  if (auto status = write_file(output, text); !status.ok()) return status.error();
  fmt::print("{}\n", output);
  return 0;
}

/// One of two runs, checked again. A finding is told apart by its type and by the model it refutes.
Result<DiffSide> diff_side(const ReportFlags& flags, const std::string& path) {
  auto origin = origin_of(path);
  if (!origin.ok()) return origin.error();
  auto history = flags.input.read(path);
  if (!history.ok()) return history.error();
  auto result = judge(flags, *origin, *history);
  if (!result.ok()) return result.error();
  const RunSummary& run = origin->run;
  DiffSide side;
  side.name = path;
  side.verdict = name_of(result->verdict);
  side.model = result->model;
  side.operations = history->size();
  side.settings = run.facts;
  side.settings["target"] = run.target;
  side.settings["workload"] = run.workload;
  side.settings["datatype"] = result->datatype;
  side.settings["nodes"] = std::to_string(run.nodes.size());
  if (run.has_seed) side.settings["seed"] = std::to_string(run.seed);
  for (const ModelVerdict& each : result->models) {
    side.models[each.model] = name_of(each.verdict);
  }
  for (const Anomaly& anomaly : result->anomalies) {
    const std::string identity = anomaly.type + " of " + anomaly.model;
    DiffFinding& finding =
        side.findings
            .try_emplace(identity, DiffFinding{identity, anomaly.type, anomaly.explanation, 0})
            .first->second;
    ++finding.count;
  }
  side.latencies = aligned_latencies(*history);
  return side;
}

Result<int> write_diff(const ReportFlags& flags) {
  auto before = diff_side(flags, flags.diff.at(0));
  if (!before.ok()) return before.error();
  auto after = diff_side(flags, flags.diff.at(1));
  if (!after.ok()) return after.error();
  const RunDiff diff = compare_runs(std::move(*before), std::move(*after));
  std::string text;
  if (flags.kind == "json") {
    text = render_diff_json(diff);
  } else if (flags.kind == "text") {
    text = render_diff_text(diff);
  } else if (flags.kind == "html") {
    text = render_diff_html(diff);
  } else {
    return Error{ErrorKind::usage, "--diff: --as " + flags.kind +
                                       " is for one run; for two there "
                                       "are html, json and text"};
  }
  const std::string output = flags.output.empty() ? "diff." + flags.kind : flags.output;
  if (output == "-") {
    fmt::print("{}", text);
    return 0;
  }
  if (auto status = write_file(output, text); !status.ok()) return status.error();
  fmt::print("{}\n", output);
  return 0;
}

}  // namespace

Action define_report(CLI::App& app) {
  auto flags = std::make_shared<ReportFlags>();
  app.add_option("RUN", flags->path, "folder of a run, or a history");
  app.add_option("--diff", flags->diff, "two runs or histories, to see what changed between them")
      ->expected(2);
  app.add_option("--output,-o", flags->output, "file to write, - for standard output");
  app.add_option("--as", flags->kind, "what to write")
      ->check(CLI::IsMember({"html", "json", "junit", "markdown", "text"}))
      ->capture_default_str();
  app.add_option("--model,-m", flags->models,
                 "consistency models (repeat); by default the datatype's")
      ->allow_extra_args(false);
  flags->input.define(app);
  return [flags]() -> Result<int> {
    if (flags->path.empty() == flags->diff.empty()) {
      return Error{
          ErrorKind::usage,
          "report: expected either the folder of a run (or a history), or --diff with two"};
    }
    return flags->diff.empty() ? write_report(*flags) : write_diff(*flags);
  };
}

}  // namespace assay::cli
