// The decision as SARIF 2.1.0. An alert's rule is the anomaly (or the rule of the gate), its place
// the experiment in the campaign file, its fingerprint the finding's: so it is one alert over all
// builds.

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "checker/lattice.h"
#include "reports/escape.h"
#include "reports/gate/outputs.h"

namespace assay::gate {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t message_limit = 4'000;
constexpr std::size_t results_max = 5'000;  // of which GitHub keeps no more

std::string text(std::string_view untrusted) {
  return clip(visible(untrusted, true), message_limit);
}

/// A path as a relative URI reference (RFC 3986): what may not stand in a segment is encoded.
std::string uri_of(std::string_view path) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string uri = path.starts_with('/') ? "file://" : "";
  for (const char c : path) {
    if (plain.find(c) != std::string_view::npos) {
      uri += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    uri += '%';
    uri += digits[byte >> 4U];
    uri += digits[byte & 15U];
  }
  return uri;
}

/// A stable word: letters, digits, - and / only.
std::string rule_id(const Row& row) {
  std::string id;
  for (const char c : row.type.empty() ? std::string(name_of(row.rule)) : row.type) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    id += word || c == '-' ? c : '-';
  }
  return id;
}

std::string summary_of(const Row& row) {
  const AnomalyInfo* anomaly = row.type.empty() ? nullptr : find_anomaly(row.type);
  return std::string(anomaly != nullptr ? anomaly->summary : info_of(row.rule).summary);
}

const char* baseline_state(Rule rule) {
  switch (rule) {
    case Rule::new_finding:
      return "new";
    case Rule::known_finding:
    case Rule::expired_finding:
      return "unchanged";
    case Rule::absent_finding:
    case Rule::resolved_finding:
      return "absent";
    default:
      return nullptr;
  }
}

Json result_of(const Row& row) {
  std::string message = row.message;
  if (!row.details.empty()) message += "\n" + row.details;
  if (!row.command.empty()) message += "\nagain: " + row.command;
  const std::string place = !row.file.empty()  ? row.file
                            : !row.run.empty() ? row.run + "/plan.json"
                                               : "assay.toml";
  Json result{{"ruleId", rule_id(row)},
              {"level", row.exit_code == 0   ? "note"
                        : row.exit_code == 2 ? "warning"
                                             : "error"},
              {"message", {{"text", text(row.subject + ": " + message)}}},
              {"locations",
               {{{"physicalLocation",
                  {{"artifactLocation", {{"uri", uri_of(place)}}},
                   {"region", {{"startLine", std::max(row.line, std::uint32_t{1})}}}}},
                 {"logicalLocations", {{{"name", text(row.subject)}, {"kind", "experiment"}}}}}}},
              {"partialFingerprints",
               {{"assay/v1", row.fingerprint.empty()
                                 ? text(std::string(name_of(row.rule)) + " " + row.subject)
                                 : text(row.fingerprint)}}},
              {"properties",
               {{"rule", name_of(row.rule)}, {"run", text(row.run)}, {"issue", text(row.link)}}}};
  if (const char* state = baseline_state(row.rule)) result["baselineState"] = state;
  return result;
}

}  // namespace

std::string render_sarif(const Decision& decision) {
  std::map<std::string, std::string> used;
  Json results = Json::array();
  for (const Row& row : decision.rows) {
    if (results.size() == results_max) break;  // the worst stand first
    used.emplace(rule_id(row), summary_of(row));
    results.push_back(result_of(row));
  }
  Json rules = Json::array();
  for (const auto& [id, summary] : used) {
    rules.push_back({{"id", id},
                     {"shortDescription", {{"text", summary}}},
                     {"help", {{"text", summary + ". See `assay explain " + id + "`."}}}});
  }
  const Json document{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                      {"version", "2.1.0"},
                      {"runs",
                       {{{"tool", {{"driver", {{"name", "assay"}, {"rules", std::move(rules)}}}}},
                         {"invocations",
                          {{{"executionSuccessful", decision.counts.without_verdict == 0},
                            {"exitCode", decision.exit_code}}}},
                         {"results", std::move(results)}}}}};
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace assay::gate
