// Protocols in which every member takes writes: what each promises and what it does not, step by
// step in a simulated world.
#include <doctest/doctest.h>

#include <memory>
#include <utility>

#include "targets/reference/protocols/causal/causal_store.h"
#include "targets/reference/protocols/multi_leader/multi_leader.h"
#include "targets/reference/protocols/quorum/quorum.h"
#include "tests/targets/register_history.h"

namespace assay::reference {
namespace {

constexpr NodeId n1{1};
constexpr NodeId n2{2};
constexpr NodeId n3{3};

const Datum one{std::int64_t{1}};
const Datum two{std::int64_t{2}};

/// A world of one protocol, with clients that make one request after the other.
class Cluster {
 public:
  Cluster(std::size_t size, World::Make make, std::uint64_t seed = 1)
      : world(seed, size, Weather{}, std::move(make)) {
    world.on_reply = [this](NodeId, const Reply& reply) { replies_[reply.id] = reply; };
  }

  RequestId write(NodeId at, std::uint64_t client, const Datum& key, const Datum& value) {
    return ask(at, client, CommandKind::write, key, value);
  }
  RequestId read(NodeId at, std::uint64_t client, const Datum& key) {
    return ask(at, client, CommandKind::read, key, {});
  }
  /// Reads and waits for the answer, which must come within a second.
  Datum value(NodeId at, std::uint64_t client, const Datum& key) {
    const RequestId id = read(at, client, key);
    const Nanos until = world.now() + milliseconds(1000);
    while (!replies_.contains(id) && world.step(until)) {
    }
    REQUIRE(replies_.contains(id));
    REQUIRE(replies_.at(id).outcome == Outcome::ok);
    return replies_.at(id).value;
  }
  bool done(const RequestId& id) const { return replies_.contains(id); }
  bool ok(const RequestId& id) const { return done(id) && replies_.at(id).outcome == Outcome::ok; }
  Outcome outcome(const RequestId& id) const { return replies_.at(id).outcome; }
  void pass(std::int64_t ms) { world.run_until(world.now() + milliseconds(ms)); }

  World world;

