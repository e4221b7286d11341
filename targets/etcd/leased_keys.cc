#include "targets/etcd/leased_keys.h"

#include <utility>

#include "targets/completions.h"
#include "targets/json.h"

namespace assay::etcd {
namespace {

/// The only pair of a range, or nil.
Value only_pair(const Value& range) {
  const Value* pairs = find(range, "kvs");
  const auto* list = pairs == nullptr ? nullptr : pairs->get_if<Value::List>();
  return list == nullptr || list->empty() ? Value() : list->front();
}

/// The answer of the only operation of a transaction that ran, by its kind; nil: there is none.
Value only_response(const Value& body, std::string_view kind) {
  const Value* responses = find(body, "responses");
  const auto* list = responses == nullptr ? nullptr : responses->get_if<Value::List>();
  const Value* response = list == nullptr || list->empty() ? nullptr : find(list->front(), kind);
  return response == nullptr ? Value() : *response;
}

bool succeeded(const Value& body) {
  const Value* flag = find(body, "succeeded");
  return flag != nullptr && *flag == Value(true);
}

constexpr int not_found = 5;  // of gRPC

/// Compared by etcd as text, so all have the same length.
std::string padded(std::int64_t token) {
  const std::string digits = std::to_string(token);
  constexpr std::size_t width = 20;
  return std::string(width - digits.size(), '0') + digits;
}

}  // namespace

Reply LeasedKeys::keep_alive(const std::string& key, Nanos deadline) {
  Reply reply = gateway_.post("lease/keepalive", Value::Map{{"ID", leases_.at(key)}}, deadline);
  // Of a lease that is over nothing is left.
  if (reply.ok() && integer_in(reply.body, "TTL") <= 0) leases_.erase(key);
  return reply;
}

Reply LeasedKeys::lease(const std::string& key, Nanos deadline) {
  if (leases_.contains(key)) {
    Reply kept = keep_alive(key, deadline);
    if (!kept.ok() || leases_.contains(key)) return kept;
  }
  Reply granted =
      gateway_.post("lease/grant", Value::Map{{"TTL", std::to_string(lease_seconds_)}}, deadline);
  if (granted.ok()) leases_[key] = text_in(granted.body, "ID");
  return granted;
}

LeasedKeys::Attempt LeasedKeys::take(const std::string& key, Nanos deadline) {
  Attempt attempt{lease(key, deadline), false, 0, {}, false};
  if (!attempt.reply.ok()) return attempt;
  const std::string& own = leases_.at(key);
  attempt.has_effect = true;
  attempt.reply = gateway_.post(
      "kv/txn",
      Value::Map{
          {"compare", Value::List{Value::Map{{"key", base64(key)},
                                             {"target", "CREATE"},
                                             {"result", "EQUAL"},
                                             {"create_revision", "0"}}}},
          {"success",
           Value::List{Value::Map{{"requestPut", Value::Map{{"key", base64(key)},
                                                            {"value", base64(json_text(own))},
                                                            {"lease", own}}}}}},
          {"failure", Value::List{Value::Map{{"requestRange", Value::Map{{"key", base64(key)}}}}}}},
      deadline);
  if (!attempt.reply.ok()) return attempt;
  if (succeeded(attempt.reply.body)) {
    attempt.term = revision_in(attempt.reply.body);
    attempt.owner = own;
  } else {
    const Value pair = only_pair(only_response(attempt.reply.body, "response_range"));
    attempt.term = integer_in(pair, "create_revision");
    attempt.owner = text_in(pair, "lease");
  }
  attempt.own = attempt.owner == own;
  return attempt;
}

Completion LeasedKeys::acquire(const std::string& key, Nanos deadline) {
  const Attempt attempt = take(key, deadline);
  if (!attempt.reply.ok()) return classify(attempt.reply, attempt.has_effect);
  return attempt.own ? done(attempt.term) : unmet();
}

Completion LeasedKeys::renew(const std::string& key, Nanos deadline) {
  if (!leases_.contains(key)) return unmet();
  const Reply reply = keep_alive(key, deadline);
  if (!reply.ok()) return classify(reply, true);
  return leases_.contains(key) ? done({}) : unmet();
}

Completion LeasedKeys::release(const std::string& key, Nanos deadline) {
  const auto lease = leases_.find(key);
  if (lease == leases_.end()) return unmet();
  const Reply reply = gateway_.post("lease/revoke", Value::Map{{"ID", lease->second}}, deadline);
  const bool over = reply.kind == Reply::Kind::refused && reply.code == not_found;
  if (!reply.ok() && !over) return classify(reply, true);
  leases_.erase(lease);
  return over ? unmet() : done({});
}

Completion LeasedKeys::use(const std::string& key, const Value& token, Nanos deadline) {
  const auto* number = token.get_if<std::int64_t>();
  if (number == nullptr || *number < 0) return unsupported();
  const std::string resource = base64(key + "/resource");
  const std::string value = base64(padded(*number));
  // Of a key that is not there no comparison of values holds.
  const Reply reply = gateway_.post(
      "kv/txn",
      Value::Map{
          {"compare",
           Value::List{Value::Map{
               {"key", resource}, {"target", "VALUE"}, {"result", "GREATER"}, {"value", value}}}},
          {"failure", Value::List{Value::Map{
                          {"requestPut", Value::Map{{"key", resource}, {"value", value}}}}}}},
      deadline);
  if (!reply.ok()) return classify(reply, true);
  return succeeded(reply.body) ? unmet() : done(token);
}

Completion LeasedKeys::elect(const std::string& key, Nanos deadline) {
  const Attempt attempt = take(key, deadline);
  if (!attempt.reply.ok()) return classify(attempt.reply, attempt.has_effect);
  return done(Value::List{attempt.term, attempt.owner});
}

Completion LeasedKeys::leader(const std::string& key, bool serializable, Nanos deadline) {
  Value::Map request{{"key", base64(key)}};
  if (serializable) request.emplace_back("serializable", true);
  const Reply reply = gateway_.post("kv/range", request, deadline);
  if (!reply.ok()) return classify(reply, false);
  const Value pair = only_pair(reply.body);
  if (pair.is_nil()) return done({});
  return done(Value::List{integer_in(pair, "create_revision"), text_in(pair, "lease")});
}

}  // namespace assay::etcd
