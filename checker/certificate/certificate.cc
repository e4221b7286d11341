#include "checker/certificate/certificate.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace assay {
namespace {

using Json = nlohmann::json;

constexpr std::string_view schema = "assay.certificate/1";

bool is_utf8(const std::string& text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t length = byte < 0x80                    ? 1
                               : byte >= 0xc2 && byte <= 0xdf ? 2
                               : (byte & 0xf0) == 0xe0        ? 3
                               : byte >= 0xf0 && byte <= 0xf4 ? 4
                                                              : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    }
    const auto second = length > 1 ? static_cast<unsigned char>(text[i + 1]) : 0U;
    const bool overlong = (byte == 0xe0 && second < 0xa0) || (byte == 0xf0 && second < 0x90);
    const bool surrogate_or_large =
        (byte == 0xed && second > 0x9f) || (byte == 0xf4 && second > 0x8f);
    if (overlong || surrogate_or_large) return false;
    i += length;
  }
  return true;
}

Json text_to_json(const std::string& text) {
  if (is_utf8(text)) return text;
  std::string hex;
  for (const char c : text) {
    fmt::format_to(std::back_inserter(hex), "{:02x}", static_cast<unsigned char>(c));
  }
  return Json{{"bytes", hex}};
}

Json to_json(const Value& value);

Json to_json(const Value::List& list) {
  Json array = Json::array();
  for (const Value& element : list) array.push_back(to_json(element));
  return array;
}

/// Scalars and lists as JSON has them, everything else as an object with one telling member.
Json to_json(const Value& value) {
  if (value.is_nil()) return nullptr;
  if (const auto* b = value.get_if<bool>()) return *b;
  if (const auto* i = value.get_if<std::int64_t>()) return *i;
  if (const auto* d = value.get_if<double>()) {
    if (std::isfinite(*d)) return *d;
    return Json{{"double", std::isnan(*d) ? "nan" : *d > 0 ? "inf" : "-inf"}};
  }
  if (const auto* s = value.get_if<std::string>()) return text_to_json(*s);
  if (const auto* list = value.get_if<Value::List>()) return to_json(*list);
  if (const auto* k = value.get_if<Value::Keyword>()) {
    return Json{{"keyword", text_to_json(k->name)}};
  }
  if (const auto* t = value.get_if<Value::Tagged>()) {
    return Json{{"tag", text_to_json(t->tag)}, {"text", text_to_json(t->text)}};
  }
  if (const auto* set = value.get_if<Value::Set>()) return Json{{"set", to_json(set->elements)}};
  Json entries = Json::array();
  for (const auto& [key, mapped] : *value.get_if<Value::Map>()) {
    entries.push_back(Json::array({to_json(key), to_json(mapped)}));
  }
  return Json{{"map", entries}};
}

/// Throws Json::exception on anything to_json does not write; certificate_from_json catches it.
std::string text_from_json(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  const auto hex = json.at("bytes").get<std::string>();
  std::string text;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const auto digit = [](char c) {
      return c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= '0' && c <= '9' ? c - '0' : 0;
    };
    text.push_back(static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return text;
}

Value value_from_json(const Json& json);

Value::List list_from_json(const Json& json) {
  Value::List list;
  for (const Json& element : json.get_ref<const Json::array_t&>()) {
    list.push_back(value_from_json(element));
  }
  return list;
}

Value value_from_json(const Json& json) {
  if (json.is_null()) return {};
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_float()) return json.get<double>();
  if (json.is_number()) return json.get<std::int64_t>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array()) return list_from_json(json);
  if (json.contains("double")) return std::stod(json.at("double").get<std::string>());
  if (json.contains("bytes")) return text_from_json(json);
  if (json.contains("keyword")) return Value::Keyword{text_from_json(json.at("keyword"))};
  if (json.contains("tag")) {
    return Value::Tagged{text_from_json(json.at("tag")), text_from_json(json.at("text"))};
  }
  if (json.contains("set")) return Value::Set{list_from_json(json.at("set"))};
  Value::Map map;
  for (const Json& entry : json.at("map")) {
    map.emplace_back(value_from_json(entry.at(0)), value_from_json(entry.at(1)));
  }
  return map;
}

void append_indices(std::string& out, const std::vector<std::uint64_t>& indices) {
  out += '[';
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (i != 0) out += ',';
    const fmt::format_int digits(indices[i]);
    out.append(digits.data(), digits.size());
  }
  out += ']';
}

void append_entry(std::string& out, bool first, const std::optional<Value>& key,
                  std::string_view member, const std::vector<std::uint64_t>& indices) {
  out += first ? "\n  {" : ",\n  {";
  if (key.has_value()) out += fmt::format("\"key\":{},", to_json(*key).dump());
  out += fmt::format("\"{}\":", member);
  append_indices(out, indices);
}

Json event_to_json(const std::optional<std::uint64_t>& event) {
  return event.has_value() ? Json(*event) : Json(nullptr);
}

std::optional<std::uint64_t> event_from_json(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return json.get<std::uint64_t>();
}

