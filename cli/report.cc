// assay report RUN|HISTORY: check again and write the report. assay report CAMPAIGN|STORE: what its
// runs found. assay report --diff A B: what changed.

#include "reports/report.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/diff.h"
#include "cli/history_input.h"
#include "cli/origin.h"
#include "cli/overview.h"
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

std::string render(const std::string& kind, const RunSummary& run, const History& history,
                   const CheckResult& result) {
  if (kind == "json") return render_json(run, history, result, "");
  if (kind == "junit") return render_junit(run, history, result);
  if (kind == "markdown") return render_markdown(run, history, result);
  if (kind == "text") return render_text(run, history, result, false);
  return render_html(run, history, result);
}

/// To the file asked for, or to `stem` with the suffix of the kind.
Result<int> write(const ReportFlags& flags, const std::string& stem, const std::string& text) {
  if (flags.output == "-") {
    fmt::print("{}", text);
    return 0;
  }
  const std::string suffix = flags.kind == "junit"      ? "xml"
                             : flags.kind == "text"     ? "txt"
                             : flags.kind == "markdown" ? "md"
                                                        : flags.kind;
  const std::string output = flags.output.empty() ? stem + "." + suffix : flags.output;
  if (auto status = write_file(output, text); !status.ok()) return status.error();
  fmt::print("{}\n", output);
  return 0;
}

Error wrong_kind(const ReportFlags& flags, const char* of, const char* known) {
  return {ErrorKind::usage,
          fmt::format("--as {}: there is no such report of {}, only {}", flags.kind, of, known)};
}

std::string stem_beside(const std::string& path) {
  return std::filesystem::is_directory(path) ? path + "/report" : path + ".report";
}

Result<int> write_report(const ReportFlags& flags) {
  auto origin = origin_of(flags.path);
  if (!origin.ok()) return origin.error();
  auto history = flags.input.read(flags.path);
  if (!history.ok()) return history.error();
  auto result = origin->judge(*history, flags.models, flags.input.options.datatype);
  if (!result.ok()) return result.error();
  return write(flags, stem_beside(flags.path), render(flags.kind, origin->run, *history, *result));
}

Result<int> write_overview(const ReportFlags& flags) {
  if (flags.kind != "html" && flags.kind != "markdown") {
    return wrong_kind(flags, "many runs", "html and markdown");
  }
  const auto overview = overview_of(flags.path);
  if (!overview.ok()) return overview.error();
  return write(
      flags, stem_beside(flags.path),
      flags.kind == "html" ? render_overview_html(*overview) : render_overview_markdown(*overview));
}

Result<int> write_diff(const ReportFlags& flags) {
  if (flags.kind != "html" && flags.kind != "json" && flags.kind != "text") {
    return wrong_kind(flags, "two runs", "html, json and text");
  }
  const auto diff =
      diff_of_runs(flags.diff.at(0), flags.diff.at(1), DiffInput{flags.models, flags.input});
  if (!diff.ok()) return diff.error();
  return write(flags, "diff",
               flags.kind == "json"   ? render_diff_json(*diff)
               : flags.kind == "text" ? render_diff_text(*diff)
                                      : render_diff_html(*diff));
}

}  // namespace

Action define_report(CLI::App& app) {
  auto flags = std::make_shared<ReportFlags>();
  app.add_option("RUN", flags->path,
                 "folder of a run, a history, or the folder of a campaign or of a store: all of "
                 "its runs");
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
    if (!flags->diff.empty()) return write_diff(*flags);
    const bool many = is_campaign(flags->path) || is_store(flags->path);
    return many ? write_overview(*flags) : write_report(*flags);
  };
}

}  // namespace assay::cli
