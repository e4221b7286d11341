#include "reports/gate/baseline.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

namespace assay::gate {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* schema = "assay.baseline/1";

bool is_day(std::string_view text) {
  constexpr std::string_view form = "dddd-dd-dd";
  return text.size() == form.size() &&
         std::equal(text.begin(), text.end(), form.begin(),
                    [](char c, char f) { return f == 'd' ? c >= '0' && c <= '9' : c == f; });
}

System system_of(const Json& json) {
  return {json.at("target").get<std::string>(), json.at("configuration").get<std::string>(),
          json.at("workload").get<std::string>()};
}

void add(Json& json, const System& system) {
  json["target"] = system.target;
  json["configuration"] = system.configuration;
  json["workload"] = system.workload;
}

KnownFinding finding_of(const Json& json) {
  KnownFinding finding;
  json.at("fingerprint").get_to(finding.fingerprint);
  json.at("type").get_to(finding.type);
  json.at("model").get_to(finding.model);
  finding.system = system_of(json);
  finding.issue = json.value("issue", "");
  json.at("reason").get_to(finding.reason);
  finding.since = json.value("since", "");
  json.at("expires").get_to(finding.expires);
  if (const auto seen = json.find("seen"); seen != json.end()) {
    seen->at("runs").get_to(finding.runs);
    seen->at("with").get_to(finding.seen);
    finding.clean = seen->value("clean", std::uint64_t{0});
  }
  return finding;
}

}  // namespace

std::string words_of(const System& system) {
  return system.target + (system.configuration.empty() ? "" : " " + system.configuration) + " / " +
         system.workload;
}

const KnownFinding* Baseline::known(const std::string& fingerprint,
                                    const std::string& family) const {
  const auto at = std::find_if(findings.begin(), findings.end(), [&](const KnownFinding& each) {
    return each.fingerprint == fingerprint || each.fingerprint == family;
  });
  return at == findings.end() ? nullptr : &*at;
}

const Performance* Baseline::performance_of(const std::string& runner,
                                            const std::string& subject) const {
  const auto at = std::find_if(
      performance.begin(), performance.end(),
      [&](const Performance& each) { return each.runner == runner && each.subject == subject; });
  return at == performance.end() ? nullptr : &*at;
}

std::string to_json(const Baseline& baseline) {
  Json findings = Json::array();
  for (const KnownFinding& finding : baseline.findings) {
    Json json{
        {"fingerprint", finding.fingerprint}, {"type", finding.type}, {"model", finding.model}};
    add(json, finding.system);
    json["issue"] = finding.issue;
    json["reason"] = finding.reason;
    json["since"] = finding.since;
    json["expires"] = finding.expires;
    json["seen"] = {{"runs", finding.runs}, {"with", finding.seen}, {"clean", finding.clean}};
    findings.push_back(std::move(json));
  }
  Json performance = Json::array();
  for (const Performance& each : baseline.performance) {
    performance.push_back(
        {{"runner", each.runner}, {"subject", each.subject}, {"values", each.values}});
  }
  const Json document{{"schema", schema},
                      {"findings", std::move(findings)},
                      {"performance", std::move(performance)}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Baseline> baseline_from_json(const std::string& text) {
  Baseline baseline;
  try {
    const Json json = Json::parse(text);
    if (json.at("schema") != schema) {
      return Error{ErrorKind::bad_data,
                   std::string("expected schema ") + schema + ", got " + json.at("schema").dump()};
    }
    for (const Json& each : json.value("findings", Json::array())) {
      KnownFinding finding = finding_of(each);
      const std::string name = "finding " + finding.fingerprint;
      if (finding.reason.empty()) return Error{ErrorKind::bad_data, name + ": has no reason"};
      if (!is_day(finding.expires)) {
        return Error{
            ErrorKind::bad_data,
            name + ": expires: expected a day like 2027-03-31, got '" + finding.expires + "'"};
      }
      if (finding.seen > finding.runs) {
        return Error{ErrorKind::bad_data, name + ": seen in more runs than there were"};
      }
      baseline.findings.push_back(std::move(finding));
    }
    for (const Json& each : json.value("performance", Json::array())) {
      Performance performance;
      each.at("runner").get_to(performance.runner);
      each.at("subject").get_to(performance.subject);
      each.at("values").get_to(performance.values);
      baseline.performance.push_back(std::move(performance));
    }
  } catch (const Json::exception& error) {
    return Error{ErrorKind::bad_data, error.what()};
  }
  return baseline;
}

}  // namespace assay::gate