Json to_json(const std::vector<CycleStep>& steps) {
  Json result = Json::array();
  for (const CycleStep& step : steps) {
    Json entry{{"before", event_to_json(step.before)},
               {"after", event_to_json(step.after)},
               {"rule", step.rule}};
    if (step.key.has_value()) entry["key"] = to_json(*step.key);
    if (step.reader.has_value()) entry["reader"] = *step.reader;
    if (!step.path.empty()) entry["path"] = step.path;
    result.push_back(std::move(entry));
  }
  return result;
}

std::vector<CycleStep> steps_from_json(const Json& json) {
  std::vector<CycleStep> steps;
  for (const Json& entry : json.get_ref<const Json::array_t&>()) {
    CycleStep step;
    step.before = event_from_json(entry.at("before"));
    step.after = event_from_json(entry.at("after"));
    step.rule = entry.at("rule").get<std::string>();
    if (entry.contains("key")) step.key = value_from_json(entry.at("key"));
    if (entry.contains("reader")) step.reader = entry.at("reader").get<std::uint64_t>();
    if (entry.contains("path")) {
      step.path = entry.at("path").get<std::vector<std::uint64_t>>();
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

Json to_json(const TransactionProof& proof) {
  Json steps = Json::array();
  for (const TransactionProof::Step& step : proof.steps) {
    Json entry{{"before", step.before}, {"after", step.after}, {"rule", step.rule}};
    if (step.key.has_value()) entry["key"] = to_json(*step.key);
    if (step.shown_by.has_value()) entry["shown_by"] = *step.shown_by;
    steps.push_back(std::move(entry));
  }
  Json result{{"type", proof.type}, {"transactions", proof.transactions}};
  if (proof.key.has_value()) result["key"] = to_json(*proof.key);
  if (!proof.values.empty()) result["values"] = to_json(proof.values);
  if (!proof.steps.empty()) result["steps"] = std::move(steps);
  return result;
}

TransactionProof proof_from_json(const Json& json) {
  TransactionProof proof;
  proof.type = json.at("type").get<std::string>();
  proof.transactions = json.at("transactions").get<std::vector<std::uint64_t>>();
  if (json.contains("key")) proof.key = value_from_json(json.at("key"));
  if (json.contains("values")) proof.values = list_from_json(json.at("values"));
  if (!json.contains("steps")) return proof;
  for (const Json& entry : json.at("steps").get_ref<const Json::array_t&>()) {
    TransactionProof::Step step;
    step.before = entry.at("before").get<std::uint64_t>();
    step.after = entry.at("after").get<std::uint64_t>();
    step.rule = entry.at("rule").get<std::string>();
    if (entry.contains("key")) step.key = value_from_json(entry.at("key"));
    if (entry.contains("shown_by")) step.shown_by = entry.at("shown_by").get<std::uint64_t>();
    proof.steps.push_back(std::move(step));
  }
  return proof;
}

TransactionOrder order_from_json(const Json& json) {
  TransactionOrder order;
  order.snapshots = json.at("snapshots").get<bool>();
  order.order = json.at("order").get<std::vector<std::uint64_t>>();
  for (const Json& entry : json.at("versions").get_ref<const Json::array_t&>()) {
    order.versions.push_back(
        {value_from_json(entry.at(0)), entry.at(1).get<std::vector<std::uint64_t>>()});
  }
  return order;
}

/// Members that only certificates of isolation levels have.
void append_dependencies(std::string& out, const Certificate& certificate) {
  if (!certificate.proofs.empty()) {
    out += ",\n \"proofs\":[";
    for (const TransactionProof& proof : certificate.proofs) {
      out += &proof == certificate.proofs.data() ? "\n  " : ",\n  ";
      out += to_json(proof).dump();
    }
    out += ']';
  }
  if (!certificate.transaction_order.has_value()) return;
  const TransactionOrder& order = *certificate.transaction_order;
  out += fmt::format(",\n \"transaction_order\":{{\"snapshots\":{},\n  \"versions\":[",
                     order.snapshots);
  for (const TransactionOrder::Versions& versions : order.versions) {
    out += &versions == order.versions.data() ? "\n   [" : ",\n   [";
    out += to_json(versions.key).dump() + ',';
    append_indices(out, versions.writers);
    out += ']';
  }
  out += "],\n  \"order\":";
  append_indices(out, order.order);
  out += '}';
}

/// Members that only certificates about sessions and transactions have.
void append_cycles(std::string& out, const Certificate& certificate) {
  if (!certificate.cycles.empty()) {
    out += ",\n \"cycles\":[";
    for (const CertifiedCycle& cycle : certificate.cycles) {
      out += &cycle == certificate.cycles.data() ? "\n  " : ",\n  ";
      Json entry{{"steps", to_json(cycle.steps)}};
      if (!cycle.lemmas.empty()) entry["lemmas"] = to_json(cycle.lemmas);
      out += entry.dump();
    }
    out += ']';
  }
  if (!certificate.sources.empty()) {
    out += ",\n \"sources\":[";
    for (const ReadSource& source : certificate.sources) {
      out += &source == certificate.sources.data() ? "" : ",";
      out += fmt::format("[{},{},{}]", source.reader, to_json(source.key).dump(),
                         event_to_json(source.writer).dump());
    }
    out += ']';
  }
}

Json to_json(const HistoryPart& part) {
  Json result = Json::object();
  if (part.last_event.has_value()) result["last_event"] = *part.last_event;
  if (!part.keys.empty()) result["keys"] = to_json(part.keys);
  return result;
}

HistoryPart part_from_json(const Json& json) {
  HistoryPart part;
  if (json.contains("last_event")) part.last_event = json.at("last_event").get<std::uint64_t>();
  if (json.contains("keys")) part.keys = list_from_json(json.at("keys"));
  return part;
}

Result<Certificate> convert(const Json& json) {
  if (json.at("schema").get<std::string>() != schema) {
    return Error{ErrorKind::bad_data, fmt::format("not a certificate: schema is '{}', expected {}",
                                                  json.at("schema").get<std::string>(), schema)};
  }
  const auto key_of = [](const Json& entry) {
    return entry.contains("key") ? std::optional<Value>(value_from_json(entry.at("key")))
                                 : std::nullopt;
  };
  Certificate certificate;
  certificate.verdict = json.at("verdict").get<std::string>();
  certificate.model = json.at("model").get<std::string>();
  certificate.datatype = json.at("datatype").get<std::string>();
  certificate.history_digest = json.at("history").get<std::string>();
  if (json.contains("part")) certificate.part = part_from_json(json.at("part"));
  certificate.initial = value_from_json(json.at("initial"));
  for (const Json& entry : json.at("orders")) {
    LinearOrder order{key_of(entry), entry.at("order").get<std::vector<std::uint64_t>>(), {}};
    if (entry.contains("completions")) {
      for (const Json& pair : entry.at("completions")) {
        order.completions.emplace_back(pair.at(0).get<std::uint64_t>(),
                                       value_from_json(pair.at(1)));
      }
    }
    certificate.orders.push_back(std::move(order));
  }
  for (const Json& entry : json.at("witnesses")) {
    Witness witness{key_of(entry), entry.at("operations").get<std::vector<std::uint64_t>>(), {}};
    if (entry.contains("values")) witness.values = list_from_json(entry.at("values"));
    certificate.witnesses.push_back(std::move(witness));
  }
  if (json.contains("cycles")) {
    for (const Json& entry : json.at("cycles")) {
      CertifiedCycle cycle;
      if (entry.contains("lemmas")) cycle.lemmas = steps_from_json(entry.at("lemmas"));
      cycle.steps = steps_from_json(entry.at("steps"));
      certificate.cycles.push_back(std::move(cycle));
    }
  }
  if (json.contains("sources")) {
    for (const Json& entry : json.at("sources")) {
      certificate.sources.push_back({entry.at(0).get<std::uint64_t>(), value_from_json(entry.at(1)),
                                     event_from_json(entry.at(2))});
    }
  }
  if (json.contains("proofs")) {
    for (const Json& entry : json.at("proofs")) {
      certificate.proofs.push_back(proof_from_json(entry));
    }
  }
  if (json.contains("transaction_order")) {
    certificate.transaction_order = order_from_json(json.at("transaction_order"));
  }
  return certificate;
}

}  // namespace

// Written by hand, because an order of a million operations as a JSON tree takes many times its
// size in memory.
std::string to_json(const Certificate& certificate) {
  std::string out = fmt::format(
      "{{\"schema\":\"{}\",\"verdict\":{},\"model\":{},\"datatype\":{},\"history\":{},"
      "{}\"initial\":{},\n \"orders\":[",
      schema, Json(certificate.verdict).dump(), Json(certificate.model).dump(),
      Json(certificate.datatype).dump(), Json(certificate.history_digest).dump(),
      certificate.part ? fmt::format("\"part\":{},", to_json(*certificate.part).dump()) : "",
      to_json(certificate.initial).dump());
  for (const LinearOrder& order : certificate.orders) {
    append_entry(out, &order == certificate.orders.data(), order.key, "order", order.order);
    if (!order.completions.empty()) {
      Json pairs = Json::array();
      for (const auto& [event, value] : order.completions) {
        pairs.push_back(Json::array({Json(event), to_json(value)}));
      }
      out += fmt::format(",\"completions\":{}", pairs.dump());
    }
    out += '}';
  }
  out += "],\n \"witnesses\":[";
  for (const Witness& witness : certificate.witnesses) {
    append_entry(out, &witness == certificate.witnesses.data(), witness.key, "operations",
                 witness.operations);
    if (!witness.values.empty()) {
      out += fmt::format(",\"values\":{}", to_json(witness.values).dump());
    }
    out += '}';
  }
  out += ']';
  append_cycles(out, certificate);
  append_dependencies(out, certificate);
  out += "}\n";
  return out;
}

Result<Certificate> certificate_from_json(const std::string& text) {
  try {
    return convert(Json::parse(text));
  } catch (const std::exception& e) {
    return Error{ErrorKind::bad_data, fmt::format("not a certificate: {}", e.what())};
  }
}

}  // namespace assay
