// JUnit XML: a violation is a failure, an undecided check an error, so that neither is ever shown
// green.

#include "reports/junit.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "reports/escape.h"
#include "reports/report.h"

namespace assay {
namespace {

constexpr std::size_t failure_limit = 8'000;
constexpr std::size_t message_limit = 500;

void append_property(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  fmt::format_to(std::back_inserter(out), "      <property name=\"{}\" value=\"{}\"/>\n",
                 escape_xml(name), escape_xml(clip(visible(value), message_limit)));
}

/// `text`: the whole report for a terminal.
std::string problem(const CheckResult& result, const ModelVerdict& model, const std::string& text) {
  if (model.verdict == Verdict::unknown) {
    return fmt::format("      <error type=\"unknown\" message=\"{}\"/>\n",
                       escape_xml(clip(visible(model.unknown_because), message_limit)));
  }
  const std::size_t number = model.anomaly.value_or(0);
  const bool shown = number < result.anomalies.size();
  const std::string type = shown ? result.anomalies[number].type : "violation";
  const std::string message =
      shown ? result.anomalies[number].explanation : "the model is violated";
  return fmt::format("      <failure type=\"{}\" message=\"{}\">{}</failure>\n",
                     escape_xml(clip(visible(type), message_limit)),
                     escape_xml(clip(visible(message), message_limit)),
                     escape_xml(clip(visible(text, true), failure_limit), true));
}

/// The report, and how to see it again.
std::string text_of(const RunSummary& run, const History& history, const CheckResult& result) {
  std::string text = render_text(run, history, result, false);
  if (!run.check_command.empty()) text += "\ncheck again: " + run.check_command + "\n";
  if (!run.repeat_command.empty()) text += "run again: " + run.repeat_command + "\n";
  return text;
}

}  // namespace

std::string junit_moment(std::string_view utc) {
  constexpr std::string_view form = "0000-00-00T00:00:00Z";
  const bool fits = utc.size() == form.size() &&
                    std::equal(utc.begin(), utc.end(), form.begin(), [](char c, char f) {
                      return f == '0' ? c >= '0' && c <= '9' : c == f;
                    });
  return std::string((fits ? utc : "1970-01-01T00:00:00Z").substr(0, form.size() - 1));
}

std::string render_junit(const RunSummary& run, const History& history, const CheckResult& result) {
  // A run that was not checked to its end has no more than the verdict.
  std::vector<ModelVerdict> models = result.models;
  if (models.size() < 2) models = {{result.model, result.verdict, result.unknown_because}};
  const auto count = [&](Verdict verdict) {
    return std::count_if(models.begin(), models.end(),
                         [&](const ModelVerdict& each) { return each.verdict == verdict; });
  };
  const auto failures = count(Verdict::violation);
  const auto errors = count(Verdict::unknown);
  const double seconds = result.statistics.elapsed_s;
  const std::string& suite = run.title.empty() ? run.source : run.title;
  const std::string& group = run.workload.empty() ? result.datatype : run.workload;
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites>\n"
      "  <testsuite name=\"{3}\" package=\"assay\" id=\"0\" hostname=\"localhost\" "
      "timestamp=\"{4}\" tests=\"{5}\" failures=\"{0}\" errors=\"{1}\" skipped=\"0\" "
      "time=\"{2:.3f}\">\n    <properties>\n",
      failures, errors, seconds,
      suite.empty() ? "assay" : escape_xml(clip(visible(suite), message_limit)),
      junit_moment(run.started), models.size());
  if (run.has_seed) append_property(out, "seed", fmt::format("{}", run.seed));
  append_property(out, "operations", fmt::format("{}", history.size()));
  append_property(out, "target", run.target);
  append_property(out, "history", run.source);
  append_property(out, "verdict", name_of(result.verdict));
  for (const auto& [name, value] : run.facts) append_property(out, name, value);
  out += "    </properties>\n";
  const std::string text = failures > 0 ? text_of(run, history, result) : std::string();
  for (const ModelVerdict& each : models) {
    fmt::format_to(std::back_inserter(out),
                   "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"", escape_xml(group),
                   escape_xml(each.model), seconds);
    out += each.verdict == Verdict::pass
               ? "/>\n"
               : ">\n" + problem(result, each, text) + "    </testcase>\n";
  }
  // Ant's schema wants what a suite printed, even if that is nothing.
  return out + "    <system-out/>\n    <system-err/>\n  </testsuite>\n</testsuites>\n";
}

}  // namespace assay
