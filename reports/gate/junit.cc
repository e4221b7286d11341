// The decision as JUnit XML. What fails for a reason is a failure; what has no verdict is an error,
// so that no CI server shows it green.

#include "reports/junit.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "reports/escape.h"
#include "reports/gate/outputs.h"

namespace assay::gate {
namespace {

constexpr std::size_t body_limit = 8'000;
constexpr std::size_t attribute_limit = 300;

bool is_error(const Row& row) {
  return row.rule == Rule::infrastructure || row.rule == Rule::unknown_runs ||
         row.rule == Rule::not_compared || row.rule == Rule::refuted_violation;
}

std::string attribute(std::string_view text) {
  return escape_xml(clip(visible(text), attribute_limit));
}

std::string name_in(const Row& row) {
  return row.fingerprint.empty() ? row.subject : row.subject + " " + row.fingerprint;
}

std::string body_of(const Row& row) {
  std::string text = row.details;
  if (!row.run.empty()) text += "\nrun: " + row.run;
  if (!row.command.empty()) text += "\nagain: " + row.command;
  return escape_xml(clip(visible(text, true), body_limit), true);
}

std::string case_of(const Row& row) {
  const std::string start = fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"0\"",
                                        name_of(row.rule), attribute(name_in(row)));
  if (row.exit_code == 0) return start + "/>\n";
  const std::string_view kind = is_error(row) ? "error" : "failure";
  return start + fmt::format(">\n      <{} type=\"{}\" message=\"{}\">{}</{}>\n    </testcase>\n",
                             kind, attribute(row.type.empty() ? name_of(row.rule) : row.type),
                             attribute(row.message), body_of(row), kind);
}

/// What is said of test cases that do not fail. It stands behind all of them: Ant's schema lets a
/// test case say nothing of its own.
std::string said(const Decision& decision) {
  std::string out;
  for (const Row& row : decision.rows) {
    if (row.exit_code != 0) continue;
    fmt::format_to(std::back_inserter(out), "{} {}: {}\n{}\n", name_of(row.rule),
                   attribute(name_in(row)), escape_xml(clip(visible(row.message), body_limit)),
                   body_of(row));
  }
  return out;
}

}  // namespace

std::string render_junit(const Decision& decision) {
  const auto count = [&](bool errors) {
    return std::count_if(decision.rows.begin(), decision.rows.end(), [&](const Row& row) {
      return row.exit_code != 0 && is_error(row) == errors;
    });
  };
  const auto failures = count(false);
  const auto errors = count(true);
  const std::size_t tests = decision.rows.size() + decision.clean.size();
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites>\n"
      "  <testsuite name=\"assay gate\" package=\"assay\" id=\"0\" hostname=\"localhost\" "
      "timestamp=\"{4}\" tests=\"{0}\" failures=\"{1}\" errors=\"{2}\" skipped=\"0\" "
      "time=\"0\">\n    <properties>\n"
      "      <property name=\"decision\" value=\"{3}\"/>\n    </properties>\n",
      tests, failures, errors, attribute(headline(decision)), junit_moment(decision.newest));
  for (const Row& row : decision.rows) out += case_of(row);
  for (const std::string& subject : decision.clean) {
    fmt::format_to(std::back_inserter(out),
                   "    <testcase classname=\"passed\" name=\"{}\" time=\"0\"/>\n",
                   attribute(subject));
  }
  return out + fmt::format("    <system-out>{}</system-out>\n    <system-err/>\n", said(decision)) +
         "  </testsuite>\n</testsuites>\n";
}

}  // namespace assay::gate
