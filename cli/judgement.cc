#include "cli/judgement.h"

#include <fmt/format.h>

#include "cli/history_input.h"
#include "cli/output.h"
#include "cli/run_logs.h"
#include "cli/run_settings.h"
#include "harness/run_store.h"
#include "history/formats/format.h"
#include "reports/findings.h"
#include "reports/measures.h"
#include "reports/report.h"

namespace assay::cli {
namespace {

bool anything_acknowledged(const History& history) {
  for (OpIndex op = 0; op < history.size(); ++op) {
    if (history[op].outcome == Outcome::ok) return true;
  }
  return false;
}

std::string certificate_path(const std::string& folder, const CheckResult& result) {
  return result.certificate.empty() ? "" : folder + "/certificate.json";
}

Status write_results(const std::string& folder, const RunSummary& run, const History& history,
                     const CheckResult& result) {
  const std::string certificate = certificate_path(folder, result);
  if (!certificate.empty()) {
    auto status = write_file(certificate, to_json(result.certificate));
    if (!status.ok()) return status;
  }
  struct Output {
    const char* name;
    std::string text;
  };
  for (const Output& output :
       {Output{"verdict.json", render_json(run, history, result, certificate)},
        Output{"report.html", render_html(run, history, result)},
        Output{"junit.xml", render_junit(run, history, result)}}) {
    auto status = write_file(folder + "/" + output.name, output.text);
    if (!status.ok()) return status;
  }
  return {};
}

}  // namespace

RunRecord record_of(const RunSummary& run, const History& history, const CheckResult& result) {
  RunRecord record;
  record.target = run.target;
  record.configuration = run.configuration;
  record.workload = run.workload;
  record.model = result.model;
  record.faults = run.faults_planned;
  record.seed = run.seed;
  record.started = run.started;
  record.duration_s = static_cast<double>(history.duration().count()) / 1e9;
  record.verdict = name_of(result.verdict);
  record.unknown_because = result.unknown_because;
  for (const ModelVerdict& each : result.models) record.models[each.model] = name_of(each.verdict);
  record.operations = history.size();
  record.anomalies = result.anomalies.size();
  record.campaign = run.campaign;
  record.experiment = run.experiment;
  record.command = run.repeat_command;
  if (result.verdict == Verdict::violation) {
    record.findings = findings_of(run, history, result);
  }
  record.measures = measures_of(history);
  record.in_flight = in_flight_under_faults(history);
  record.acknowledged = acknowledged_by_function(history);
  return record;
}

Result<int> judge_run(const std::string& folder, const CheckOptions& options, bool json) {
  auto plan = read_text(folder + "/plan.json");
  if (!plan.ok()) return plan.error();
  auto run = summary_from_plan(*plan, folder);
  if (!run.ok()) return run.error();
  run->logs = read_run_logs(folder);
  auto history = read_history(folder + "/history.assay", {});
  if (!history.ok()) return history.error();
  auto result = check(*history, options);
  if (!result.ok()) return result.error();
  if (result->verdict == Verdict::pass && !anything_acknowledged(*history)) {
    result->verdict = Verdict::unknown;
    result->unknown_because = "no operation was acknowledged, so nothing was tested";
    result->certificate = {};
    for (ModelVerdict& each : result->models) {
      each = {each.model, Verdict::unknown, result->unknown_because};
    }
    result->strongest.clear();
  }
  if (auto status = write_results(folder, *run, *history, *result); !status.ok()) {
    return status.error();
  }
  // The last file: whoever finds it finds all others.
  if (auto status =
          write_file(folder + "/summary.json", to_json(record_of(*run, *history, *result)));
      !status.ok()) {
    return status.error();
  }
  if (json) {
    fmt::print("{}", render_json(*run, *history, *result, certificate_path(folder, *result)));
  } else {
    fmt::print("{}report: {}/report.html\n", render_text(*run, *history, *result, color_wanted()),
               folder);
  }
  return exit_code(result->verdict);
}

}  // namespace assay::cli
