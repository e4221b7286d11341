// Raft's snapshots, membership changes and hand-overs, in a simulated world with good weather.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "targets/reference/protocols/raft/raft.h"
#include "tests/targets/worlds.h"

namespace assay::reference {
namespace {

World::Make make(LogIndex snapshot_entries) {
  return [=](const Membership& membership, const Random& random) {
    RaftConfig config;
    config.self = membership.self;
    config.members = membership.members;
    config.snapshot_entries = snapshot_entries;
    return std::make_unique<Raft>(std::move(config), random);
  };
}

/// A cluster that is asked one thing after another.
struct Cluster {
  Cluster(std::size_t size, LogIndex snapshot_entries)
      : world(3, size, {}, make(snapshot_entries)) {
    world.on_reply = [this](NodeId, const Reply& reply) { replies[reply.id] = reply; };
    wait(1500);
  }
  void wait(int ms) { world.run_until(world.now() + milliseconds(ms)); }
  const Raft& raft(NodeId id) { return dynamic_cast<const Raft&>(*world.protocol(id)); }
  NodeId leader() { return leader_of(world); }
  std::optional<Reply> ask(NodeId at, CommandKind kind, Datum value, int patience_ms = 300) {
    const RequestId id{++client, 1};
    world.request(at, {kind, id, std::int64_t{1}, std::move(value), {}});
    wait(patience_ms);
    const auto found = replies.find(id);
    return found == replies.end() ? std::nullopt : std::optional(found->second);
  }
  Outcome outcome(NodeId at, CommandKind kind, Datum value) {
    const auto reply = ask(at, kind, std::move(value));
    return reply ? reply->outcome : Outcome::in_doubt;
  }
  static Datum members(std::initializer_list<std::int64_t> numbers) {
    Datum::List list;
    for (const auto number : numbers) list.emplace_back(number);
    return list;
  }

