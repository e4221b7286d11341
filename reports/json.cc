// The document assay.result/1: what `assay check --json` prints and a run keeps as verdict.json.

#include <sys/resource.h>

#include <nlohmann/json.hpp>

#include "reports/models.h"
#include "reports/report.h"

namespace assay {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Value& value);

Json list_to_json(const Value::List& list) {
  Json out = Json::array();
  for (const Value& element : list) out.push_back(to_json(element));
  return out;
}

const std::string* name_if_text(const Value& value) {
  if (const auto* keyword = value.get_if<Value::Keyword>()) return &keyword->name;
  return value.get_if<std::string>();
}

/// An object if all keys are texts or keywords; else a list of [key, value].
Json map_to_json(const Value::Map& map) {
  Json object = Json::object();
  for (const auto& [key, value] : map) {
    const std::string* name = name_if_text(key);
    if (name == nullptr || object.contains(*name)) {
      Json pairs = Json::array();
      for (const auto& [k, v] : map) pairs.push_back(Json::array({to_json(k), to_json(v)}));
      return pairs;
    }
    object[*name] = to_json(value);
  }
  return object;
}

struct Converter {
  Json operator()(const Value::Nil&) const { return nullptr; }
  Json operator()(bool b) const { return b; }
  Json operator()(std::int64_t i) const { return i; }
  Json operator()(double d) const { return d; }
  Json operator()(const std::string& s) const { return s; }
  Json operator()(const Value::Keyword& k) const { return k.name; }
  Json operator()(const Value::Tagged& t) const { return t.text; }
  Json operator()(const Value::List& l) const { return list_to_json(l); }
  Json operator()(const Value::Map& m) const { return map_to_json(m); }
  Json operator()(const Value::Set& s) const { return list_to_json(s.elements); }
};

Json to_json(const Value& value) { return std::visit(Converter{}, value.data()); }

Json anomaly_to_json(const Anomaly& anomaly) {
  Json steps = Json::array();
  for (const Step& step : anomaly.steps) {
    steps.push_back({{"before", step.before},
                     {"after", step.after},
                     {"rule", step.rule},
                     {"because", step.because}});
  }
  Json timing = Json::array();
  for (const EssentialTiming& t : anomaly.timing) {
    timing.push_back({{"before", t.before}, {"after", t.after}});
  }
  return {{"type", anomaly.type},
          {"model", anomaly.model},
          {"key", anomaly.key ? to_json(*anomaly.key) : Json(nullptr)},
          {"witness", anomaly.witness},
          {"explanation", anomaly.explanation},
          {"minimal", anomaly.minimal},
          {"steps", std::move(steps)},
          {"timing", std::move(timing)}};
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

/// Beside its verdict: how it stands, the anomaly that shows it (by position), and why not.
Json model_to_json(const ModelVerdict& each) {
  return {{"model", each.model},
          {"verdict", name_of(each.verdict)},
          {"standing", standing(each.verdict)},
          {"anomaly", each.anomaly ? Json(*each.anomaly) : Json(nullptr)},
          {"implied_by", text_or_null(each.implied_by)},
          {"unknown_because", text_or_null(each.unknown_because)}};
}

std::uint64_t peak_rss_bytes() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  constexpr std::uint64_t kibibyte = 1024;
  return static_cast<std::uint64_t>(usage.ru_maxrss) * kibibyte;
}

}  // namespace

std::string render_json(const RunSummary& run, const History& history, const CheckResult& result,
                        const std::string& certificate_path) {
  Json anomalies = Json::array();
  for (const Anomaly& anomaly : result.anomalies) anomalies.push_back(anomaly_to_json(anomaly));
  Json models = Json::object();
  Json model_details = Json::array();
  for (const ModelVerdict& each : result.models) {
    models[each.model] = name_of(each.verdict);
    model_details.push_back(model_to_json(each));
  }
  const RunSummary::Totals totals = run.totals_or(history);
  const Json document = {
      {"schema", "assay.result/1"},
      {"file", run.source},
      {"format", history.info().format},
      {"datatype", result.datatype},
      {"operations", totals.operations},
      {"keys", totals.keys},
      {"processes", totals.processes},
      {"verdict", name_of(result.verdict)},
      {"model", result.model},
      {"models", std::move(models)},
      {"strongest", result.strongest},
      {"weakest_violated", result.weakest_violated},
      {"model_details", std::move(model_details)},
      {"anomalies", std::move(anomalies)},
      {"unknown_because", text_or_null(result.unknown_because)},
      {"certificate", text_or_null(certificate_path)},
      {"elapsed_s", result.statistics.elapsed_s},
      {"peak_rss_bytes", peak_rss_bytes()},
      {"checker",
       {{"algorithm", result.statistics.algorithm}, {"threads", result.statistics.threads}}},
      {"notes", history.info().notes}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace assay
