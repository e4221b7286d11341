// The coordination service: what its machine does with each command, what leaders decide about
// silent clients, and what watches deliver.
#include "targets/reference/protocols/coordination/coordination.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <utility>

#include "targets/reference/operations.h"
#include "targets/reference/protocols/commands.h"
#include "tests/targets/worlds.h"

namespace assay::reference {
namespace {

/// Clients of one machine, by number; each command as a history spells it.
class Service {
 public:
  explicit Service(std::size_t history = 1000, Bugs<CoordinationBug> bugs = {})
      : machine(history, bugs) {}

  Reply ask(const std::string& f, const Value& key, const Value& value = {},
            std::uint64_t client = 1) {
    auto command = to_command({f, key, value});
    REQUIRE_MESSAGE(command.has_value(), f);
    command->id = {client, ++sequence_};
    return reference::mutates(*command) ? machine.apply(*command) : machine.query(*command);
  }
  Value told(const std::string& f, const Value& key, const Value& value = {},
             std::uint64_t client = 1) {
    const Reply reply = ask(f, key, value, client);
    CAPTURE(f);
    CHECK(reply.outcome == Outcome::ok);
    return to_value(reply.value);
  }
  bool refuses(const std::string& f, const Value& key, const Value& value = {},
               std::uint64_t client = 1) {
    return ask(f, key, value, client).outcome == Outcome::mismatch;
  }

  CoordinationMachine machine;