  World world;
  std::map<RequestId, Reply> replies;
  std::uint64_t client = 0;
};

TEST_CASE("raft: a member that was away gets a snapshot, and what it holds survives a restart") {
  Cluster cluster(3, 10);
  const NodeId leader = cluster.leader();
  const NodeId away{static_cast<std::uint32_t>(leader) % 3 + 1};
  cluster.world.crash(away);
  for (int i = 0; i < 45; ++i) {
    REQUIRE(cluster.ask(leader, CommandKind::append, std::int64_t{i}, 60)->outcome == Outcome::ok);
  }
  CHECK(cluster.raft(leader).log().base() > 20);
  CHECK(cluster.world.disk(leader).snapshot.index == cluster.raft(leader).log().base());
  cluster.world.restart(away);
  cluster.wait(1000);
  CHECK(cluster.raft(away).log().base() > 20);
  const Datum held = cluster.raft(leader).machine().read(std::int64_t{1});
  CHECK(held.get_if<Datum::List>()->size() == 45);
  CHECK(cluster.raft(away).machine().read(std::int64_t{1}) == held);
  for (const NodeId member : cluster.world.members()) cluster.world.crash(member);
  for (const NodeId member : cluster.world.members()) cluster.world.restart(member);
  cluster.wait(1500);
  for (const NodeId member : cluster.world.members()) {
    CHECK(cluster.raft(member).machine().read(std::int64_t{1}) == held);
  }
}

TEST_CASE("raft: a retry after a snapshot is still known") {
  Cluster cluster(3, 5);
  const NodeId leader = cluster.leader();
  REQUIRE(cluster.outcome(leader, CommandKind::append, std::int64_t{7}) == Outcome::ok);
  const std::uint64_t first = cluster.client;
  for (int i = 0; i < 8; ++i) cluster.ask(leader, CommandKind::write, std::int64_t{i}, 60);
  REQUIRE(cluster.raft(leader).log().base() > 0);
  for (const NodeId member : cluster.world.members()) cluster.world.crash(member);
  for (const NodeId member : cluster.world.members()) cluster.world.restart(member);
  cluster.wait(1500);
  cluster.world.request(cluster.leader(),
                        {CommandKind::append, {first, 1}, std::int64_t{1}, std::int64_t{7}, {}});
  cluster.wait(300);
  CHECK(cluster.raft(cluster.leader()).machine().read(std::int64_t{1}) == Datum(std::int64_t{7}));
}

TEST_CASE("raft: members leave and join one at a time, and only those that are in count") {
  Cluster cluster(5, 10);
  CHECK(cluster.outcome(cluster.leader(), CommandKind::reconfigure, Cluster::members({1, 2, 3})) ==
        Outcome::bad_request);
  CHECK(cluster.outcome(cluster.leader(), CommandKind::reconfigure, Cluster::members({})) ==
        Outcome::bad_request);
  CHECK(cluster.outcome(cluster.leader(), CommandKind::reconfigure, Cluster::members({1, 9})) ==
        Outcome::bad_request);
  const NodeId leader = cluster.leader();
  std::vector<NodeId> stay;
  for (const NodeId member : cluster.world.members()) {
    if (member == leader || stay.size() < 2) stay.push_back(member);
  }
  Datum::List wanted;
  for (const NodeId member : cluster.world.members()) {
    wanted.emplace_back(static_cast<std::int64_t>(member));
  }
  for (const NodeId member : cluster.world.members()) {
    if (std::find(stay.begin(), stay.end(), member) != stay.end()) continue;
    std::erase(wanted, Datum(static_cast<std::int64_t>(member)));
    REQUIRE(cluster.outcome(leader, CommandKind::reconfigure, wanted) == Outcome::ok);
  }
  CHECK(cluster.raft(leader).voters().size() == stay.size());
  // Those that left are a majority of the first five, and must not matter.
  for (const NodeId member : cluster.world.members()) {
    if (std::find(stay.begin(), stay.end(), member) == stay.end()) cluster.world.crash(member);
  }
  CHECK(cluster.outcome(leader, CommandKind::write, std::int64_t{1}) == Outcome::ok);
  // The configuration survives snapshots and restarts.
  for (int i = 0; i < 20; ++i) cluster.ask(leader, CommandKind::write, std::int64_t{i}, 60);
  REQUIRE(cluster.raft(leader).log().base() > 10);
  for (const NodeId member : stay) cluster.world.crash(member);
  for (const NodeId member : stay) cluster.world.restart(member);
  cluster.wait(2000);
  REQUIRE(cluster.leader() != NodeId::none);
  CHECK(cluster.raft(cluster.leader()).voters() == stay);
}

TEST_CASE("raft: a leader that is taken out steps down once that is committed") {
  Cluster cluster(3, 0);
  const NodeId leader = cluster.leader();
  Datum::List others;
  for (const NodeId member : cluster.world.members()) {
    if (member != leader) others.emplace_back(static_cast<std::int64_t>(member));
  }
  CHECK(cluster.outcome(leader, CommandKind::reconfigure, others) == Outcome::ok);
  cluster.wait(2000);
  CHECK(cluster.leader() != NodeId::none);
  CHECK(cluster.leader() != leader);
  CHECK(cluster.outcome(cluster.leader(), CommandKind::write, std::int64_t{1}) == Outcome::ok);
}

TEST_CASE("raft: leadership goes to the member it is handed to, without waiting for a timeout") {
  Cluster cluster(5, 0);
  const NodeId before = cluster.leader();
  const NodeId after{static_cast<std::uint32_t>(before) % 5 + 1};
  const auto number = static_cast<std::int64_t>(after);
  const auto reply = cluster.ask(NodeId{1}, CommandKind::hand_over, number, 100);
  REQUIRE(reply.has_value());
  CHECK(reply->outcome == Outcome::ok);
  CHECK(cluster.leader() == after);
  CHECK(cluster.outcome(after, CommandKind::hand_over, number) == Outcome::bad_request);
}

}  // namespace
}  // namespace assay::reference