 private:
  RequestId ask(NodeId at, std::uint64_t client, CommandKind kind, Datum key, Datum value) {
    Command command;
    command.kind = kind;
    command.id = {client, ++sequences_[client]};
    command.key = std::move(key);
    command.value = std::move(value);
    const RequestId id = command.id;
    world.request(at, std::move(command));
    return id;
  }
  std::map<std::uint64_t, std::uint64_t> sequences_;
  std::map<RequestId, Reply> replies_;
};

World::Make quorum_of(ReadRepair read, bool sloppy = false) {
  return [=](const Membership& membership, const Random& random) {
    QuorumConfig config;
    config.membership = membership;
    config.read = read;
    config.sloppy = sloppy;
    return std::make_unique<Quorum>(std::move(config), random);
  };
}

Quorum& quorum_at(Cluster& cluster, NodeId member) {
  return dynamic_cast<Quorum&>(*cluster.world.protocol(member));
}

/// Two reads, one after the other, while a write of 2 over 1 is on its way: one at a member that
/// has it, then one that meets two members that have not.
std::pair<Datum, Datum> reads_during_write(ReadRepair read) {
  Cluster cluster(3, quorum_of(read));
  const Datum key = std::int64_t{7};
  const auto first = cluster.write(n1, 1, key, one);
  cluster.pass(400);
  REQUIRE(cluster.ok(first));
  cluster.write(n1, 1, key, two);
  while (!(quorum_at(cluster, n1).version(key).value == two)) {
    REQUIRE(cluster.world.step(cluster.world.now() + milliseconds(100)));
  }
  // The copies for the others are on the wire, and are lost there. They will be sent again.
  partition(cluster.world, {n1}, {n2, n3});
  cluster.pass(6);
  cluster.world.mend_all();
  REQUIRE(quorum_at(cluster, n2).version(key).value == one);
  REQUIRE(quorum_at(cluster, n3).version(key).value == one);
  const Datum seen_first = cluster.value(n1, 2, key);
  cluster.world.cut(n1, n2);
  return {seen_first, cluster.value(n2, 3, key)};
}

TEST_CASE("quorum: R + W > N is not linearizable: a later read may miss what an earlier one saw") {
  const auto [first, second] = reads_during_write(ReadRepair::none);
  CHECK(first == two);
  CHECK(second == one);
}

TEST_CASE("quorum: a read that writes back before it answers is never followed by an older one") {
  const auto [first, second] = reads_during_write(ReadRepair::write_back);
  CHECK(first == two);
  CHECK(second == two);
}

TEST_CASE("quorum: a read after an acknowledged write meets it, whoever is asked") {
  Cluster cluster(3, quorum_of(ReadRepair::none));
  for (std::int64_t value = 1; value <= 30; ++value) {
    // One replica misses every write.
    const NodeId deaf{static_cast<std::uint32_t>(value % 3 + 1)};
    const NodeId writer{static_cast<std::uint32_t>((value + 1) % 3 + 1)};
    cluster.world.cut(writer, deaf);
    const auto id = cluster.write(writer, 1, one, value);
    while (!cluster.done(id)) REQUIRE(cluster.world.step(cluster.world.now() + milliseconds(500)));
    REQUIRE(cluster.ok(id));
    CHECK(cluster.value(deaf, 2, one) == Datum{value});
    cluster.world.mend_all();
  }
}

TEST_CASE("quorum: compare-and-set is refused; without a quorum nothing is written") {
  Cluster cluster(3, quorum_of(ReadRepair::repair));
  Command command;
  command.kind = CommandKind::cas;
  command.id = {9, 1};
  command.key = one;
  cluster.world.request(n1, command);
  CHECK(cluster.outcome({9, 1}) == Outcome::bad_request);
  partition(cluster.world, {n1}, {n2, n3});
  const auto write = cluster.write(n1, 1, one, two);
  const auto read = cluster.read(n1, 2, one);
  cluster.pass(2000);
  CHECK(cluster.outcome(write) == Outcome::unavailable);
  CHECK(cluster.outcome(read) == Outcome::unavailable);
  cluster.world.mend_all();
  cluster.pass(2000);
  CHECK(is_nil(cluster.value(n1, 3, one)));
}

TEST_CASE("quorum: with sloppy quorums others stand in, and hand over what they kept") {
  for (const bool sloppy : {false, true}) {
    CAPTURE(sloppy);
    Cluster cluster(5, quorum_of(ReadRepair::repair, sloppy));
    const auto order = Ring(cluster.world.members(), 3).preference(one);
    // The client's member hears only the two members that do not hold the key.
    const NodeId coordinator = order[3];
    partition(cluster.world, {order[0], order[1], order[2]}, {order[3], order[4]});
    const auto write = cluster.write(coordinator, 1, one, two);
    cluster.pass(1800);
    CHECK(cluster.ok(write) == sloppy);
    std::size_t hints = 0;
    for (const NodeId member : cluster.world.members()) {
      hints += quorum_at(cluster, member).hints();
    }
    CHECK((hints > 0) == sloppy);
    if (!sloppy) continue;
    // Acknowledged, and yet a reader on the other side does not see it.
    CHECK(is_nil(cluster.value(order[0], 2, one)));
    cluster.world.mend_all();
    cluster.pass(1500);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(quorum_at(cluster, order[i]).version(one).value == two);
    }
    for (const NodeId member : cluster.world.members()) {
      CHECK(quorum_at(cluster, member).hints() == 0);
    }
  }
}

TEST_CASE("quorum: with write-back, clients under crashes and partitions see one register") {
  std::size_t acknowledged = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    Weather weather;
    weather.loss = 0.05;
    weather.repeat = 0.05;
    World world(seed, seed % 2 == 0 ? 3 : 5, weather, quorum_of(ReadRepair::write_back));
    RegisterClients clients(world, 6, 4, milliseconds(2500));
    for (Nanos when = milliseconds(200); when < milliseconds(2200); when += milliseconds(150)) {
      world.at(when, [&world] {
        const NodeId member{static_cast<std::uint32_t>(world.random().between(1, 3))};
        switch (world.random().below(4)) {
          case 0:
            world.crash(member);
            break;
          case 1:
            partition(world, {member}, {NodeId{static_cast<std::uint32_t>(member) % 3 + 1}});
            break;
          case 2:
            world.mend_all();
            break;
          default:
            for (const NodeId each : world.members()) world.restart(each);
        }
      });
    }
    world.run_until(milliseconds(5000));
    CHECK(clients.linearizable());
    acknowledged += clients.acknowledged();
  }
  CHECK(acknowledged > 3000);
}

World::Make leaders_of(ConflictRule conflict) {
  return [=](const Membership& membership, const Random&) {
    MultiLeaderConfig config;
    config.membership = membership;
    config.conflict = conflict;
    return std::make_unique<MultiLeader>(std::move(config));
  };
}

