#include "targets/json.h"

#include "history/formats/json_objects.h"
#include "history/text.h"

namespace assay {

Result<Value> parse_json(const std::string& text) {
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  if (const auto error = parser.parse(text).get(json); error != simdjson::SUCCESS) {
    return Error{ErrorKind::bad_data, std::string("not JSON: ") + simdjson::error_message(error)};
  }
  return json_value(json);
}

std::string json_text(const Value& value) {
  std::string text;
  append_json(value, text);
  return text;
}

}  // namespace assay
