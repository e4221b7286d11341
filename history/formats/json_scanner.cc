#include "history/formats/json_scanner.h"

#include <cstddef>
#include <limits>
#include <utility>

namespace assay {
namespace {

// Bits of the fields seen.
constexpr unsigned seen_index = 1U << 0U;
constexpr unsigned seen_time = 1U << 1U;
constexpr unsigned seen_process = 1U << 2U;
constexpr unsigned seen_type = 1U << 3U;
constexpr unsigned seen_f = 1U << 4U;
constexpr unsigned seen_key = 1U << 5U;
constexpr unsigned seen_value = 1U << 6U;
constexpr unsigned seen_node = 1U << 7U;
constexpr unsigned seen_error = 1U << 8U;

constexpr int depth_max = 8;
constexpr int digits_max = 18;

/// Like `to = value`, but keeps what is already allocated.
template <class T>
T& become(Value& value) {
  if (auto* there = value.get_if<T>()) return *there;
  value = Value(T{});
  return *value.get_if<T>();
}

}  // namespace

/// Every field may come once: what a second one would mean is for the full parser to say.
bool JsonScanner::first(unsigned field) {
  if ((seen_ & field) != 0) return false;
  seen_ |= field;
  return true;
}

bool JsonScanner::take_word(const char* word) {
  for (; *word != '\0'; ++word, ++at_) {
    if (*at_ != *word) return false;
  }
  return true;
}

bool JsonScanner::text(std::string_view& text) {
  if (!take('"')) return false;
  const char* const begin = at_;
  while (*at_ != '"' && *at_ != '\\' && *at_ >= 0x20 && *at_ != 0x7F) ++at_;
  text = {begin, static_cast<std::size_t>(at_ - begin)};
  return take('"');
}

bool JsonScanner::integer(std::int64_t& number) {
  const bool negative = take('-');
  const char* const begin = at_;
  std::int64_t magnitude = 0;
  while (*at_ >= '0' && *at_ <= '9' && at_ - begin < digits_max) {
    magnitude = magnitude * 10 + (*at_++ - '0');
  }
  // No digit, a leading zero (or minus zero), more digits, a fraction or an exponent.
  if (at_ == begin || (*begin == '0' && (at_ - begin > 1 || negative))) return false;
  number = negative ? -magnitude : magnitude;
  return *at_ == ',' || *at_ == '}' || *at_ == ']' || *at_ == ' ' || *at_ == '\t';
}

bool JsonScanner::array(Value& value, int depth) {
  if (depth > depth_max) return false;
  auto& list = become<Value::List>(value);
  std::size_t size = 0;
  ++at_;
  skip_space();
  if (!take(']')) {
    do {
      skip_space();
      if (size == list.size()) list.emplace_back();
      if (!this->value(list[size++], depth + 1)) return false;
      skip_space();
    } while (take(','));
    if (!take(']')) return false;
  }
  list.resize(size);
  return true;
}

bool JsonScanner::value(Value& value, int depth) {
  switch (*at_) {
    case '"': {
      std::string_view text;
      if (!this->text(text)) return false;
      become<std::string>(value) = text;
      return true;
    }
    case '[':
      return array(value, depth);
    case 'n':
      value = Value();
      return take_word("null");
    case 't':
      value = true;
      return take_word("true");
    case 'f':
      value = false;
      return take_word("false");
    default: {
      std::int64_t number = 0;
      if (!integer(number)) return false;
      become<std::int64_t>(value) = number;
      return true;
    }
  }
}

bool JsonScanner::process(Event& event) {
  std::int64_t number = 0;
  if (*at_ == '"') {
    std::string_view name;
    event.process = nemesis_process;
    return text(name);
  }
  if (!integer(number) || number < -1 || number > std::numeric_limits<std::int32_t>::max()) {
    return false;
  }
  event.process = static_cast<ProcessId>(number);
  return true;
}

bool JsonScanner::optional_text(std::string& out) {
  std::string_view text;
  if (*at_ == 'n') {
    out.clear();
    return take_word("null");
  }
  if (!this->text(text)) return false;
  out = text;
  return true;
}

bool JsonScanner::field(Event& event) {
  std::string_view name;
  if (!text(name)) return false;
  skip_space();
  if (!take(':')) return false;
  skip_space();
  std::int64_t number = 0;
  std::string_view text;
  switch (name.size()) {
    case 1:
      if (name != "f" || !first(seen_f) || !this->text(text)) return false;
      event.f = text;
      return true;
    case 3:
      if (name != "key" || !first(seen_key)) return false;
      if (*at_ == 'n') {
        event.key.reset();
        return take_word("null");
      }
      if (!event.key) event.key.emplace();
      return value(*event.key, 0);
    case 4:
      if (name == "time") {
        if (!first(seen_time)) return false;
        if (*at_ == 'n') {
          event.time = unknown_time;
          return take_word("null");
        }
        if (!integer(number)) return false;
        event.time = Nanos(number);
        return true;
      }
      if (name == "type") {
        if (!first(seen_type) || !this->text(text)) return false;
        const auto type = event_type_named(text);
        event.type = type.value_or(EventType::invoke);
        return type.has_value();
      }
      return name == "node" && first(seen_node) && optional_text(event.node);
    case 5:
      if (name == "value") return first(seen_value) && value(event.value, 0);
      if (name == "error") return first(seen_error) && optional_text(event.error);
      if (name != "index" || !first(seen_index) || !integer(number) || number < 0) return false;
      event.index = static_cast<std::uint64_t>(number);
      return true;
    case 7:
      return name == "process" && first(seen_process) && process(event);
    default:
      return false;
  }
}

bool JsonScanner::scan(std::string_view line, Event& event) {
  at_ = line.data();
  seen_ = 0;
  skip_space();
  if (!take('{')) return false;
  do {
    skip_space();
    if (!field(event)) return false;
    skip_space();
  } while (take(','));
  if (!take('}')) return false;
  skip_space();
  if (at_ != line.data() + line.size()) return false;
  constexpr unsigned needed = seen_process | seen_type;
  if ((seen_ & needed) != needed) return false;
  if ((seen_ & seen_time) == 0) event.time = unknown_time;
  if ((seen_ & seen_f) == 0) event.f.clear();
  if ((seen_ & seen_key) == 0) event.key.reset();
  if ((seen_ & seen_value) == 0) event.value = Value();
  if ((seen_ & seen_node) == 0) event.node.clear();
  if ((seen_ & seen_error) == 0) event.error.clear();
  return !event.f.empty() || event.type != EventType::invoke;
}

}  // namespace assay
