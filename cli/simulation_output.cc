#include "cli/simulation_output.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "cli/output.h"
#include "cli/run_settings.h"
#include "cli/simulation_plan.h"
#include "cli/version.h"
#include "harness/run_store.h"
#include "history/journal.h"
#include "reports/report.h"
#include "targets/reference/protocols/catalogue.h"

namespace assay::cli {
namespace {

/// The protocol, its options that matter and are not the defaults, and its bugs.
std::string configuration_of(const SimulationRun& run) {
  const reference::ProtocolSettings& protocol = run.simulation.protocol;
  std::string text = "protocol=" + protocol.protocol;
  const auto entry = reference::find_protocol(protocol.protocol);
  for (const auto& [name, value] : protocol.options) {
    const bool standard =
        entry.ok() &&
        std::any_of((*entry)->options.begin(), (*entry)->options.end(), [&](const auto& option) {
          return option.name == name && (option.fallback == value || !option.swarm.empty());
        });
    if (!standard) text += fmt::format(" {}={}", name, value);
  }
  for (const std::string& bug : protocol.bugs) text += " bug=" + bug;
  return text;
}

Status write_folder(const SimulationRun& run, const SimulationOutput& output,
                    const RunSummary& summary, const SimulationResult& result) {
  const std::string certificate =
      result.check.certificate.empty() ? "" : output.out + "/certificate.json";
  struct File {
    std::string path;
    std::string text;
  };
  std::vector<File> files{
      {output.out + "/verdict.json",
       render_json(summary, result.history, result.check, certificate)},
      {output.out + "/report.html", render_html(summary, result.history, result.check)}};
  if (!certificate.empty()) files.push_back({certificate, to_json(result.check.certificate)});
  for (const File& file : files) {
    if (auto status = write_file(file.path, file.text); !status.ok()) return status;
  }
  return write_plan(output.out, {run, failure_of(result), result.history.digest(), output.command});
}

/// Records what happens where `source` says, if anywhere.
Result<SimulationResult> record_run(const SimulationRun& run, const std::string& source) {
  if (source == "-") return run_simulation(run);
  auto workload = run.workload->make({.threads = run.simulation.threads,
                                      .nodes = static_cast<int>(run.simulation.members),
                                      .options = run.workload_options});
  if (!workload.ok()) return workload.error();
  auto journal = JournalWriter::create(source, workload->history);
  if (!journal.ok()) return journal.error();
  auto result = run_simulation(run, [&](const Event& event) { return journal->append(event); });
  if (!result.ok()) return result;
  if (auto status = journal->close(); !status.ok()) return status.error();
  return result;
}

void print(const SimulationRun& run, const RunSummary& summary, const SimulationResult& result) {
  fmt::print("{}", render_text(summary, result.history, result.check, color_wanted()));
  fmt::print("history {}: {} of {} operations acknowledged in {} of virtual time, {} steps\n",
             result.history.digest(), result.outcome.tally.ok, result.outcome.tally.invoked,
             format_duration(result.outcome.virtual_time), result.outcome.steps);
  fmt::print("faults: {} of {}\n", result.outcome.tally.faults, fmt::join(run.faults, ", "));
}

}  // namespace

RunSummary summary_of(const SimulationRun& run, const std::string& command,
                      const std::string& source) {
  const reference::ProtocolSettings& protocol = run.simulation.protocol;
  RunSummary summary;
  summary.title = fmt::format("simulated {} / {}", protocol.protocol, run.workload->name);
  summary.source = source;
  summary.target = "sim";
  summary.workload = run.workload->name;
  summary.seed = run.simulation.seed;
  summary.has_seed = true;
  for (std::size_t i = 1; i <= run.simulation.members; ++i)
    summary.nodes.push_back(fmt::format("n{}", i));
  summary.facts["protocol"] = protocol.protocol;
  if (!protocol.bugs.empty())
    summary.facts["bug"] = fmt::format("{}", fmt::join(protocol.bugs, ","));
  for (const auto* options : {&protocol.options, &run.workload_options}) {
    for (const auto& [name, value] : *options) summary.facts["--" + name] = value;
  }
  summary.facts["assay"] = version;
  summary.facts["weather"] = run.simulation.swarm ? "drawn" : "calm";
  add_pace(summary.facts,
           {run.simulation.threads, run.time_limit, run.stagger, run.simulation.operation_timeout,
            run.faults.empty() ? Nanos(0) : run.fault_interval});
  summary.repeat_command = command;
  summary.check_command = "assay check " + shell_word(source);
  summary.configuration = configuration_of(run);
  summary.faults_planned = run.faults;
  return summary;
}

std::string words_of(const SimulationResult& result) {
  if (result.check.verdict == Verdict::unknown) return result.check.unknown_because;
  return result.check.anomalies.empty() ? "" : result.check.anomalies.front().explanation;
}

int code_of(const SimulationResult& result) { return exit_code(result.check.verdict); }

nlohmann::ordered_json json_of(const SimulationRun& run, const SimulationResult& result) {
  std::vector<std::string> types;
  for (const Anomaly& anomaly : result.check.anomalies) types.push_back(anomaly.type);
  return {{"seed", run.simulation.seed},
          {"verdict", name_of(result.check.verdict)},
          {"model", result.check.model},
          {"digest", result.history.digest()},
          {"members", run.simulation.members},
          {"operations", result.history.size()},
          {"acknowledged", result.outcome.tally.ok},
          {"faults", run.faults},
          {"injected", result.outcome.tally.faults},
          {"steps", result.outcome.steps},
          {"virtual_s", static_cast<double>(result.outcome.virtual_time.count()) / 1e9},
          {"stuck", result.outcome.stuck},
          {"diverged", result.outcome.diverged},
          {"anomalies", types},
          {"because", words_of(result)}};
}

Result<SimulationResult> run_and_report(const SimulationRun& run, const SimulationOutput& output) {
  const std::string source = output.out.empty() ? "-" : output.out + "/history.assay";
  if (!output.out.empty()) {
    std::error_code failure;
    std::filesystem::create_directories(output.out, failure);
    if (failure) return Error{ErrorKind::cannot_write, output.out + ": " + failure.message()};
  }
  auto result = record_run(run, source);
  if (!result.ok()) return result;
  const RunSummary summary = summary_of(run, output.command, source);
  if (!output.out.empty()) {
    if (auto status = write_folder(run, output, summary, *result); !status.ok()) {
      return status.error();
    }
  }
  if (output.printing == Printing::json) {
    auto document = json_of(run, *result);
    document["schema"] = "assay.sim/1";
    document["command"] = output.command;
    fmt::print("{}\n",
               document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  } else if (output.printing == Printing::text) {
    print(run, summary, *result);
  }
  return result;
}

}  // namespace assay::cli
