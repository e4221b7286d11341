// Locks and elections of ZooKeeper: whoever makes a node has it until its session ends. The
// transaction that made it is the token, or the term (Hunt et al., "ZooKeeper", 2010).
#define THREADED
#include <zookeeper/zookeeper.h>

#include <charconv>

#include "targets/completions.h"
#include "targets/zookeeper/client.h"

namespace assay::zookeeper {
namespace {

Value office(const Reply& node) { return Value::List{node.created, node.owner}; }

std::int64_t number_in(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

Completion ZookeeperClient::acquire(const std::string& path, Nanos deadline) {
  const Reply reply = session_.create_ephemeral(path, deadline);
  if (reply.code == ZNODEEXISTS) return unmet();
  return reply.code == ZOK ? done(reply.created) : classify(reply.code, true);
}

Completion ZookeeperClient::release(const std::string& path, Nanos deadline) {
  const Reply reply = session_.remove(path, deadline);
  if (reply.code == ZOK) return done({});
  if (reply.code == ZNONODE) return unmet();
  // The session is given up, and the lock ends with it, sooner or later.
  return {EventType::info, {}, zerror(reply.code)};
}

Completion ZookeeperClient::use(const std::string& path, const Value& token, Nanos deadline) {
  const auto* number = token.get_if<std::int64_t>();
  if (number == nullptr) return unsupported();
  const std::string resource = path + "-resource";
  const std::string text = std::to_string(*number);
  // Until nobody else has written between looking and writing.
  while (true) {
    const Reply now = session_.get(resource, deadline);
    if (now.code != ZOK && now.code != ZNONODE) return classify(now.code, false);
    if (now.code == ZOK && number_in(now.data) > *number) return unmet();
    const Reply written = now.code == ZOK ? session_.set(resource, text, now.version, deadline)
                                          : session_.create(resource, text, deadline);
    if (written.code == ZOK) return done(token);
    if (written.code != ZBADVERSION && written.code != ZNODEEXISTS) {
      return classify(written.code, true);
    }
  }
}

Completion ZookeeperClient::elect(const std::string& path, Nanos deadline) {
  const Reply made = session_.create_ephemeral(path, deadline);
  if (made.code == ZOK) return done(office(made));
  if (made.code != ZNODEEXISTS) return classify(made.code, true);
  return leader(path, deadline);
}

Completion ZookeeperClient::leader(const std::string& path, Nanos deadline) {
  if (const Reply reply = synced(deadline); reply.code != ZOK) return classify(reply.code, false);
  const Reply node = session_.get(path, deadline);
  if (node.code == ZNONODE) return done({});
  return node.code == ZOK ? done(office(node)) : classify(node.code, false);
}

}  // namespace assay::zookeeper
