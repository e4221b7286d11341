// Multi-Paxos: single rules with one member driven by hand, and what holds in a simulated world.
#include "targets/reference/protocols/paxos/paxos.h"

#include <doctest/doctest.h>

#include <map>
#include <utility>

#include "tests/targets/register_history.h"

namespace assay::reference {
namespace {

constexpr NodeId self{1};

PaxosConfig config_of(NodeId member, std::vector<NodeId> members) {
  PaxosConfig config;
  config.self = member;
  config.members = std::move(members);
  return config;
}

/// One member of three; the test plays the others.
struct Member {
  explicit Member(Recovered recovered = {}, Bugs<PaxosBug> bugs = {})
      : paxos(with(bugs), Random(1)) {
    paxos.start(now, std::move(recovered));
  }
  static PaxosConfig with(Bugs<PaxosBug> bugs) {
    PaxosConfig config = config_of(self, {NodeId{1}, NodeId{2}, NodeId{3}});
    config.bugs = bugs;
    return config;
  }
  void receive(std::uint32_t from, Message message) {
    paxos.receive(now, NodeId{from}, std::move(message));
    settle();
  }
  /// `synced`: writes become durable at once.
  void settle(bool synced = true) {
    for (int round = 0; round < 3; ++round) {
      Effects effects;
      paxos.flush(now, effects);
      for (auto& send : effects.messages) sent.push_back(std::move(send));
      for (const auto& write : effects.writes) {
        if (synced) paxos.written(now, write.token);
      }
    }
  }
  Term prepare() {
    now = paxos.deadline();
    paxos.tick(now);
    settle();
    REQUIRE(last<PaxosPrepare>() != nullptr);
    return last<PaxosPrepare>()->ballot;
  }
  template <class T>
  const T* last() const {
    for (auto at = sent.rbegin(); at != sent.rend(); ++at) {
      if (const auto* found = std::get_if<T>(&at->message)) return found;
    }
    return nullptr;
  }

