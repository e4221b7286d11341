// jepsen-json: Jepsen's operations as JSON, in one array or an object a line, as elle-cli reads
// them. What keywords are in EDN are strings here; they are turned back where their place tells.
#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "history/formats/jepsen_events.h"
#include "history/formats/json_objects.h"
#include "history/formats/keyed.h"
#include "history/formats/readers.h"
#include "history/formats/text_lines.h"

namespace assay {
namespace {

/// The operations of a transaction are named by keywords: ["r", 1, null] is [:r 1 nil].
void name_by_keywords(Value& value) {
  auto* list = value.get_if<Value::List>();
  if (list == nullptr) return;
  for (Value& entry : *list) {
    auto* parts = entry.get_if<Value::List>();
    if (parts == nullptr || parts->empty()) continue;
    if (const auto* name = parts->front().get_if<std::string>()) {
      parts->front() = Value(Value::Keyword{*name});
    }
  }
}

class JepsenJsonReader {
 public:
  JepsenJsonReader(std::istream& input, const ReadOptions& options, EventSink& sink)
      : objects_(*input.rdbuf()), keys_(sink, options.keyed, Keyed::undecided) {
    sink.info().format = "jepsen-json";
    sink.info().nil_read = NilRead::unconstrained;
    apply_options(options, sink.info());
    keys_.allow_completions_only();
  }

  Status read() {
    bool any = false;
    while (const auto object = objects_.next()) {
      any = true;
      if (auto status = read_event(*object); !status) {
        status = keys_.sink().problem(status.error().in(fmt::format("line {}", objects_.line())));
        if (!status) return status;
        continue;
      }
      if (auto status = keys_.add(event_, objects_.line()); !status) return status;
    }
    if (objects_.error()) return *objects_.error();
    if (!any) return objects_.bad("the input ends without an operation");
    return keys_.finish();
  }

 private:
  Status read_event(const simdjson::dom::object& object) {
    event_ = Event{};
    has_type_ = has_process_ = false;
    std::optional<std::int64_t> index;
    for (const auto field : object) {
      auto value = json_value(field.value);
      if (!value) return value.error().in(std::string(field.key));
      if (field.key == "index") {
        if (const auto* number = value->get_if<std::int64_t>(); number != nullptr && *number >= 0) {
          index = *number;
        }
      } else if (auto status = set(field.key, *std::move(value)); !status) {
        return status;
      }
    }
    if (!has_type_) return Error{ErrorKind::bad_data, "an operation needs a \"type\""};
    if (!has_process_) return Error{ErrorKind::bad_data, "an operation needs a \"process\""};
    if (event_.f.empty() && event_.type == EventType::invoke) event_.f = "txn";
    if (event_.f.empty() || event_.f == "txn") name_by_keywords(event_.value);
    if (!uses_index_) uses_index_ = index.has_value();
    event_.index = *uses_index_ && index ? static_cast<std::uint64_t>(*index) : next_index_;
    next_index_ = event_.index + 1;
    return {};
  }

  Status set(std::string_view name, Value value) {
    if (name == "type") {
      has_type_ = true;
      return set_type(value, event_);
    }
    if (name == "process") {
      has_process_ = true;
      return set_process(value, event_);
    }
    if (name == "f") return set_function(value, event_);
    if (name == "value") event_.value = std::move(value);
    if (name == "error") event_.error = error_text(value);
    if (name == "node") event_.node = error_text(value);
    if (name == "time") {
      if (const auto* number = value.get_if<std::int64_t>()) event_.time = Nanos(*number);
    }
    return {};
  }

  JsonObjects objects_;
  KeySplitter keys_;
  Event event_;
  std::optional<bool> uses_index_;  ///< does the first operation have an index?
  std::uint64_t next_index_ = 0;
  bool has_type_ = false;
  bool has_process_ = false;
};

}  // namespace

bool recognise_jepsen_json(std::string_view beginning) {
  std::string_view text = trimmed(beginning);
  const bool array = text.starts_with('[');
  if (array) text = trimmed(text.substr(1));
  if (array && text.starts_with(']')) return true;
  const std::string_view first = text.substr(0, text.find('}'));
  const auto has = [first](std::string_view field) {
    return first.find(field) != std::string_view::npos;
  };
  if (!first.starts_with('{') || !has("\"type\"") || !has("\"process\"")) return false;
  // An operation a line looks like the native form, which needs a function.
  return array || !has("\"f\"");
}

Status read_jepsen_json(std::istream& input, const ReadOptions& options, EventSink& sink) {
  return JepsenJsonReader(input, options, sink).read();
}

}  // namespace assay
