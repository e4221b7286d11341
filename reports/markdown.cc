// report.md: the report for an issue or a step summary. Text of the history is escaped so that it
// neither becomes markup nor calls anybody.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "reports/effects.h"
#include "reports/escape.h"
#include "reports/faults.h"
#include "reports/models.h"
#include "reports/report.h"
#include "reports/tested.h"
#include "reports/words.h"

namespace assay {
namespace {

constexpr std::size_t anomalies_max = 20;
constexpr std::size_t steps_max = 20;
constexpr std::size_t faults_max = 50;
constexpr std::size_t cell_text_limit = 400;

std::string escaped(std::string_view text) {
  return escape_markdown(clip(visible(text), cell_text_limit));
}

std::string name_in(const History& history, const std::vector<OpIndex>& operations,
                    std::uint64_t event) {
  const auto index = operation_invoked_at(history, event);
  if (!index) return fmt::format("event {}", event);
  const auto at = std::lower_bound(operations.begin(), operations.end(), *index);
  if (at == operations.end() || *at != *index) return fmt::format("event {}", event);
  const auto number = static_cast<std::size_t>(at - operations.begin());
  return operation_name(history, history[*index], number);
}

void append_anomaly(std::string& out, const History& history, const Anomaly& anomaly,
                    std::size_t number) {
  const std::vector<OpIndex> operations = witness_operations(history, anomaly);
  fmt::format_to(std::back_inserter(out), "\n## Anomaly {}: {}{}\n\n{}\n\n", number,
                 escaped(anomaly.type),
                 anomaly.key ? " on key " + escaped(to_text(*anomaly.key)) : std::string(),
                 escaped(claim_of(anomaly)));
  const bool times = has_times(history);
  const int decimals = decimals_for(history, operations);
  for (std::size_t i = 0; i < std::min(operations.size(), steps_max); ++i) {
    const Operation operation = history[operations[i]];
    fmt::format_to(std::back_inserter(out), "- {} = {}, process {}, event {}, {} – {}\n",
                   operation_name(history, operation, i),
                   code_markdown(operation_label(history, operation)),
                   static_cast<int>(operation.process), operation.invoke_event,
                   start_text(operation, times, decimals), end_text(operation, times, decimals));
  }
  if (!anomaly.steps.empty()) out += "\n";
  for (std::size_t i = 0; i < std::min(anomaly.steps.size(), steps_max); ++i) {
    const Step& step = anomaly.steps[i];
    const bool last = i + 1 == anomaly.steps.size();
    const std::string before = name_in(history, operations, step.before);
    const std::string after = name_in(history, operations, step.after);
    fmt::format_to(std::back_inserter(out), "{}. {}{} must come before {}, because {}{} ({})\n",
                   i + 1, last && i > 0 ? "However, " : "", before, after,
                   escaped(with_names(step.because, before, after)),
                   last ? ": **a contradiction.**" : ".", escaped(step.rule));
  }
}

void append_fault_table(std::string& out, const History& history) {
  const std::vector<FaultBand> bands = fault_bands(history);
  if (bands.empty()) return;
  const std::vector<FaultEffect> effects = fault_effects(history, bands);
  out +=
      "\n## Faults\n\n| fault | what was done | from | to | measured effect "
      "|\n|---|---|---|---|---|\n";
  const auto moment = [&](std::int64_t at) {
    return has_times(history) ? moment_text(Nanos(at), 3) : fmt::format("event {}", at);
  };
  for (std::size_t i = 0; i < std::min(bands.size(), faults_max); ++i) {
    fmt::format_to(std::back_inserter(out), "| {} | {} | {} | {} | {} |\n", escaped(bands[i].kind),
                   escaped(bands[i].what), moment(bands[i].from), moment(bands[i].to),
                   bands[i].instant ? "" : effect_text(effects[i]));
  }
}

void append_tested(std::string& out, const History& history) {
  out += "\n## How much was tested\n\n| what | how much |\n|---|---|\n";
  for (const TestedRow& row : tested_rows(history)) {
    fmt::format_to(std::back_inserter(out), "| {} | {} |\n", escaped(row.name), escaped(row.text));
  }
}

/// Indented, so that nothing in it is markup.
void append_command(std::string& out, std::string_view title, std::string_view command) {
  if (command.empty()) return;
  fmt::format_to(std::back_inserter(out), "\n{}:\n\n    {}\n", title, visible(command));
}

}  // namespace

std::string render_markdown(const RunSummary& run, const History& history,
                            const CheckResult& result) {
  std::string out = fmt::format("# {}: {}\n\n{}\n\n", headline(result.verdict),
                                escaped(run.title.empty() ? run.source : run.title),
                                escaped(verdict_sentence(history, result)));
  const RunSummary::Totals totals = run.totals_or(history);
  fmt::format_to(std::back_inserter(out), "{} · {} · {}{}\n",
                 counted(totals.operations, "operation"), counted(totals.keys, "key"),
                 totals.processes == 1 ? "1 process" : grouped(totals.processes) + " processes",
                 run.has_seed ? fmt::format(" · seed {}", run.seed) : "");
  if (result.models.size() > 1) {
    out += "\n| model | verdict |\n|---|---|\n";
    for (const ModelVerdict& each : result.models) {
      fmt::format_to(std::back_inserter(out), "| {} | {} |\n", escaped(each.model),
                     standing(each.verdict));
    }
  }
  const std::size_t shown = std::min(result.anomalies.size(), anomalies_max);
  for (std::size_t i = 0; i < shown; ++i) append_anomaly(out, history, result.anomalies[i], i + 1);
  if (shown < result.anomalies.size()) {
    fmt::format_to(std::back_inserter(out), "\nThe first {} of {} anomalies.\n", shown,
                   result.anomalies.size());
  }
  append_fault_table(out, history);
  append_tested(out, history);
  append_command(out, "Check this history again", run.check_command);
  append_command(out, "Run it again", run.repeat_command);
  return out;
}

}  // namespace assay
