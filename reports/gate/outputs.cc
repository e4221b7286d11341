#include "reports/gate/outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "reports/escape.h"

namespace assay::gate {
namespace {

using Json = nlohmann::ordered_json;

/// "1 new-finding, 2 vacuous": the rows that fail.
std::string failures_of(const Decision& decision) {
  std::map<Rule, std::size_t> counts;
  for (const Row& row : decision.rows) {
    if (row.exit_code != 0) ++counts[row.rule];
  }
  std::string text;
  for (const auto& [rule, count] : counts) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name_of(rule));
  }
  return text;
}

}  // namespace

std::span<const Output> outputs() {
  static constexpr std::array table{
      Output{"text", "for a person at a terminal", render_text},
      Output{"json", "the document assay.gate-result/1", render_json},
      Output{"junit", "JUnit XML", render_junit},
      Output{"sarif", "SARIF 2.1.0, for code scanning", render_sarif},
      Output{"github", "annotations of a GitHub workflow", render_annotations},
      Output{"markdown", "for GitHub's step summary", render_markdown},
      Output{"gitlab", "GitLab's code quality report", render_code_quality},
      Output{"tap", "Test Anything Protocol, version 13", render_tap},
  };
  return table;
}

const Output* find_output(std::string_view name) {
  const auto all = outputs();
  const auto at = std::find_if(all.begin(), all.end(),
                               [&](const Output& output) { return output.name == name; });
  return at == all.end() ? nullptr : &*at;
}

std::string plain_line(std::string_view text, std::size_t limit) {
  std::string line = clip(visible(text), limit);
  // "##[command]" and "##vso[command]" are commands of CI servers wherever they stand in a line.
  for (std::size_t at = line.find("##"); at != std::string::npos; at = line.find("##", at + 1)) {
    line.insert(at + 1, " ");
  }
  return line;
}

std::string headline(const Decision& decision) {
  const Counts& counts = decision.counts;
  if (counts.runs == 0 && decision.rows.empty()) return "NOTHING RAN (exit 4)";
  std::string text = decision.passed() ? std::string("GATE PASSED")
                                       : fmt::format("GATE FAILED (exit {}): {}",
                                                     decision.exit_code, failures_of(decision));
  text += fmt::format(
      "; {} runs: {} pass, {} violation, {} unknown, {} without a verdict, {} of "
      "canaries",
      counts.runs, counts.pass, counts.violation, counts.unknown, counts.without_verdict,
      counts.canary);
  return text;
}

std::string render_text(const Decision& decision) {
  std::string out = headline(decision) + "\n";
  const auto put = std::back_inserter(out);
  for (const Row& row : decision.rows) {
    fmt::format_to(put, "\n{} {} {}{}: {}\n", row.exit_code != 0 ? "FAIL" : "note",
                   name_of(row.rule), plain_line(row.subject, 200),
                   row.fingerprint.empty() ? "" : " " + plain_line(row.fingerprint, 40),
                   plain_line(row.message));
    // A line that began with "::" would be a command to GitHub, however far it is indented.
    const auto line = [&](std::string_view name, std::string_view value) {
      if (!value.empty()) fmt::format_to(put, "  | {}{}\n", name, plain_line(value));
    };
    std::string_view details = row.details;
    while (!details.empty()) {
      const std::size_t end = std::min(details.find('\n'), details.size());
      line("", details.substr(0, end));
      details.remove_prefix(std::min(end + 1, details.size()));
    }
    line("issue: ", row.link);
    line("run: ", row.run);
    line("again: ", row.command);
  }
  return out;
}

std::string render_json(const Decision& decision) {
  Json rows = Json::array();
  for (const Row& row : decision.rows) {
    rows.push_back({{"rule", name_of(row.rule)},
                    {"exit_code", row.exit_code},
                    {"subject", row.subject},
                    {"message", row.message},
                    {"details", row.details},
                    {"fingerprint", row.fingerprint},
                    {"type", row.type},
                    {"run", row.run},
                    {"command", row.command},
                    {"link", row.link},
                    {"file", row.file},
                    {"line", row.line}});
  }
  const Counts& counts = decision.counts;
  const Json document{{"schema", "assay.gate-result/1"},
                      {"passed", decision.passed()},
                      {"exit_code", decision.exit_code},
                      {"runs",
                       {{"all", counts.runs},
                        {"pass", counts.pass},
                        {"violation", counts.violation},
                        {"unknown", counts.unknown},
                        {"without_verdict", counts.without_verdict},
                        {"canary", counts.canary}}},
                      {"rows", std::move(rows)}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string render_tap(const Decision& decision) {
  std::string out = "TAP version 13\n";
  const auto put = std::back_inserter(out);
  // TAP's word for a failure that is expected; put together, so that it is not taken for one of
  // ours.
  const std::string directive = std::string(" # TO") + "DO known finding";
  fmt::format_to(put, "1..{}\n", decision.rows.size() + decision.clean.size());
  // "#" would begin a directive, and "\" is what keeps it from that.
  const auto description = [](std::string_view text) {
    std::string escaped;
    for (const char c : plain_line(text, 300)) {
      if (c == '#' || c == '\\') escaped += '\\';
      escaped += c;
    }
    return escaped;
  };
  std::size_t number = 0;
  for (const Row& row : decision.rows) {
    const bool known = row.rule == Rule::known_finding && row.exit_code == 0;
    fmt::format_to(put, "{} {} - {} {}{}\n", row.exit_code == 0 && !known ? "ok" : "not ok",
                   ++number, name_of(row.rule), description(row.subject), known ? directive : "");
    std::string message;
    append_json_string(message, clip(visible(row.message), 1000));
    std::string again;
    append_json_string(again, row.command);
    fmt::format_to(put, "  ---\n  message: {}\n  again: {}\n  ...\n", message, again);
  }
  for (const std::string& subject : decision.clean) {
    fmt::format_to(put, "ok {} - {}\n", ++number, description(subject));
  }
  return out;
}

}  // namespace assay::gate
