#include "checker/logs/watch_operations.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace assay {
namespace {

Error bad(std::uint64_t event, const std::string& expected, const Value& got) {
  return {ErrorKind::bad_data,
          fmt::format("event {}: expected {}, got {}", event, expected, to_text(got))};
}

/// Strings and keywords as they are, everything else as a person reads it.
std::string text_of(const Value& value) {
  if (const auto* text = value.get_if<std::string>()) return *text;
  if (const auto* keyword = value.get_if<Value::Keyword>()) return keyword->name;
  return value.is_nil() ? std::string() : to_text(value);
}

/// The entry of that name; null if there is none, or nil.
const Value* member(const Value& map, std::string_view name) {
  const Value* found = find(map, name);
  return found == nullptr || found->is_nil() ? nullptr : found;
}
std::int64_t number(const Value& map, std::string_view name) {
  const Value* found = member(map, name);
  const auto* integer = found == nullptr ? nullptr : found->get_if<std::int64_t>();
  return integer == nullptr ? 0 : *integer;
}
bool flag(const Value& map, std::string_view name) {
  const Value* found = member(map, name);
  const auto* truth = found == nullptr ? nullptr : found->get_if<bool>();
  return truth != nullptr && *truth;
}
std::string text(const Value& map, std::string_view name) {
  const Value* found = member(map, name);
  return found == nullptr ? std::string() : text_of(*found);
}

Result<Commit> commit_of(const Operation& operation, const Value& argument, const Value& result) {
  Commit commit{operation.invoke_event, std::nullopt, {}, operation.outcome != Outcome::ok};
  const auto* list = argument.get_if<Value::List>();
  if (list == nullptr) {
    return bad(commit.event, "a list of [put key value] and [delete key]", argument);
  }
  for (const Value& element : *list) {
    const auto* change = element.get_if<Value::List>();
    const std::string name = change == nullptr || change->empty() ? "" : text_of(change->front());
    if (name == "put" && change->size() == 3) {
      commit.changes.push_back({text_of((*change)[1]), text_of((*change)[2])});
    } else if (name == "delete" && change->size() == 2) {
      commit.changes.push_back({text_of((*change)[1]), std::nullopt});
    } else {
      return bad(commit.event, "[put key value] or [delete key]", element);
    }
  }
  if (operation.outcome == Outcome::ok && !result.is_nil()) {
    const auto* revision = result.get_if<std::int64_t>();
    if (revision == nullptr) return bad(commit.event, "a revision", result);
    commit.revision = *revision;
  }
  return commit;
}

WatchEvent event_of(const Value& json) {
  WatchEvent event{number(json, "revision"), {text(json, "key"), std::nullopt}};
  if (text(json, "type") != "delete") event.change.value = text(json, "value");
  event.created = flag(json, "create");
  event.has_previous = member(json, "prev-revision") != nullptr;
  event.previous_value = text(json, "prev-value");
  event.previous_revision = number(json, "prev-revision");
  return event;
}

Result<Watch> watch_of(const Operation& operation, const Value& argument, const Value& result) {
  Watch watch{operation.invoke_event,
              text(argument, "key"),
              flag(argument, "prefix"),
              number(argument, "revision"),
              {}};
  if (!argument.is<Value::Map>()) {
    return bad(watch.event, "a map {key prefix revision}", argument);
  }
  if (result.is_nil()) return watch;
  const auto* responses = result.get_if<Value::List>();
  if (responses == nullptr) return bad(watch.event, "a list of responses", result);
  for (const Value& response : *responses) {
    // Its end: the server says why there will be no more.
    if (member(response, "error") != nullptr) break;
    WatchResponse read{{}, flag(response, "progress"), number(response, "revision")};
    const Value* events = member(response, "events");
    const auto* list = events == nullptr ? nullptr : events->get_if<Value::List>();
    if (events != nullptr && list == nullptr) return bad(watch.event, "a list of events", *events);
    if (list != nullptr) {
      for (const Value& event : *list) read.events.push_back(event_of(event));
    }
    watch.responses.push_back(std::move(read));
  }
  return watch;
}

}  // namespace

Result<WatchOperations> read_watch_operations(const History& history) {
  WatchOperations result;
  for (OpIndex i = 0; i < history.size(); ++i) {
    const Operation operation = history[i];
    if (operation.outcome == Outcome::fail) continue;
    const std::string_view function = history.function_name(operation.function);
    const Value argument = history.value(operation.argument);
    const Value returned = history.value(operation.result);
    if (function == "commit") {
      auto commit = commit_of(operation, argument, returned);
      if (!commit) return commit.error();
      result.commits.push_back(std::move(commit).value());
    } else if (function == "watch") {
      auto watch = watch_of(operation, argument, returned);
      if (!watch) return watch.error();
      result.watches.push_back(std::move(watch).value());
    } else {
      return Error{ErrorKind::bad_data,
                   fmt::format("event {}: a watch history has commit and watch, got '{}'",
                               operation.invoke_event, function)};
    }
  }
  return result;
}

}  // namespace assay