 private:
  std::uint64_t sequence_ = 0;
};

Value list(std::initializer_list<Value> values) { return Value::List(values); }

TEST_CASE("coordination: nodes are made, changed by version, and removed once they are empty") {
  Service service;
  CHECK(service.told("create", "app", Value::Map{{"data", 7}}) == Value("app"));
  CHECK(service.refuses("create", "app", Value::Map{}));
  CHECK(service.refuses("create", "none/child", Value::Map{}));
  CHECK(service.told("set", "app", list({0, 8})) == Value(1));
  CHECK(service.refuses("set", "app", list({0, 9})));
  CHECK(service.told("set", "app", list({{}, 9})) == Value(2));
  CHECK(service.told("read", "app") == Value(9));
  CHECK(service.told("exists", "app") == Value(true));
  CHECK(service.told("exists", "none") == Value(false));
  CHECK(service.told("get", "none") == Value());
  service.told("create", "app/b", Value::Map{});
  service.told("create", "app/a", Value::Map{});
  service.told("create", "app/a/deep", Value::Map{});
  CHECK(service.told("children", "app") == list({"a", "b"}));
  CHECK(service.refuses("delete", "app"));
  CHECK(service.refuses("delete", "app/b", 1));
  service.told("delete", "app/b", 0);
  service.told("delete", "app/a/deep");
  service.told("delete", "app/a");
  service.told("delete", "app");
  CHECK(service.refuses("delete", "app"));
  for (const char* path : {"", "/app", "app/", "a//b"}) {
    CHECK(service.ask("create", path, Value::Map{}).outcome == Outcome::bad_request);
  }
}

TEST_CASE("coordination: numbers of sequential nodes are never given twice") {
  for (const bool counts_children : {false, true}) {
    Bugs<CoordinationBug> bugs;
    if (counts_children) bugs.set(CoordinationBug::sequence_from_children);
    Service service(1000, bugs);
    service.told("create", "jobs", Value::Map{});
    const Value next = Value::Map{{"sequential", true}};
    CHECK(service.told("create", "jobs/job-", next) == Value("jobs/job-0000000001"));
    CHECK(service.told("create", "jobs/job-", next) == Value("jobs/job-0000000002"));
    service.told("delete", "jobs/job-0000000002");
    CHECK(service.told("create", "jobs/job-", next) ==
          Value(counts_children ? "jobs/job-0000000002" : "jobs/job-0000000003"));
  }
}

TEST_CASE("coordination: a session's end takes what the client owns, unless it was heard again") {
  Service service;
  service.told("create", "mine", Value::Map{{"ephemeral", true}}, 5);
  service.told("create", "yours", Value::Map{{"ephemeral", true}}, 6);
  CHECK(service.refuses("create", "mine/child", Value::Map{}, 6));
  const auto then = service.machine.sessions();
  REQUIRE(then.size() == 2);
  service.told("sync", {}, {}, 6);
  service.machine.expire(then);
  CHECK(service.told("exists", "mine") == Value(false));
  CHECK(service.told("exists", "yours") == Value(true));
  service.told("close-session", {}, {}, 6);
  CHECK(service.told("exists", "yours") == Value(false));
}

TEST_CASE("coordination: a lock has one holder, a token that grows, and a resource that knows it") {
  Service service;
  CHECK(service.told("acquire", 1, {}, 5) == Value(1));
  CHECK(service.refuses("acquire", 1, {}, 6));
  CHECK(service.refuses("release", 1, {}, 6));
  CHECK(service.refuses("renew", 1, {}, 6));
  service.told("renew", 1, {}, 5);
  service.told("use", 1, 1, 5);
  service.machine.expire(service.machine.sessions());
  CHECK(service.told("acquire", 1, {}, 6) == Value(2));
  // The old holder does not know yet, and the resource has not heard of the new one.
  service.told("use", 1, 1, 5);
  service.told("use", 1, 2, 6);
  CHECK(service.refuses("use", 1, 1, 5));
  CHECK(service.refuses("release", 1, {}, 5));
  service.told("release", 1, {}, 6);
  CHECK(service.told("acquire", 1, {}, 5) == Value(3));
}

TEST_CASE("coordination: an election has one leader, and the next one a later term") {
  Service service;
  CHECK(service.told("leader", "vote") == Value());
  CHECK(service.told("elect", "vote", {}, 5) == list({1, 5}));
  CHECK(service.told("elect", "vote", {}, 6) == list({1, 5}));
  CHECK(service.told("elect", "vote", {}, 5) == list({1, 5}));
  service.told("close-session", {}, {}, 5);
  CHECK(service.told("leader", "vote") == list({2, 6}));
  CHECK(service.told("elect", "vote", {}, 5) == list({2, 6}));
}

TEST_CASE("coordination: a transaction compares, and changes all or nothing at one revision") {
  Service service;
  CHECK(service.told("commit", {}, list({list({"put", "a", 1}), list({"put", "b", 2})})) ==
        Value(1));
  CHECK(service.told("commit", {}, list({list({"delete", "none"})})) == Value());
  const Value then = list({list({"put", "a", 10}), list({"delete", "b"})});
  const Value otherwise = list({list({"put", "c", 3})});
  const auto compare = [&](const Value& condition) {
    return service.told("compare", {}, list({list({condition}), then, otherwise}));
  };
  CHECK(compare(list({"a", "data", "=", 2})) == list({false, 2}));
  CHECK(compare(list({"none", "created", ">", 0})) == list({false, 3}));
  CHECK(compare(list({"a", "created", "=", 1})) == list({true, 4}));
  CHECK(service.told("read", "a") == Value(10));
  CHECK(service.told("exists", "b") == Value(false));
  CHECK(service.ask("compare", {}, list({list({"a"}), then, otherwise})).outcome ==
        Outcome::bad_request);
  CHECK(service.ask("commit", {}, list({list({"put", "a", 1}), list({"delete", "a"})})).outcome ==
        Outcome::bad_request);
  CHECK(service.refuses("commit", {}, list({list({"put", "d", 1}), list({"put", "no/d", 1})})));
  CHECK(service.told("exists", "d") == Value(false));
}

TEST_CASE("coordination: a snapshot is the whole machine") {
  Service service(5);
  for (int i = 0; i < 9; ++i) service.told("commit", {}, list({list({"put", "k", i})}));
  service.told("acquire", 1, {}, 5);
  service.told("release", 1, {}, 5);
  service.told("acquire", 1, {}, 6);
  CoordinationMachine other(5, {});
  REQUIRE(other.decode(service.machine.encode(true)));
  CHECK(other.encode(true) == service.machine.encode(true));
  CHECK(other.sessions() == service.machine.sessions());
  CHECK(other.tree().oldest() == service.machine.tree().oldest());
  CHECK(other.tree().oldest() > 1);
  CHECK_FALSE(other.decode("nonsense"));
  CHECK(other.encode(true) == service.machine.encode(true));
}

/// A calm cluster that is asked one thing after another.
class Cluster {
 public:
  explicit Cluster(bool local_reads, Bugs<CoordinationBug> bugs = {})
      : world(5, 3, {}, [=](const Membership& membership, const Random& random) {
          CoordinationConfig config;
          config.raft.self = membership.self;
          config.raft.members = membership.members;
          config.raft.answer_when_applied = true;
          config.local_reads = local_reads;
          config.clock_drift = 0;
          config.bugs = bugs;
          return std::make_unique<Coordination>(std::move(config), random);
        }) {
    world.on_reply = [this](NodeId, const Reply& reply) { replies[reply.id] = reply; };
    wait(1500);
  }
  void wait(int ms) { world.run_until(world.now() + milliseconds(ms)); }
  RequestId send(NodeId at, const std::string& f, const Value& key, const Value& value = {},
                 std::uint64_t client = 1) {
    auto command = to_command({f, key, value});
    REQUIRE_MESSAGE(command.has_value(), f);
    command->id = {client, ++sequence_};
    world.request(at, *command);
    return command->id;
  }
  Reply ask(NodeId at, const std::string& f, const Value& key, const Value& value = {},
            std::uint64_t client = 1) {
    const RequestId id = send(at, f, key, value, client);
    wait(200);
    const auto found = replies.find(id);
    return found == replies.end() ? Reply{id, Outcome::in_doubt, {}} : found->second;
  }
  NodeId follower() {
    for (const NodeId member : world.members()) {
      if (member != leader_of(world)) return member;
    }
    return NodeId::none;
  }

