// assay report RUN|HISTORY: check again and write the report.

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
#include "cli/run_settings.h"
#include "cli/simulation_output.h"
#include "cli/simulation_plan.h"
#include "harness/run_store.h"

namespace assay::cli {
namespace {

struct ReportFlags {
  std::string path;
  std::string output;
  std::string kind = "html";
  std::vector<std::string> models;
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
  const std::string suffix = flags.kind == "junit"  ? "xml"
                             : flags.kind == "text" ? "txt"
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

}  // namespace

Action define_report(CLI::App& app) {
  auto flags = std::make_shared<ReportFlags>();
  app.add_option("RUN", flags->path, "folder of a run, or a history")->required();
  app.add_option("--output,-o", flags->output, "file to write, - for standard output");
  app.add_option("--as", flags->kind, "what to write")
      ->check(CLI::IsMember({"html", "json", "junit", "text"}))
      ->capture_default_str();
  app.add_option("--model,-m", flags->models,
                 "consistency models (repeat); by default the datatype's")
      ->allow_extra_args(false);
  flags->input.define(app);
  return [flags] { return write_report(*flags); };
}

}  // namespace assay::cli
