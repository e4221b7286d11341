// JUnit XML, in the dialect that CI servers agree on: a violation is a failure, an undecided check
// an error, so that neither is ever shown green.

#include <fmt/format.h>

#include <iterator>

#include "reports/escape.h"
#include "reports/report.h"

namespace assay {
namespace {

constexpr std::size_t text_limit = 8'000;
constexpr std::size_t message_limit = 500;

void append_property(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  fmt::format_to(std::back_inserter(out), "      <property name=\"{}\" value=\"{}\"/>\n",
                 escape_xml(name), escape_xml(clip(visible(value), message_limit)));
}

std::string problem(const RunSummary& run, const History& history, const CheckResult& result) {
  if (result.verdict == Verdict::unknown) {
    return fmt::format("      <error type=\"unknown\" message=\"{}\"/>\n",
                       escape_xml(clip(visible(result.unknown_because), message_limit)));
  }
  const std::string type = result.anomalies.empty() ? "violation" : result.anomalies[0].type;
  const std::string message =
      result.anomalies.empty() ? "the model is violated" : result.anomalies[0].explanation;
  std::string text = render_text(run, history, result, false);
  if (!run.check_command.empty()) text += "\ncheck again: " + run.check_command + "\n";
  if (!run.repeat_command.empty()) text += "run again: " + run.repeat_command + "\n";
  return fmt::format("      <failure type=\"{}\" message=\"{}\">{}</failure>\n", escape_xml(type),
                     escape_xml(clip(visible(message), message_limit)),
                     escape_xml(clip(visible(text, true), text_limit), true));
}

}  // namespace

std::string render_junit(const RunSummary& run, const History& history, const CheckResult& result) {
  const int failures = result.verdict == Verdict::violation ? 1 : 0;
  const int errors = result.verdict == Verdict::unknown ? 1 : 0;
  const double seconds = result.statistics.elapsed_s;
  const std::string& suite = run.title.empty() ? run.source : run.title;
  const std::string& group = run.workload.empty() ? result.datatype : run.workload;
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites name=\"assay\" tests=\"1\" failures=\"{0}\" errors=\"{1}\" time=\"{2:.3f}\">\n"
      "  <testsuite name=\"{3}\" tests=\"1\" failures=\"{0}\" errors=\"{1}\" skipped=\"0\" "
      "time=\"{2:.3f}\"{4}>\n    <properties>\n",
      failures, errors, seconds, escape_xml(suite),
      run.started.empty() ? "" : fmt::format(" timestamp=\"{}\"", escape_xml(run.started)));
  if (run.has_seed) append_property(out, "seed", fmt::format("{}", run.seed));
  append_property(out, "operations", fmt::format("{}", history.size()));
  append_property(out, "target", run.target);
  append_property(out, "history", run.source);
  append_property(out, "verdict", name_of(result.verdict));
  for (const auto& [name, value] : run.facts) append_property(out, name, value);
  fmt::format_to(std::back_inserter(out),
                 "    </properties>\n    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"",
                 escape_xml(group), escape_xml(result.model), seconds);
  out += result.verdict == Verdict::pass
             ? "/>\n"
             : ">\n" + problem(run, history, result) + "    </testcase>\n";
  return out + "  </testsuite>\n</testsuites>\n";
}

}  // namespace assay