TEST_CASE("multi-leader: both sides of a partition take writes, differ, and agree afterwards") {
  Cluster cluster(3, leaders_of(ConflictRule::last_writer_wins));
  partition(cluster.world, {n1}, {n2, n3});
  const auto here = cluster.write(n1, 1, one, one);
  const auto there = cluster.write(n2, 2, one, two);
  cluster.pass(500);
  CHECK(cluster.ok(here));
  CHECK(cluster.ok(there));
  CHECK(cluster.value(n1, 3, one) == one);
  CHECK(cluster.value(n2, 4, one) == two);
  CHECK(cluster.value(n3, 5, one) == two);
  cluster.world.mend_all();
  cluster.pass(1000);
  // Equal Lamport counters: the node decides, and the other write, though acknowledged, is lost.
  for (const NodeId member : cluster.world.members()) CHECK(cluster.value(member, 6, one) == two);
}

TEST_CASE("multi-leader: what was acknowledged survives a crash and reaches everybody") {
  Cluster cluster(3, leaders_of(ConflictRule::last_writer_wins));
  partition(cluster.world, {n1}, {n2, n3});
  const auto id = cluster.write(n1, 1, one, two);
  while (!cluster.done(id)) REQUIRE(cluster.world.step(cluster.world.now() + milliseconds(500)));
  cluster.world.crash(n1);
  cluster.world.restart(n1);
  CHECK(cluster.value(n1, 2, one) == two);
  cluster.world.mend_all();
  cluster.pass(1000);
  CHECK(cluster.value(n3, 3, one) == two);
}

World::Make causal_of(bool tracks_dependencies) {
  return [=](const Membership& membership, const Random& random) {
    CausalStoreConfig config;
    config.membership = membership;
    config.tracks_dependencies = tracks_dependencies;
    return std::make_unique<CausalStore>(std::move(config), random);
  };
}

TEST_CASE("causal: nobody sees the comment before its post, unless dependencies are off") {
  const Datum post = std::string("post");
  const Datum comment = std::string("comment");
  for (const bool tracks : {true, false}) {
    CAPTURE(tracks);
    Cluster cluster(3, causal_of(tracks));
    // Alice's member does not reach Charlie's, and Bob's does; Bob's does not pass on Alice's post.
    cluster.world.cut(n1, n3);
    cluster.write(n1, 1, post, std::string("Check out this photo!"));
    cluster.pass(100);
    REQUIRE_FALSE(is_nil(cluster.value(n2, 2, post)));
    const auto id = cluster.write(n2, 2, comment, std::string("Nice photo!"));
    // Until the next digest, the comment alone is under way to n3.
    while (!cluster.done(id)) REQUIRE(cluster.world.step(cluster.world.now() + milliseconds(500)));
    cluster.pass(15);
    const bool sees_comment = !is_nil(cluster.value(n3, 3, comment));
    const bool sees_post = !is_nil(cluster.value(n3, 3, post));
    CHECK_FALSE(sees_post);
    CHECK(sees_comment == !tracks);
    // Bob's member hands on both in time.
    cluster.pass(1000);
    CHECK_FALSE(is_nil(cluster.value(n3, 3, post)));
    CHECK_FALSE(is_nil(cluster.value(n3, 3, comment)));
  }
}

TEST_CASE(
    "causal: what a session has read before its member crashed is a cause of what it writes") {
  Cluster cluster(3, causal_of(true));
  partition(cluster.world, {n3}, {n1, n2});
  cluster.write(n1, 1, one, one);
  cluster.pass(100);
  REQUIRE(cluster.value(n2, 2, one) == one);
  cluster.world.crash(n2);
  cluster.world.restart(n2);
  cluster.pass(50);
  cluster.world.mend(n2, n3);
  const auto id = cluster.write(n2, 2, two, two);
  while (!cluster.done(id)) REQUIRE(cluster.world.step(cluster.world.now() + milliseconds(500)));
  // The second write alone is under way to n3, which does not show it without the first.
  cluster.pass(15);
  CHECK(is_nil(cluster.value(n3, 3, two)));
  cluster.pass(1500);
  CHECK(is_nil(cluster.value(n3, 3, one)));
  cluster.world.mend_all();
  cluster.pass(1500);
  CHECK(cluster.value(n3, 3, two) == two);
  CHECK(cluster.value(n3, 3, one) == one);
}

}  // namespace
}  // namespace assay::reference
