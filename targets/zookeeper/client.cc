#include "targets/zookeeper/client.h"

#define THREADED
#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <array>
#include <utility>

#include "targets/completions.h"
#include "targets/json.h"

namespace assay::zookeeper {
namespace {

constexpr bool definite = true;
constexpr bool doubtful = false;

// What is not named is in doubt.
constexpr std::array rows{
    ErrorRow{ZNONODE, definite},         ErrorRow{ZNODEEXISTS, definite},
    ErrorRow{ZBADVERSION, definite},     ErrorRow{ZNOAUTH, definite},
    ErrorRow{ZBADARGUMENTS, definite},   ErrorRow{ZINVALIDSTATE, definite},
    ErrorRow{ZNOTEMPTY, definite},       ErrorRow{ZMARSHALLINGERROR, definite},
    ErrorRow{ZCONNECTIONLOSS, doubtful}, ErrorRow{ZOPERATIONTIMEOUT, doubtful},
    ErrorRow{ZSESSIONEXPIRED, doubtful}, ErrorRow{ZCLOSING, doubtful},
};

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
    FunctionRow{"acquire", "fencing"},
    FunctionRow{"use", "fencing"},
    FunctionRow{"release", "fencing"},
    FunctionRow{"elect", "leader-election"},
    FunctionRow{"leader", "leader-election"},
};

Value value_of(const std::string& text) {
  auto value = parse_json(text);
  return value.ok() ? *std::move(value) : Value();
}

}  // namespace

Functions functions() { return function_rows; }

Completion classify(int code, bool has_effect) {
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [&](const ErrorRow& each) { return each.code == code; });
  const bool failed = !has_effect || (row != rows.end() && row->definite);
  return {failed ? EventType::fail : EventType::info, {}, zerror(code)};
}

Completion ZookeeperClient::invoke(const Invocation& invocation, Nanos timeout) {
  const Nanos start = monotonic_now();
  Completion completion = attempt(invocation, start + timeout);
  if (completion.type != EventType::ok && completion.error != unmet_precondition) {
    // A session that lost its server goes on trying; a new one knows at once.
    session_.close();
  }
  pause_after_failure(completion, start, timeout);
  return completion;
}

Completion ZookeeperClient::attempt(const Invocation& invocation, Nanos deadline) {
  if (!session_.is_open() && !session_.open(endpoint_, deadline)) {
    return {EventType::fail, {}, "no session"};
  }
  std::string name = json_text(invocation.key.value_or(Value("")));
  std::erase_if(name, [](char c) { return c == '"' || c == '/'; });
  const std::string path = "/assay/k" + name;
  if (invocation.f == "read") return read(path, deadline);
  if (invocation.f == "write") return write(path, invocation.value, deadline);
  if (invocation.f == "add") return add(path, invocation.value, deadline);
  if (invocation.f == "acquire") return acquire(path, deadline);
  if (invocation.f == "release") return release(path, deadline);
  if (invocation.f == "use") return use(path, invocation.value, deadline);
  if (invocation.f == "elect") return elect(path, deadline);
  if (invocation.f == "leader") return leader(path, deadline);
  return cas(path, invocation.value, deadline);
}

Reply ZookeeperClient::synced(Nanos deadline) {
  return settings_.sync ? session_.sync("/assay", deadline) : Reply{};
}

Completion ZookeeperClient::read(const std::string& path, Nanos deadline) {
  if (const Reply reply = synced(deadline); reply.code != ZOK) return classify(reply.code, false);
  const bool set = settings_.datatype == "set";
  const Reply reply = set ? session_.children(path, deadline) : session_.get(path, deadline);
  if (reply.code == ZNONODE) return done(set ? Value(Value::List{}) : Value());
  if (reply.code != ZOK) return classify(reply.code, false);
  if (!set) return done(value_of(reply.data));
  Value::List elements;
  for (const std::string& child : reply.children) elements.push_back(value_of(child));
  return done(std::move(elements));
}

Completion ZookeeperClient::write(const std::string& path, const Value& value, Nanos deadline) {
  const std::string text = json_text(value);
  Reply reply = session_.set(path, text, -1, deadline);
  if (reply.code == ZNONODE) {
    reply = session_.create(path, text, deadline);
    if (reply.code == ZNODEEXISTS) reply = session_.set(path, text, -1, deadline);
  }
  return reply.code == ZOK ? done(value) : classify(reply.code, true);
}

Completion ZookeeperClient::add(const std::string& path, const Value& value, Nanos deadline) {
  const std::string element = path + "/" + json_text(value);
  Reply reply = session_.create(element, "", deadline);
  if (reply.code == ZNONODE) {
    const Reply parent = session_.create(path, "", deadline);
    if (parent.code != ZOK && parent.code != ZNODEEXISTS) return classify(parent.code, false);
    reply = session_.create(element, "", deadline);
  }
  return reply.code == ZOK ? done(value) : classify(reply.code, true);
}

Completion ZookeeperClient::cas(const std::string& path, const Value& value, Nanos deadline) {
  const auto* pair = value.get_if<Value::List>();
  if (pair == nullptr || pair->size() != 2) return unsupported();
  const std::string next = json_text((*pair)[1]);
  if ((*pair)[0].is_nil()) {
    const Reply created = session_.create(path, next, deadline);
    if (created.code == ZNODEEXISTS) return unmet();
    return created.code == ZOK ? done(value) : classify(created.code, true);
  }
  const Reply now = session_.get(path, deadline);
  if (now.code == ZNONODE) return unmet();
  if (now.code != ZOK) return classify(now.code, false);
  if (!(value_of(now.data) == (*pair)[0])) return unmet();
  const Reply reply = session_.set(path, next, now.version, deadline);
  if (reply.code == ZBADVERSION) return unmet();
  return reply.code == ZOK ? done(value) : classify(reply.code, true);
}

}  // namespace assay::zookeeper
