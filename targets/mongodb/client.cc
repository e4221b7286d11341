#include "targets/mongodb/client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "targets/completions.h"
#include "targets/json.h"

namespace assay::mongodb {
namespace {

constexpr int duplicate_key = 11000;

constexpr std::array function_rows{
    FunctionRow{"read", "register"},     FunctionRow{"write", "register"},
    FunctionRow{"cas", "register"},      FunctionRow{"read", "set"},
    FunctionRow{"add", "set"},           FunctionRow{"read", "counter"},
    FunctionRow{"increment", "counter"}, FunctionRow{"txn", "list-append"},
    FunctionRow{"txn", "rw-register"},
};

/// Keys 1 and "1" are two objects.
Value id_of(const Value& key) { return Value::Map{{"_id", json_text(key)}}; }

/// Lists and sets are in a field of their own, so that no update finds the wrong type.
bool has_elements(std::string_view datatype) {
  return datatype == "set" || datatype == "list-append";
}

Value find_command(const std::string& datatype, const Value& key) {
  return Value::Map{
      {"find", datatype}, {"filter", id_of(key)}, {"limit", 1}, {"singleBatch", true}};
}

/// `operation`: $set and the like.
Value update_command(const std::string& datatype, const Value& key, const char* operation,
                     const Value& value) {
  const char* field = has_elements(datatype) ? "elements" : "value";
  const Value change = Value::Map{{operation, Value::Map{{field, value}}}};
  return Value::Map{
      {"update", datatype},
      {"updates", Value::List{Value::Map{{"q", id_of(key)}, {"u", change}, {"upsert", true}}}}};
}

/// What the object holds; of one that does not exist, what it holds before the first write.
Value found(const Value& reply, const std::string& datatype) {
  const bool elements = has_elements(datatype);
  Value nothing = datatype == "counter" ? Value(0) : Value();
  if (elements) nothing = Value::List{};
  const Value* cursor = find(reply, "cursor");
  const Value* batch = cursor == nullptr ? nullptr : find(*cursor, "firstBatch");
  const auto* documents = batch == nullptr ? nullptr : batch->get_if<Value::List>();
  if (documents == nullptr || documents->empty()) return nothing;
  const Value* value = find(documents->front(), elements ? "elements" : "value");
  return value == nullptr ? nothing : *value;
}

bool is_step(const Value& step) {
  const auto* words = step.get_if<Value::List>();
  return words != nullptr && words->size() == 3 && words->front().is<std::string>();
}

bool reads(const Value& step) { return step.get_if<Value::List>()->front() == Value("r"); }

}  // namespace

Functions functions() { return function_rows; }

Completion MongoClient::invoke(const Invocation& invocation, Nanos timeout) {
  const Nanos start = monotonic_now();
  if (driver_ == nullptr) driver_ = open_(timeout);
  Completion completion = attempt(invocation, start + timeout);
  pause_after_failure(completion, start, timeout);
  return completion;
}

Completion MongoClient::attempt(const Invocation& invocation, Nanos deadline) {
  const std::string& f = invocation.f;
  const Value key = invocation.key.value_or(Value(""));
  if (f == "read") return read(key, deadline);
  if (f == "cas") return cas(key, invocation.value, deadline);
  if (f == "txn") return transact(invocation.value, deadline);
  const char* operation = nullptr;
  if (f == "write") operation = "$set";
  if (f == "add") operation = "$addToSet";
  if (f == "increment") operation = "$inc";
  if (operation == nullptr) return unsupported();
  const Answer answer =
      driver_->write(update_command(datatype_, key, operation, invocation.value), deadline);
  return answer.ok() ? done(invocation.value) : classify(answer, Moment::effect);
}

Completion MongoClient::read(const Value& key, Nanos deadline) {
  const Answer answer = driver_->read(find_command(datatype_, key), deadline);
  return answer.ok() ? done(found(answer.body, datatype_)) : classify(answer, Moment::reading);
}

Completion MongoClient::cas(const Value& key, const Value& value, Nanos deadline) {
  const auto* pair = value.get_if<Value::List>();
  if (pair == nullptr || pair->size() != 2) return unsupported();
  Value::Map query = *id_of(key).get_if<Value::Map>();
  const bool first = (*pair)[0].is_nil();
  // An upsert of an object that has a value finds none to change, and that its id is taken.
  query.emplace_back("value", first ? Value(Value::Map{{"$exists", false}}) : (*pair)[0]);
  const Answer answer =
      driver_->write(Value::Map{{"findAndModify", datatype_},
                                {"query", std::move(query)},
                                {"update", Value::Map{{"$set", Value::Map{{"value", (*pair)[1]}}}}},
                                {"upsert", first}},
                     deadline);
  if (first && answer.kind == Answer::Kind::refused && answer.code == duplicate_key) return unmet();
  if (!answer.ok()) return classify(answer, Moment::effect);
  const Value* last = find(answer.body, "lastErrorObject");
  const Value* changed = last == nullptr ? nullptr : find(*last, "n");
  if (changed == nullptr) return {EventType::info, {}, "malformed reply"};
  return *changed == Value(1) ? done(value) : unmet();
}

Completion MongoClient::transact(const Value& value, Nanos deadline) {
  const auto* given = value.get_if<Value::List>();
  if (given == nullptr || !std::all_of(given->begin(), given->end(), is_step)) return unsupported();
  Value::List steps = *given;
  const bool only_reads = std::all_of(steps.begin(), steps.end(), reads);
  // One step is atomic by itself.
  const bool alone = steps.size() == 1;
  if (!alone) {
    if (const Answer begun = driver_->begin(); !begun.ok()) return classify(begun, Moment::working);
  }
  for (Value& step : steps) {
    auto& words = *step.get_if<Value::List>();
    const bool appends = datatype_ == "list-append";
    const Answer answer =
        reads(step) ? driver_->read(find_command(datatype_, words[1]), deadline)
                    : driver_->write(
                          update_command(datatype_, words[1], appends ? "$push" : "$set", words[2]),
                          deadline);
    if (!answer.ok()) {
      if (!alone) driver_->abort();
      return classify(answer,
                      only_reads ? Moment::reading : (alone ? Moment::effect : Moment::working));
    }
    if (reads(step)) words[2] = found(answer.body, datatype_);
  }
  if (!alone) {
    const Answer answer = driver_->commit();
    if (!answer.ok()) return classify(answer, only_reads ? Moment::reading : Moment::commit);
  }
  return done(std::move(steps));
}

}  // namespace assay::mongodb
