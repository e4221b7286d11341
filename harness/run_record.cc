#include "harness/run_record.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace assay {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* schema = "assay.run/1";

Finding finding_of(const Json& json) {
  Finding finding;
  json.at("fingerprint").get_to(finding.fingerprint);
  json.at("family").get_to(finding.family);
  json.at("type").get_to(finding.type);
  json.at("model").get_to(finding.model);
  json.at("shape").get_to(finding.shape);
  finding.witness = json.value("witness", std::uint64_t{0});  // not in earlier versions
  json.at("claim").get_to(finding.claim);
  json.at("steps").get_to(finding.steps);
  json.at("faults").get_to(finding.faults);
  json.at("count").get_to(finding.count);
  return finding;
}

/// An unfinished run, as far as its plan names it.
RunRecord planned(const Json& plan) {
  RunRecord record;
  record.verdict = unfinished;
  record.target = plan.value("target", "");
  record.workload = plan.value("workload", "");
  record.seed = plan.value("seed", std::uint64_t{0});
  record.started = plan.value("started", "");
  record.faults = plan.value("faults", std::vector<std::string>{});
  record.campaign = plan.value("campaign", "");
  record.experiment = plan.value("experiment", "");
  record.command = plan.value("command", "");
  return record;
}

Result<std::string> text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorKind::no_input, "cannot read '" + path + "'"};
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

std::string to_json(const RunRecord& record) {
  Json findings = Json::array();
  for (const Finding& finding : record.findings) {
    findings.push_back({{"fingerprint", finding.fingerprint},
                        {"family", finding.family},
                        {"type", finding.type},
                        {"model", finding.model},
                        {"shape", finding.shape},
                        {"witness", finding.witness},
                        {"claim", finding.claim},
                        {"steps", finding.steps},
                        {"faults", finding.faults},
                        {"count", finding.count}});
  }
  const Json document{{"schema", schema},
                      {"target", record.target},
                      {"configuration", record.configuration},
                      {"workload", record.workload},
                      {"model", record.model},
                      {"faults", record.faults},
                      {"seed", record.seed},
                      {"started", record.started},
                      {"duration_s", record.duration_s},
                      {"verdict", record.verdict},
                      {"unknown_because", record.unknown_because},
                      {"models", record.models},
                      {"operations", record.operations},
                      {"anomalies", record.anomalies},
                      {"campaign", record.campaign},
                      {"experiment", record.experiment},
                      {"command", record.command},
                      {"findings", std::move(findings)},
                      {"measures", record.measures},
                      {"in_flight", record.in_flight},
                      {"acknowledged", record.acknowledged}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<RunRecord> run_record_from_json(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("schema") != schema) {
      return Error{ErrorKind::bad_data,
                   std::string("expected schema ") + schema + ", got " + json.at("schema").dump()};
    }
    RunRecord record;
    json.at("target").get_to(record.target);
    json.at("configuration").get_to(record.configuration);
    json.at("workload").get_to(record.workload);
    json.at("model").get_to(record.model);
    json.at("faults").get_to(record.faults);
    json.at("seed").get_to(record.seed);
    json.at("started").get_to(record.started);
    json.at("duration_s").get_to(record.duration_s);
    json.at("verdict").get_to(record.verdict);
    json.at("unknown_because").get_to(record.unknown_because);
    if (json.contains("models")) json.at("models").get_to(record.models);
    json.at("operations").get_to(record.operations);
    json.at("anomalies").get_to(record.anomalies);
    json.at("campaign").get_to(record.campaign);
    json.at("experiment").get_to(record.experiment);
    json.at("command").get_to(record.command);
    for (const Json& finding : json.at("findings")) record.findings.push_back(finding_of(finding));
    json.at("measures").get_to(record.measures);
    json.at("in_flight").get_to(record.in_flight);
    json.at("acknowledged").get_to(record.acknowledged);
    return record;
  } catch (const Json::exception& error) {
    return Error{ErrorKind::bad_data, error.what()};
  }
}

Result<RunRecord> read_run_record(const std::string& root, const std::string& folder) {
  const std::string path = root + "/" + folder;
  const std::string summary = path + "/summary.json";
  RunRecord record;
  if (std::filesystem::exists(summary)) {
    const auto text = text_of(summary);
    if (!text.ok()) return text.error();
    auto read = run_record_from_json(*text);
    if (!read.ok()) return read.error().in(summary);
    record = *std::move(read);
  } else {
    const auto text = text_of(path + "/plan.json");
    if (!text.ok()) return Error{ErrorKind::no_input, "no run in '" + path + "'"};
    const Json plan = Json::parse(*text, nullptr, false);
    if (!plan.is_object()) {
      return Error{ErrorKind::bad_data, path + "/plan.json: expected a JSON object"};
    }
    try {
      record = planned(plan);
    } catch (const Json::exception& error) {
      return Error{ErrorKind::bad_data, path + "/plan.json: " + error.what()};
    }
  }
  record.folder = folder;
  return record;
}

}  // namespace assay
