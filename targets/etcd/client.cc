#include "targets/etcd/client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "targets/completions.h"
#include "targets/json.h"

namespace assay::etcd {
namespace {

constexpr std::array function_rows{
    FunctionRow{"read", "register"},
    FunctionRow{"write", "register"},
    FunctionRow{"cas", "register"},
    FunctionRow{"read", "set"},
    FunctionRow{"add", "set"},
    FunctionRow{"acquire", "owned-mutex"},
    FunctionRow{"release", "owned-mutex"},
    FunctionRow{"acquire", "fenced-lock"},
    FunctionRow{"release", "fenced-lock"},
    FunctionRow{"acquire", "lease"},
    FunctionRow{"renew", "lease"},
    FunctionRow{"release", "lease"},
    FunctionRow{"acquire", "fencing"},
    FunctionRow{"use", "fencing"},
    FunctionRow{"release", "fencing"},
    FunctionRow{"elect", "leader-election"},
    FunctionRow{"leader", "leader-election"},
    FunctionRow{"commit", "watch"},
    FunctionRow{"watch", "watch"},
};

/// Stored values are JSON.
Value stored_value(const Value& pair) {
  const Value* text = find(pair, "value");
  const auto* encoded = text == nullptr ? nullptr : text->get_if<std::string>();
  if (encoded == nullptr) return {};
  const auto bytes = from_base64(*encoded);
  if (!bytes) return {};
  auto value = parse_json(*bytes);
  return value.ok() ? *std::move(value) : Value();
}

const Value::List* pairs_of(const Value& body) {
  const Value* pairs = find(body, "kvs");
  return pairs == nullptr ? nullptr : pairs->get_if<Value::List>();
}

}  // namespace

Functions functions() { return function_rows; }

Completion EtcdClient::invoke(const Invocation& invocation, Nanos timeout) {
  const Nanos start = monotonic_now();
  Completion completion = attempt(invocation, start + timeout);
  pause_after_failure(completion, start, timeout);
  return completion;
}

Completion EtcdClient::attempt(const Invocation& invocation, Nanos deadline) {
  const std::string& f = invocation.f;
  const std::string prefix = "assay/";
  const std::string key = prefix + json_text(invocation.key.value_or(Value("")));
  if (f == "read") return read(key, deadline);
  if (f == "cas") return cas(key, invocation.value, deadline);
  if (f == "commit") return commit(gateway_, prefix, invocation.value, deadline);
  if (f == "watch") return watch(gateway_, prefix, invocation.value, settings_.watch, deadline);
  if (settings_.datatype == "owned-mutex") {
    return f == "acquire" ? acquire(key, deadline) : release(deadline);
  }
  if (f == "acquire") return leased_.acquire(key, deadline);
  if (f == "renew") return leased_.renew(key, deadline);
  if (f == "release") return leased_.release(key, deadline);
  if (f == "use") return leased_.use(key, invocation.value, deadline);
  if (f == "elect") return leased_.elect(key, deadline);
  if (f == "leader") return leased_.leader(key, settings_.serializable_reads, deadline);
  const std::string value = json_text(invocation.value);
  const std::string place = f == "add" ? key + "/" + value : key;
  const Reply reply = gateway_.post(
      "kv/put", Value::Map{{"key", base64(place)}, {"value", base64(value)}}, deadline);
  return reply.ok() ? done(invocation.value) : classify(reply, true);
}

Completion EtcdClient::read(const std::string& key, Nanos deadline) {
  const bool set = settings_.datatype == "set";
  Value::Map request{{"key", base64(set ? key + "/" : key)}};
  if (set) request.emplace_back("range_end", base64(end_of_prefix(key + "/")));
  if (settings_.serializable_reads) request.emplace_back("serializable", true);
  const Reply reply = gateway_.post("kv/range", request, deadline);
  if (!reply.ok()) return classify(reply, false);
  const Value::List* pairs = pairs_of(reply.body);
  if (!set)
    return done(pairs == nullptr || pairs->empty() ? Value() : stored_value(pairs->front()));
  Value::List elements;
  if (pairs != nullptr) {
    for (const Value& pair : *pairs) elements.push_back(stored_value(pair));
  }
  return done(std::move(elements));
}

Completion EtcdClient::cas(const std::string& key, const Value& value, Nanos deadline) {
  const auto* pair = value.get_if<Value::List>();
  if (pair == nullptr || pair->size() != 2) return unsupported();
  Value::Map comparison{{"key", base64(key)}, {"result", "EQUAL"}};
  if ((*pair)[0].is_nil()) {
    comparison.emplace_back("target", "VERSION");
    comparison.emplace_back("version", "0");
  } else {
    comparison.emplace_back("target", "VALUE");
    comparison.emplace_back("value", base64(json_text((*pair)[0])));
  }
  const Value put = Value::Map{
      {"requestPut", Value::Map{{"key", base64(key)}, {"value", base64(json_text((*pair)[1]))}}}};
  const Reply reply = gateway_.post(
      "kv/txn",
      Value::Map{{"compare", Value::List{Value(comparison)}}, {"success", Value::List{put}}},
      deadline);
  if (!reply.ok()) return classify(reply, true);
  const Value* succeeded = find(reply.body, "succeeded");
  return succeeded != nullptr && *succeeded == Value(true) ? done(value) : unmet();
}

Completion EtcdClient::acquire(const std::string& name, Nanos deadline) {
  const Reply lease = gateway_.post(
      "lease/grant", Value::Map{{"TTL", std::to_string(settings_.lease_seconds)}}, deadline);
  // A lease alone holds no lock.
  if (!lease.ok()) return classify(lease, false);
  const Value* id = find(lease.body, "ID");
  if (id == nullptr) return {EventType::fail, {}, "lease without an id"};
  const Reply lock =
      gateway_.post("lock/lock", Value::Map{{"name", base64(name)}, {"lease", *id}}, deadline);
  if (!lock.ok()) return classify(lock, true);
  const Value* key = find(lock.body, "key");
  const auto* text = key == nullptr ? nullptr : key->get_if<std::string>();
  if (text == nullptr) return {EventType::info, {}, "lock without a key"};
  held_ = *text;
  return done({});
}

Completion EtcdClient::release(Nanos deadline) {
  if (held_.empty()) return unmet();
  const Reply reply = gateway_.post("lock/unlock", Value::Map{{"key", held_}}, deadline);
  if (!reply.ok()) return classify(reply, true);
  held_.clear();
  return done({});
}

}  // namespace assay::etcd