  Nanos now{0};
  Paxos paxos;
  std::vector<Send> sent;
};

Entry entry_of(Term ballot, std::int64_t value) {
  const auto client = static_cast<std::uint64_t>(value);
  return {ballot, {CommandKind::write, {client, 1}, std::int64_t{1}, value, {}}};
}

TEST_CASE("paxos rule: an acceptor refuses what is below its promise, and says what it promised") {
  Member member;
  member.receive(2, PaxosPrepare{10, 1});
  REQUIRE(member.last<PaxosPromise>() != nullptr);
  CHECK(member.last<PaxosPromise>()->promised == 10);
  member.receive(3, PaxosPrepare{8, 1});
  CHECK(member.last<PaxosPromise>()->ballot == 8);
  CHECK(member.last<PaxosPromise>()->promised == 10);
  member.receive(3, PaxosAccept{8, 1, {entry_of(8, 5)}});
  CHECK(member.last<PaxosAccepted>()->count == 0);
  CHECK(member.paxos.log().last() == 0);
  member.receive(2, PaxosAccept{10, 1, {entry_of(10, 6)}});
  CHECK(member.last<PaxosAccepted>()->count == 1);
  CHECK(member.paxos.log().at(1) == entry_of(10, 6));
}

TEST_CASE("paxos rule: nothing is promised or accepted before it is on disk") {
  Member member;
  member.paxos.receive(member.now, NodeId{2}, PaxosPrepare{10, 1});
  member.settle(false);
  CHECK(member.last<PaxosPromise>() == nullptr);
  member.paxos.written(member.now, 1);
  member.settle(false);
  CHECK(member.last<PaxosPromise>() != nullptr);
  member.paxos.receive(member.now, NodeId{2}, PaxosAccept{10, 1, {entry_of(10, 6)}});
  member.settle(false);
  CHECK(member.last<PaxosAccepted>() == nullptr);
  member.paxos.written(member.now, 2);
  member.settle(false);
  CHECK(member.last<PaxosAccepted>() != nullptr);
}

TEST_CASE("paxos rule: a proposer adopts the value of the highest ballot, and no-ops fill gaps") {
  Member member({{4, NodeId::none}, {entry_of(1, 11), {}, {}, entry_of(4, 14)}});
  const Term ballot = member.prepare();
  CHECK(ballot > 4);
  member.receive(2, PaxosPromise{ballot, ballot, 1, 3, {entry_of(2, 21), entry_of(3, 22), {}}});
  REQUIRE(member.paxos.status().role == Role::leader);
  const auto& log = member.paxos.log();
  REQUIRE(log.last() == 4);
  CHECK(log.at(1) == entry_of(ballot, 21));
  CHECK(log.at(2) == entry_of(ballot, 22));
  CHECK(log.at(3) == Entry{ballot, {}});
  CHECK(log.at(4) == entry_of(ballot, 14));
}

TEST_CASE("paxos rule: promises that come in parts are asked for to their end") {
  Member member;
  const Term ballot = member.prepare();
  member.receive(2, PaxosPromise{ballot, ballot, 1, 3, {entry_of(2, 21), entry_of(2, 22)}});
  CHECK(member.paxos.status().role == Role::candidate);
  REQUIRE(member.last<PaxosPrepare>() != nullptr);
  CHECK(*member.last<PaxosPrepare>() == PaxosPrepare{ballot, 3});
  member.receive(2, PaxosPromise{ballot, ballot, 3, 3, {entry_of(2, 23)}});
  CHECK(member.paxos.status().role == Role::leader);
  CHECK(member.paxos.log().last() == 3);
}

TEST_CASE("paxos rule: decrees are chosen in any order and performed in theirs") {
  Member member;
  const Term ballot = member.prepare();
  member.receive(2, PaxosPromise{ballot, ballot, 1, 2, {entry_of(2, 21), entry_of(2, 22)}});
  REQUIRE(member.paxos.log().last() == 2);
  // Its own copies are on disk: one more acceptor is a majority.
  member.receive(3, PaxosAccepted{ballot, ballot, 2, 1});
  CHECK(member.paxos.chosen() == 0);
  member.receive(2, PaxosAccepted{ballot, ballot, 1, 1});
  CHECK(member.paxos.chosen() == 2);
  CHECK(member.paxos.machine().read(std::int64_t{1}) == Datum(std::int64_t{22}));
}

TEST_CASE("paxos rule: no ballot is used again after a restart") {
  Member before;
  const Term ballot = before.prepare();
  Member after({before.paxos.log().hard_state(), {}});
  CHECK(after.prepare() > ballot);
  // The bug does exactly that.
  const Bugs<PaxosBug> bug(PaxosBug::ballot_not_persisted);
  Member wrong({}, bug);
  const Term first = wrong.prepare();
  Member again({wrong.paxos.log().hard_state(), {}}, bug);
  CHECK(again.prepare() == first);
}

World::Make make() {
  return [](const Membership& membership, const Random& random) {
    return std::make_unique<Paxos>(config_of(membership.self, membership.members), random);
  };
}

/// What two members hold to be chosen is the same.
void check_agreement(World& world) {
  std::map<LogIndex, Command> agreed;
  for (const NodeId id : world.members()) {
    const auto* member = dynamic_cast<const Paxos*>(world.protocol(id));
    if (member == nullptr) continue;
    for (LogIndex index = 1; index <= member->chosen(); ++index) {
      const Command& command = member->log().at(index).command;
      REQUIRE(agreed.try_emplace(index, command).first->second == command);
    }
  }
}

TEST_CASE("paxos: competing proposers agree, under loss, crashes and partitions") {
  std::size_t acknowledged = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    Weather weather;
    weather.loss = 0.05;
    weather.repeat = 0.05;
    World world(seed, 3 + seed % 3, weather, make());
    RegisterClients clients(world, 6, 6, milliseconds(3000));
    for (Nanos when = milliseconds(300); when < milliseconds(2800); when += milliseconds(150)) {
      world.at(when, [&world] {
        const auto count = static_cast<std::int64_t>(world.members().size());
        const NodeId id{static_cast<std::uint32_t>(world.random().between(1, count))};
        switch (world.random().below(4)) {
          case 0:
            world.crash(id);
            break;
          case 1:
            for (const NodeId other : world.members()) world.cut(id, other);
            break;
          case 2:
            world.mend_all();
            break;
          default:
            for (const NodeId member : world.members()) world.restart(member);
        }
        check_agreement(world);
      });
    }
    world.run_until(milliseconds(5000));
    check_agreement(world);
    CHECK(clients.linearizable());
    acknowledged += clients.acknowledged();
  }
  CHECK(acknowledged > 150 * 20);
}

}  // namespace
}  // namespace assay::reference
