#include "harness/json_value.h"

#include <nlohmann/json.hpp>

namespace assay {

using Json = nlohmann::ordered_json;

nlohmann::ordered_json to_json(const Value& value) {
  struct Visitor {
    Json operator()(Value::Nil) const { return nullptr; }
    Json operator()(bool b) const { return b; }
    Json operator()(std::int64_t i) const { return i; }
    Json operator()(double d) const { return d; }
    Json operator()(const std::string& s) const { return s; }
    Json operator()(const Value::Keyword& k) const { return k.name; }
    Json operator()(const Value::Tagged& t) const { return t.text; }
    Json operator()(const Value::List& list) const {
      Json array = Json::array();
      for (const Value& element : list) array.push_back(to_json(element));
      return array;
    }
    Json operator()(const Value::Map& map) const {
      Json object = Json::object();
      for (const auto& [key, element] : map) {
        const auto* text = key.get_if<std::string>();
        object[text != nullptr ? *text : to_text(key)] = to_json(element);
      }
      return object;
    }
    Json operator()(const Value::Set& set) const { return (*this)(set.elements); }
  };
  return std::visit(Visitor{}, value.data());
}

Value from_json(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array()) {
    Value::List list;
    for (const Json& element : json) list.push_back(from_json(element));
    return list;
  }
  if (!json.is_object()) return {};
  Value::Map map;
  for (const auto& [key, element] : json.items()) map.emplace_back(key, from_json(element));
  return map;
}

}  // namespace assay
