#include "history/formats/jepsen_events.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "history/word.h"

namespace assay {
namespace {

Error expected(std::string_view what, const Value& got) {
  return {ErrorKind::bad_data,
          fmt::format("expected {}, got {}", what, to_text(got).substr(0, 80))};
}

}  // namespace

Status set_type(const Value& value, Event& event) {
  const auto type = event_type_named(word_of(value));
  if (!type) return expected(":type to be :invoke, :ok, :fail or :info", value);
  event.type = *type;
  return {};
}

Status set_process(const Value& value, Event& event) {
  const auto* number = value.get_if<std::int64_t>();
  if (number == nullptr) {
    event.process = nemesis_process;
    return {};
  }
  if (*number < 0 || *number > std::numeric_limits<std::int32_t>::max()) {
    return expected(":process to be a number from 0, or a name", value);
  }
  event.process = static_cast<ProcessId>(*number);
  return {};
}

Status set_function(const Value& value, Event& event) {
  if (value.is_nil()) return {};
  const auto name = word_of(value);
  if (name.empty()) return expected(":f to be a keyword", value);
  event.f = name;
  return {};
}

void Markers::move_to_error(Event& event) {
  if (event.process == nemesis_process) return;
  const auto process = static_cast<std::int32_t>(event.process);
  const bool keyword = event.value.is<Value::Keyword>();
  if (event.type == EventType::invoke) {
    if (keyword) {
      keyword_invokers_.insert(process);
    } else if (!keyword_invokers_.empty()) {
      keyword_invokers_.erase(process);
    }
    return;
  }
  if (event.type == EventType::ok || !keyword || keyword_invokers_.contains(process)) return;
  if (event.error.empty()) event.error = to_text(event.value);
  event.value = Value();
}

std::string error_text(const Value& value) {
  if (value.is_nil()) return {};
  if (const auto* text = value.get_if<std::string>()) return *text;
  return to_text(value);
}

}  // namespace assay
