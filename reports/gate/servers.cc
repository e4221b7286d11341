// What GitHub and GitLab show beside a build.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <nlohmann/json.hpp>

#include "reports/escape.h"
#include "reports/gate/outputs.h"

namespace assay::gate {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t annotations_max = 5;
constexpr std::size_t markdown_max = 900'000;
constexpr std::size_t details_limit = 4'000;

/// The value of a workflow command; `property`: of one of its properties.
std::string command_text(std::string_view untrusted, bool property) {
  std::string out;
  for (const char c : plain_line(untrusted)) {
    const bool escaped = c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','));
    if (escaped) {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

/// Markdown that is only text: every sign that could mean something is a character reference,
/// which never has a meaning of its own (CommonMark 0.31, section 2.5).
std::string markdown(std::string_view untrusted, std::size_t limit = 1000) {
  std::string out;
  for (const char c : clip(visible(untrusted), limit)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || std::isalnum(byte) != 0 || c == ' ' || c == '.' || c == ',') {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "&#{};", byte);
    }
  }
  return out;
}

std::string details_of(const Row& row) {
  std::string text = row.details;
  if (!row.run.empty()) text += "\nrun: " + row.run;
  if (!row.command.empty()) text += "\nagain: " + row.command;
  std::string out;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (end > 0) out += markdown(rest.substr(0, end)) + "<br>";
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (out.size() > details_limit) break;
  }
  return out;
}

const char* severity_of(const Row& row) {
  switch (row.exit_code) {
    case 0:
      return "info";
    case 1:
      return "blocker";
    case 2:
      return "minor";
    case 3:
      return "major";
    default:
      return "critical";
  }
}

}  // namespace

std::string render_annotations(const Decision& decision) {
  std::string out;
  std::size_t shown = 0;
  std::size_t failing = 0;
  for (const Row& row : decision.rows) {
    if (row.exit_code == 0) continue;
    if (++failing > annotations_max) continue;
    ++shown;
    out += row.exit_code == 2 ? "::warning " : "::error ";
    if (!row.file.empty()) {
      out += fmt::format("file={},line={},", command_text(row.file, true),
                         std::max(row.line, std::uint32_t{1}));
    }
    out += fmt::format("title={}::{}\n",
                       command_text(fmt::format("{}: {}", name_of(row.rule), row.subject), true),
                       command_text(row.message, false));
  }
  if (failing > shown) {
    out += fmt::format("::notice title=assay gate::{} more in the summary\n", failing - shown);
  }
  return out;
}

std::string render_markdown(const Decision& decision) {
  std::string out =
      fmt::format("## {} {}\n\n", decision.passed() ? "✅" : "❌", markdown(headline(decision)));
  if (!decision.rows.empty()) out += "| | rule | subject | what |\n|---|---|---|---|\n";
  std::size_t left = decision.rows.size();
  for (const Row& row : decision.rows) {
    const std::string details = details_of(row);
    const std::string line = fmt::format(
        "| {} | {} | {} | {}{} |\n", row.exit_code == 0 ? "➖" : "❌", name_of(row.rule),
        markdown(row.subject, 200), markdown(row.message),
        details.empty() ? ""
                        : fmt::format("<details><summary>more</summary>{}</details>", details));
    if (out.size() + line.size() > markdown_max) break;
    out += line;
    --left;
  }
  if (left > 0) out += fmt::format("\n… and {} more rows.\n", left);
  if (!decision.clean.empty()) {
    out += fmt::format("\nNothing to say of {} more.\n", decision.clean.size());
  }
  return out;
}

std::string render_code_quality(const Decision& decision) {
  Json rows = Json::array();
  for (const Row& row : decision.rows) {
    const std::string identity = row.fingerprint.empty() ? row.subject : row.fingerprint;
    const std::string place = !row.file.empty()  ? row.file
                              : !row.run.empty() ? row.run + "/plan.json"
                                                 : "assay.toml";
    rows.push_back(
        {{"description", clip(visible(row.subject + ": " + row.message), 1000)},
         {"check_name", row.type.empty() ? std::string(name_of(row.rule)) : visible(row.type)},
         // Rows with one fingerprint are shown as one.
         {"fingerprint", visible(std::string(name_of(row.rule)) + " " + identity)},
         {"severity", severity_of(row)},
         {"location",
          {{"path", visible(place)},
           {"lines", {{"begin", std::max(row.line, std::uint32_t{1})}}}}}});
  }
  return rows.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace assay::gate
