#include "targets/etcd/watches.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "targets/completions.h"
#include "targets/json.h"

namespace assay::etcd {
namespace {

/// An operation of a transaction; nothing: another shape.
std::optional<Value> operation_of(const std::string& prefix, const Value& change) {
  const auto* words = change.get_if<Value::List>();
  if (words == nullptr || words->size() < 2) return std::nullopt;
  const auto* key = (*words)[1].get_if<std::string>();
  if (key == nullptr) return std::nullopt;
  const std::string place = base64(prefix + *key);
  if ((*words)[0] == Value("delete") && words->size() == 2) {
    return Value::Map{{"requestDeleteRange", Value::Map{{"key", place}}}};
  }
  if (!((*words)[0] == Value("put")) || words->size() != 3) return std::nullopt;
  return Value::Map{
      {"requestPut", Value::Map{{"key", place}, {"value", base64(json_text((*words)[2]))}}}};
}

/// A put changes something always, a deletion what it found.
bool changed(const Value& response) {
  if (find(response, "response_put") != nullptr) return true;
  const Value* deletion = find(response, "response_delete_range");
  return deletion != nullptr && integer_in(*deletion, "deleted") > 0;
}

Value stored(const Value& pair) {
  const auto value = parse_json(bytes_in(pair, "value"));
  return value.ok() ? *value : Value(bytes_in(pair, "value"));
}

Value event_of(const std::string& prefix, const Value& event) {
  const Value* found = find(event, "kv");
  const Value pair = found == nullptr ? Value(Value::Map{}) : *found;
  const std::string key = bytes_in(pair, "key");
  const bool is_deletion = text_in(event, "type") == "DELETE";
  const std::int64_t revision = integer_in(pair, "mod_revision");
  Value::Map described{{"type", is_deletion ? "delete" : "put"},
                       {"key", key.starts_with(prefix) ? key.substr(prefix.size()) : key},
                       {"revision", revision}};
  if (!is_deletion) {
    described.emplace_back("value", stored(pair));
    described.emplace_back("create", integer_in(pair, "create_revision") == revision);
  }
  if (const Value* previous = find(event, "prev_kv"); previous != nullptr) {
    described.emplace_back("prev-value", stored(*previous));
    described.emplace_back("prev-revision", integer_in(*previous, "mod_revision"));
  }
  return described;
}

/// What a message says, as histories have it; nothing: that the watch is there.
std::optional<Value> response_of(const std::string& prefix, const Value& message) {
  if (find(message, "canceled") != nullptr) {
    const std::string reason = text_in(message, "cancel_reason");
    return Value::Map{{"error", reason.empty() ? "compacted" : reason},
                      {"revision", integer_in(message, "compact_revision")}};
  }
  if (find(message, "created") != nullptr) return std::nullopt;
  const Value* events = find(message, "events");
  const auto* list = events == nullptr ? nullptr : events->get_if<Value::List>();
  if (list == nullptr || list->empty()) {
    return Value::Map{{"progress", true}, {"revision", revision_in(message)}};
  }
  Value::List described;
  for (const Value& event : *list) described.push_back(event_of(prefix, event));
  return Value::Map{{"events", std::move(described)}};
}

bool flag_in(const Value& map, std::string_view name) {
  const Value* flag = find(map, name);
  return flag != nullptr && *flag == Value(true);
}

}  // namespace

Completion commit(Gateway& gateway, const std::string& prefix, const Value& changes,
                  Nanos deadline) {
  const auto* list = changes.get_if<Value::List>();
  if (list == nullptr) return unsupported();
  Value::List operations;
  for (const Value& change : *list) {
    auto operation = operation_of(prefix, change);
    if (!operation) return unsupported();
    operations.push_back(*std::move(operation));
  }
  const Reply reply =
      gateway.post("kv/txn", Value::Map{{"success", std::move(operations)}}, deadline);
  if (!reply.ok()) return classify(reply, true);
  const Value* responses = find(reply.body, "responses");
  const auto* each = responses == nullptr ? nullptr : responses->get_if<Value::List>();
  const bool any = each != nullptr && std::any_of(each->begin(), each->end(), changed);
  return done(any ? Value(revision_in(reply.body)) : Value());
}

Completion watch(Gateway& gateway, const std::string& prefix, const Value& what,
                 const WatchSettings& settings, Nanos deadline) {
  if (!what.is<Value::Map>()) return unsupported();
  const std::string key = prefix + text_in(what, "key");
  Value::Map request{{"key", base64(key)}};
  if (flag_in(what, "prefix")) request.emplace_back("range_end", base64(end_of_prefix(key)));
  if (const auto from = integer_in(what, "revision"); from > 0) {
    request.emplace_back("start_revision", std::to_string(std::max(from, settings.first_revision)));
  }
  if (flag_in(what, "prev-kv")) request.emplace_back("prev_kv", true);
  Value::List requests{Value::Map{{"create_request", std::move(request)}}};
  if (settings.ask_progress) {
    requests.emplace_back(Value::Map{{"progress_request", Value::Map{}}});
  }
  Value::List responses;
  const Reply reply =
      gateway.stream("watch", requests, std::min(deadline, monotonic_now() + watch_time),
                     [&](const Value& message) {
                       auto response = response_of(prefix, message);
                       if (!response) return true;
                       const bool over = find(*response, "error") != nullptr;
                       responses.push_back(*std::move(response));
                       return !over;
                     });
  // What a feed said before it broke, it has said.
  if (!reply.ok() && responses.empty()) return classify(reply, false);
  return done(std::move(responses));
}

}  // namespace assay::etcd
