// assay check FILE…: read each history, decide it, say so.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "checker/certificate/bundle.h"
#include "checker/checker.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/history_input.h"
#include "cli/output.h"
#include "cli/streamed.h"
#include "harness/run_store.h"
#include "reports/report.h"

namespace assay::cli {
namespace {

struct CheckFlags {
  std::vector<std::string> files;
  HistoryInput input;
  std::vector<std::string> models;
  std::string timeout;
  std::string memory;
  int threads = 0;
  int max_anomalies = 20;
  std::string certificate;
  std::string report;
  bool json = false;
  bool minimal = false;
  bool list_format = false;
  bool verbose = false;
  bool negative_balances = false;
  std::string failed_cas = "ignored";
};

Result<CheckOptions> options_of(const CheckFlags& flags) {
  CheckOptions options;
  options.models = flags.models;
  options.datatype = flags.input.options.datatype.empty() ? "auto" : flags.input.options.datatype;
  options.threads = flags.threads;
  options.max_anomalies = flags.max_anomalies;
  options.certificate = !flags.certificate.empty();
  if (flags.failed_cas == "asserts") options.failed = FailedOperation::precondition_failed;
  options.negative_balances = flags.negative_balances;
  if (!flags.timeout.empty()) {
    auto timeout = parse_duration(flags.timeout);
    if (!timeout.ok()) return timeout.error().in("--timeout");
    options.timeout = *timeout;
  }
  if (!flags.memory.empty()) {
    auto bytes = parse_bytes(flags.memory);
    if (!bytes.ok()) return bytes.error().in("--memory");
    options.memory_bytes = *bytes;
  }
  return options;
}

std::string model_flags(const std::vector<std::string>& models) {
  std::string text;
  for (const std::string& model : models) text += " --model " + model;
  return text;
}

/// The document of one file, or the error instead of it.
struct FileOutcome {
  std::string text;
  int code = 0;
};

/// Those of the models that say the most; of one model, the only one.
std::vector<Certificate> certificates_of(const CheckResult& result) {
  std::vector<Certificate> certificates;
  for (const ModelVerdict& each : result.models) {
    if (!each.certificate.empty()) certificates.push_back(each.certificate);
  }
  if (certificates.empty() && !result.certificate.empty()) {
    certificates.push_back(result.certificate);
  }
  return certificates;
}

Result<FileOutcome> outcome_of(const CheckFlags& flags, const std::string& file,
                               const History& history, const CheckResult& result,
                               std::optional<RunSummary::Totals> totals) {
  std::string certificate;
  if (const auto certificates = certificates_of(result);
      !flags.certificate.empty() && !certificates.empty()) {
    auto status = write_file(flags.certificate, bundle_to_json(certificates));
    if (!status.ok()) return status.error();
    certificate = flags.certificate;
  }
  RunSummary run;
  run.title = file == "-" ? "standard input" : file;
  run.source = file;
  run.check_command = "assay check " + shell_word(file) + model_flags(flags.models);
  run.totals = totals;
  if (!flags.report.empty()) {
    auto status = write_file(flags.report, render_html(run, history, result));
    if (!status.ok()) return status.error();
  }
  return FileOutcome{flags.json ? render_json(run, history, result, certificate)
                                : render_text(run, history, result, color_wanted()),
                     exit_code(result.verdict)};
}

Result<FileOutcome> check_file(const CheckFlags& flags, const CheckOptions& options,
                               const std::string& file) {
  if (file == "-" || exceeds_memory(file, options.memory_bytes)) {
    auto streamed = check_streamed(file, flags.input, options, flags.verbose);
    if (!streamed.ok()) return streamed.error();
    const StreamedResult& found = streamed->found;
    std::optional<RunSummary::Totals> totals;
    if (!found.whole) totals = totals_of(found);
    auto outcome = outcome_of(flags, file, found.history, found.result, totals);
    if (outcome.ok() && outcome->code == 2 && streamed->interrupted != 0) {
      outcome->code = streamed->interrupted;
    }
    return outcome;
  }
  HistoryInput input = flags.input;
  input.options.threads = flags.threads;
  auto history = input.read(file);
  if (!history.ok()) return history.error();
  auto result = check(*history, options);
  if (!result.ok()) return result.error().in(file);
  return outcome_of(flags, file, *history, *result, std::nullopt);
}

Result<int> check_files(const CheckFlags& flags) {
  if (flags.list_format) {
    for (const Format& format : formats()) fmt::print("{:14} {}\n", format.name, format.summary);
    return 0;
  }
  if (flags.files.empty()) {
    return Error{ErrorKind::usage, "check: no file given; expected one or more histories, or -"};
  }
  if (flags.files.size() > 1 && !(flags.certificate.empty() && flags.report.empty())) {
    return Error{ErrorKind::usage, "--certificate and --report take one history, got " +
                                       std::to_string(flags.files.size())};
  }
  auto options = options_of(flags);
  if (!options.ok()) return options.error();
  const bool array = flags.json && flags.files.size() > 1;
  int code = 0;
  std::string separator = array ? "[" : "";
  for (const std::string& file : flags.files) {
    auto outcome = check_file(flags, *options, file);
    if (!outcome.ok()) {
      fmt::print(stderr, "assay: {}\n", outcome.error().message);
      outcome = FileOutcome{flags.json ? error_json(file, outcome.error()) : "",
                            outcome.error().exit_code()};
    }
    code = worse_of(code, outcome->code);
    fmt::print("{}{}", separator, outcome->text);
    if (array) separator = ",";
  }
  if (array) fmt::print("]\n");
  return code;
}

}  // namespace

Action define_check(CLI::App& app) {
  auto flags = std::make_shared<CheckFlags>();
  app.add_option(
      "FILE", flags->files,
      "histories, folders of runs, or - for standard input, which is checked as it arrives");
  app.add_option("--model,-m", flags->models,
                 "consistency models (repeat): see `assay list models`; strongest; by default the "
                 "datatype's")
      ->allow_extra_args(false);
  flags->input.define(app);
  app.add_option("--timeout", flags->timeout, "then unknown, e.g. 60s");
  app.add_option(
      "--memory", flags->memory,
      "e.g. 8GiB: a history that would need more is checked from temporary files, or unknown");
  app.add_option("--threads,-j", flags->threads, "0: all cores")->check(CLI::NonNegativeNumber);
  app.add_option("--max-anomalies", flags->max_anomalies, "report at most so many")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--failed-cas", flags->failed_cas,
                 "what a failed cas says: nothing (ignored), or that it found another value than "
                 "expected (asserts)")
      ->check(CLI::IsMember({"ignored", "asserts"}))
      ->capture_default_str();
  app.add_flag("--negative-balances", flags->negative_balances,
               "banks: accounts may be below zero");
  app.add_option("--certificate", flags->certificate, "write the verdict's certificate here");
  app.add_option("--report", flags->report, "write an HTML report here");
  app.add_flag("--json", flags->json, "one JSON document a file on standard output");
  app.add_flag("--minimal", flags->minimal, "make witnesses minimal (they always are)");
  app.add_flag("--verbose,-v", flags->verbose, "say on standard error how input is followed");
  app.add_flag("--list-format", flags->list_format, "print the known formats and stop");
  return [flags] { return check_files(*flags); };
}

}  // namespace assay::cli