  World world;
  std::map<RequestId, Reply> replies;

 private:
  std::uint64_t sequence_ = 0;
};

TEST_CASE("coordination: a silent client loses its lock, one that renews keeps it") {
  Cluster cluster(false);
  const NodeId at = cluster.follower();
  REQUIRE(cluster.ask(at, "acquire", 1, {}, 5).outcome == Outcome::ok);
  for (int i = 0; i < 6; ++i) {
    CHECK(cluster.ask(at, "renew", 1, {}, 5).outcome == Outcome::ok);
    CHECK(cluster.ask(at, "acquire", 1, {}, 6).outcome == Outcome::mismatch);
  }
  cluster.wait(900);
  CHECK(cluster.ask(at, "renew", 1, {}, 5).outcome == Outcome::mismatch);
  CHECK(to_value(cluster.ask(at, "acquire", 1, {}, 6).value) == Value(2));
}

TEST_CASE("coordination: after an election every session has its whole time again") {
  for (const bool doubts : {false, true}) {
    Bugs<CoordinationBug> bugs;
    if (doubts) bugs.set(CoordinationBug::expire_at_election);
    Cluster cluster(false, bugs);
    const NodeId at = cluster.follower();
    REQUIRE(cluster.ask(at, "acquire", 1, {}, 5).outcome == Outcome::ok);
    cluster.send(at, "hand-over", {}, static_cast<std::int64_t>(at));
    cluster.wait(250);
    REQUIRE(leader_of(cluster.world) == at);
    CHECK(cluster.ask(at, "renew", 1, {}, 5).outcome == (doubts ? Outcome::mismatch : Outcome::ok));
  }
}

TEST_CASE("coordination: local reads may be old, but not older than what their client knows") {
  Cluster cluster(true);
  const NodeId leader = leader_of(cluster.world);
  const NodeId away = cluster.follower();
  REQUIRE(cluster.ask(away, "write", "x", 1).outcome == Outcome::ok);
  CHECK(to_value(cluster.ask(away, "read", "x").value) == Value(1));
  std::set<NodeId> others(cluster.world.members().begin(), cluster.world.members().end());
  others.erase(away);
  partition(cluster.world, {away}, others);
  REQUIRE(cluster.ask(leader, "write", "x", 2, 2).outcome == Outcome::ok);
  CHECK(to_value(cluster.ask(away, "read", "x").value) == Value(1));
  // After a restart it no longer knows what it has shown, and must ask first.
  cluster.world.crash(away);
  cluster.world.restart(away);
  CHECK(cluster.ask(away, "read", "x").outcome == Outcome::in_doubt);
  cluster.world.mend_all();
  cluster.wait(1500);
  CHECK(to_value(cluster.ask(away, "read", "x").value) == Value(2));
}

TEST_CASE("coordination: a watch waits for what happens, and resumes where it was") {
  Cluster cluster(true);
  const NodeId at = cluster.follower();
  const auto watch = [&](const Value& revision) {
    return Value::Map{{"key", "k"}, {"prefix", true}, {"revision", revision}};
  };
  const RequestId early = cluster.send(at, "watch", {}, watch(0));
  cluster.wait(100);
  CHECK_FALSE(cluster.replies.contains(early));
  REQUIRE(cluster.ask(at, "commit", {}, list({list({"put", "k1", 1}), list({"put", "k2", 2})}), 2)
              .outcome == Outcome::ok);
  REQUIRE(cluster.replies.contains(early));
  const Value first = to_value(cluster.replies.at(early).value);
  const auto* responses = first.get_if<Value::List>();
  REQUIRE(responses != nullptr);
  REQUIRE(responses->size() == 2);
  CHECK(responses->back() == Value(Value::Map{{"progress", true}, {"revision", 1}}));
  CHECK(to_value(cluster.ask(at, "watch", {}, watch(1)).value) == first);
  const RequestId idle = cluster.send(at, "watch", {}, watch(2));
  cluster.wait(600);
  CHECK(to_value(cluster.replies.at(idle).value) ==
        list({Value::Map{{"progress", true}, {"revision", 1}}}));
  CHECK(cluster.ask(at, "watch", {}, 5).outcome == Outcome::bad_request);
}

TEST_CASE("coordination: a watch of what is forgotten says so") {
  Service service(3);
  for (int i = 0; i < 9; ++i) service.told("commit", {}, list({list({"put", "k", i})}));
  Watches watches({});
  auto command = to_command({"watch", {}, Value::Map{{"key", "k"}, {"revision", 2}}});
  REQUIRE(command.has_value());
  command->id = {1, 1};
  watches.add(Nanos(0), *command, service.machine.tree());
  std::vector<Reply> replies;
  watches.serve(Nanos(0), service.machine.tree(), replies);
  REQUIRE(replies.size() == 1);
  CHECK(to_value(replies[0].value) == list({Value::Map{{"error", "compacted"}, {"revision", 7}}}));
}

}  // namespace
}  // namespace assay::reference
