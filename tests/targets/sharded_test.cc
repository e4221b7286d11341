// Sharded transactions: locks, and what each commit protocol does when its coordinator is gone,
// step by step in a simulated world.
#include "targets/reference/protocols/sharded/sharded.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/targets/worlds.h"

namespace assay::reference {
namespace {

constexpr NodeId n1{1};
constexpr NodeId n2{2};
constexpr NodeId n3{3};

TEST_CASE("locks: shared ones go together, exclusive ones alone, and nobody overtakes") {
  LockTable locks;
  const RequestId a{1, 1};
  const RequestId b{2, 1};
  const RequestId c{3, 1};
  const RequestId d{4, 1};
  const Datum x = std::int64_t{1};
  const Datum y = std::int64_t{2};
  locks.wait(a, {{x, false}});
  locks.wait(b, {{x, false}, {y, true}});
  CHECK(locks.grant() == std::vector{a, b});
  locks.wait(c, {{x, true}});
  locks.wait(d, {{x, false}});
  CHECK(locks.grant().empty());
  locks.release(a);
  CHECK(locks.grant().empty());
  locks.release_shared(b);
  CHECK(locks.grant() == std::vector{c});
  locks.release(c);
  CHECK(locks.grant() == std::vector{d});
  locks.wait(a, {{y, false}});
  CHECK(locks.grant().empty());
  locks.release(b);
  CHECK(locks.grant() == std::vector{a});
}

/// A calm world of three shards.
class Shards {
 public:
  explicit Shards(CommitProtocol commit, bool snapshots = false, Bugs<ShardedBug> bugs = {})
      : world(1, 3, calm(), [=](const Membership& membership, const Random&) {
          ShardedConfig config;
          config.self = membership.self;
          config.members = membership.members;
          config.commit = commit;
          config.snapshots = snapshots;
          config.bugs = bugs;
          return std::make_unique<Sharded>(std::move(config));
        }) {
    world.on_reply = [this](NodeId, const Reply& reply) { replies[reply.id] = reply; };
  }
  static Weather calm() {
    Weather weather;
    weather.delay_min = milliseconds(2);
    weather.delay_max = milliseconds(3);
    weather.sync_max = milliseconds(2);
    return weather;
  }
  /// A key of that shard.
  Datum key_on(NodeId member) const {
    for (std::int64_t key = 1;; ++key) {
      if (shard_of(key, world.members()) == member) return key;
    }
  }
  RequestId txn(NodeId at, Datum::List steps) {
    Command command;
    command.kind = CommandKind::txn;
    command.id = {++clients, 1};
    command.value = std::move(steps);
    world.request(at, command);
    return command.id;
  }
  /// Writes this to the second and the third shard.
  RequestId write_both(NodeId at, std::int64_t value) {
    return txn(at, {step("w", n2, value), step("w", n3, value)});
  }
  Datum step(const char* f, NodeId shard, Datum value) const {
    return Datum::List{std::string(f), key_on(shard), std::move(value)};
  }
  Datum stored(NodeId member) { return shard(member).read(key_on(member)); }
  Sharded& shard(NodeId member) { return dynamic_cast<Sharded&>(*world.protocol(member)); }
  void pass(std::int64_t ms) { world.run_until(world.now() + milliseconds(ms)); }
  /// Until the second and the third shard have voted yes.
  void pass_until_in_doubt() {
    while (shard(n2).in_doubt() == 0 || shard(n3).in_doubt() == 0) {
      REQUIRE(world.step(world.now() + milliseconds(100)));
    }
  }
  bool ok(const RequestId& id) const {
    return replies.contains(id) && replies.at(id).outcome == Outcome::ok;
  }

  World world;
  std::map<RequestId, Reply> replies;
  std::uint64_t clients = 0;
};

const Datum seven = std::int64_t{7};

TEST_CASE("sharded: a transaction over several shards takes effect on all, and reads them all") {
  for (const CommitProtocol commit :
       {CommitProtocol::two_phases, CommitProtocol::three_phases, CommitProtocol::saga}) {
    Shards shards(commit);
    const RequestId wrote = shards.write_both(n1, 7);
    shards.pass(100);
    REQUIRE(shards.ok(wrote));
    const RequestId read = shards.txn(n3, {shards.step("r", n3, {}), shards.step("r", n2, {})});
    shards.pass(100);
    REQUIRE(shards.ok(read));
    CHECK(shards.replies.at(read).value ==
          Datum(Datum::List{shards.step("r", n3, seven), shards.step("r", n2, seven)}));
    CHECK(shards.shard(n2).in_doubt() == 0);
  }
}

TEST_CASE("sharded: a deadlock between shards ends, without effect, and stops nobody after it") {
  Shards shards(CommitProtocol::two_phases);
  // Each has the lock of its own shard long before it asks for the other one's.
  const RequestId a = shards.write_both(n2, 1);
  const RequestId b = shards.write_both(n3, 2);
  shards.pass(1000);
  CHECK(shards.replies.at(a).outcome == Outcome::busy);
  CHECK(shards.replies.at(b).outcome == Outcome::busy);
  CHECK(shards.stored(n2).is_nil());
  CHECK(shards.stored(n3).is_nil());
  const RequestId c = shards.write_both(n2, 7);
  shards.pass(100);
  CHECK(shards.ok(c));
  CHECK(shards.stored(n3) == seven);
}

TEST_CASE("2pc: participants in doubt are blocked exactly as long as the coordinator is down") {
  for (const std::int64_t down_ms : {2000, 10'000}) {
    Shards shards(CommitProtocol::two_phases);
    shards.write_both(n1, 7);
    shards.pass_until_in_doubt();
    shards.world.crash(n1);
    shards.pass(down_ms);
    CHECK(shards.shard(n2).in_doubt() == 1);
    // Meanwhile the objects are locked: who wants them is turned away.
    const RequestId blocked = shards.txn(n2, {shards.step("w", n2, std::int64_t{8})});
    shards.pass(1500);
    CHECK(shards.replies.at(blocked).outcome == Outcome::busy);
    shards.world.restart(n1);
    shards.pass(1000);
    // The coordinator has no record, so it was aborted, everywhere.
    CHECK(shards.shard(n2).in_doubt() == 0);
    CHECK(shards.shard(n3).in_doubt() == 0);
    CHECK(shards.stored(n2).is_nil());
    CHECK(shards.stored(n3).is_nil());
  }
}

TEST_CASE("2pc: a decision survives crashes of everybody") {
  Shards shards(CommitProtocol::two_phases);
  const RequestId wrote = shards.write_both(n1, 7);
  while (!shards.ok(wrote)) REQUIRE(shards.world.step(shards.world.now() + milliseconds(100)));
  for (const NodeId member : shards.world.members()) shards.world.crash(member);
  for (const NodeId member : shards.world.members()) shards.world.restart(member);
  shards.pass(2000);
  CHECK(shards.stored(n2) == seven);
  CHECK(shards.stored(n3) == seven);
}

TEST_CASE("3pc: participants decide without their coordinator within two seconds") {
  Shards shards(CommitProtocol::three_phases);
  shards.write_both(n1, 7);
  shards.pass_until_in_doubt();
  shards.world.crash(n1);
  shards.pass(2000);
  CHECK(shards.shard(n2).in_doubt() == 0);
  CHECK(shards.shard(n3).in_doubt() == 0);
  CHECK(shards.stored(n2) == shards.stored(n3));
}

TEST_CASE("3pc: parted by the network, one shard commits what the other one aborts") {
  Shards shards(CommitProtocol::three_phases);
  const RequestId wrote = shards.write_both(n1, 7);
  shards.pass_until_in_doubt();
  // The votes arrive; what the coordinator says then does not reach n3.
  shards.pass(3);
  partition(shards.world, {n1, n2}, {n3});
  shards.pass(10'000);
  CHECK(shards.ok(wrote));
  CHECK(shards.stored(n2) == seven);
  CHECK(shards.stored(n3).is_nil());
  shards.world.mend_all();
  shards.pass(5000);
  CHECK(shards.stored(n2) == seven);
  CHECK(shards.stored(n3).is_nil());
}

TEST_CASE("2pc: parted by the network, one shard waits for what the other one knows") {
  Shards shards(CommitProtocol::two_phases);
  const RequestId wrote = shards.write_both(n1, 7);
  shards.pass_until_in_doubt();
  shards.pass(3);
  partition(shards.world, {n1, n2}, {n3});
  shards.pass(10'000);
  CHECK(shards.ok(wrote));
  CHECK(shards.shard(n3).in_doubt() == 1);
  shards.world.mend_all();
  shards.pass(1000);
  CHECK(shards.shard(n3).in_doubt() == 0);
  CHECK(shards.stored(n2) == seven);
  CHECK(shards.stored(n3) == seven);
}

TEST_CASE("sharded: a bank lies on all shards and keeps its total") {
  Shards shards(CommitProtocol::two_phases);
  Datum::Map accounts;
  for (std::int64_t account = 0; account < 8; ++account) {
    accounts.emplace_back(account, std::int64_t{20});
  }
  shards.world.request(n1, {CommandKind::cas, {101, 1}, {}, accounts, {}});
  shards.pass(200);
  REQUIRE(shards.ok({101, 1}));
  for (std::int64_t i = 0; i < 8; ++i) {
    Datum::Map order{{std::string("from"), i},
                     {std::string("to"), (i + 3) % 8},
                     {std::string("amount"), std::int64_t{5}}};
    shards.world.request(
        n2, {CommandKind::transfer, {static_cast<std::uint64_t>(200 + i), 1}, {}, order, {}});
    shards.pass(200);
  }
  // Not there, and too much.
  shards.world.request(n2, {CommandKind::transfer,
                            {300, 1},
                            {},
                            Datum::Map{{std::string("from"), std::int64_t{0}},
                                       {std::string("to"), std::int64_t{1}},
                                       {std::string("amount"), std::int64_t{500}}},
                            {}});
  shards.pass(200);
  CHECK(shards.replies.at({300, 1}).outcome == Outcome::mismatch);
  shards.world.request(n3, {CommandKind::read, {400, 1}, {}, {}, {}});
  shards.pass(200);
  REQUIRE(shards.ok({400, 1}));
  const auto* read = shards.replies.at({400, 1}).value.get_if<Datum::Map>();
  REQUIRE(read != nullptr);
  REQUIRE(read->size() == 8);
  std::int64_t total = 0;
  for (const auto& [account, balance] : *read) total += *balance.get_if<std::int64_t>();
  CHECK(total == 160);
}

/// Opens a bank of two accounts, on the second and the third shard, with 20 each.
void open_bank(Shards& shards) {
  shards.world.request(
      n1, {CommandKind::cas,
           {101, 1},
           {},
           Datum::Map{{shards.key_on(n2), std::int64_t{20}}, {shards.key_on(n3), std::int64_t{20}}},
           {}});
  shards.pass(300);
  REQUIRE(shards.ok({101, 1}));
}

/// A transfer to an account of the third shard; `exists`: else to one that is not there.
RequestId transfer(Shards& shards, bool exists) {
  Datum to = shards.key_on(n3);
  for (std::int64_t key = 100; !exists; ++key) {
    to = key;
    if (shard_of(to, shards.world.members()) == n3) break;
  }
  const RequestId id{++shards.clients, 1};
  shards.world.request(n1, {CommandKind::transfer,
                            id,
                            {},
                            Datum::Map{{std::string("from"), shards.key_on(n2)},
                                       {std::string("to"), to},
                                       {std::string("amount"), std::int64_t{5}}},
                            {}});
  return id;
}

std::int64_t balance(Shards& shards, NodeId member) {
  const Datum bank = shards.shard(member).read({});
  const auto* accounts = bank.get_if<Datum::Map>();
  REQUIRE(accounts != nullptr);
  return *accounts->front().second.get_if<std::int64_t>();
}

TEST_CASE("saga: what failed is compensated once, and everybody sees it half done") {
  for (const bool twice : {false, true}) {
    CAPTURE(twice);
    Bugs<ShardedBug> bugs;
    if (twice) bugs.set(ShardedBug::compensate_twice);
    Shards shards(CommitProtocol::saga, false, bugs);
    open_bank(shards);
    const RequestId id = transfer(shards, false);
    bool half_done = false;
    while (!shards.replies.contains(id)) {
      REQUIRE(shards.world.step(shards.world.now() + milliseconds(100)));
      half_done = half_done || balance(shards, n2) == 15;
    }
    CHECK(half_done);
    CHECK(shards.replies.at(id).outcome == Outcome::mismatch);
    CHECK(balance(shards, n2) == 20);
    // The coordinator did not hear of it and asks again.
    shards.shard(n2).receive(shards.world.now(), n1,
                             ShardDecision{id, TransactionState::aborted, 0});
    CHECK(balance(shards, n2) == (twice ? 25 : 20));
    CHECK(balance(shards, n3) == 20);
  }
}

TEST_CASE("saga: one that a crash interrupted is undone by the restarted coordinator") {
  Shards shards(CommitProtocol::saga);
  open_bank(shards);
  transfer(shards, true);
  while (balance(shards, n2) == 20) {
    REQUIRE(shards.world.step(shards.world.now() + milliseconds(100)));
  }
  shards.world.crash(n1);
  shards.pass(3000);
  // Nobody is blocked, and the money is nowhere.
  CHECK(balance(shards, n2) == 15);
  shards.world.restart(n1);
  shards.pass(2000);
  CHECK(balance(shards, n2) == 20);
  CHECK(balance(shards, n3) == 20);
}

TEST_CASE("snapshot isolation: reads do not stop writers, the first committer wins, skew passes") {
  Shards shards(CommitProtocol::two_phases, true);
  const RequestId first = shards.write_both(n1, 7);
  shards.pass(200);
  REQUIRE(shards.ok(first));
  // Each reads what the other one writes: neither would see nothing of the other in any order.
  const RequestId a =
      shards.txn(n1, {shards.step("r", n2, {}), shards.step("w", n3, std::int64_t{8})});
  const RequestId b =
      shards.txn(n1, {shards.step("r", n3, {}), shards.step("w", n2, std::int64_t{9})});
  shards.pass(1000);
  REQUIRE(shards.ok(a));
  REQUIRE(shards.ok(b));
  CHECK(shards.replies.at(a).value ==
        Datum(Datum::List{shards.step("r", n2, seven), shards.step("w", n3, std::int64_t{8})}));
  CHECK(shards.replies.at(b).value ==
        Datum(Datum::List{shards.step("r", n3, seven), shards.step("w", n2, std::int64_t{9})}));
  const RequestId c = shards.write_both(n1, 10);
  const RequestId d = shards.write_both(n1, 11);
  shards.pass(1000);
  CHECK(shards.ok(c) != shards.ok(d));
  CHECK(shards.stored(n2) == shards.stored(n3));
}

/// Mean time of 50 transactions, one after the other, in microseconds of virtual time.
std::int64_t cost_us(CommitProtocol commit, bool snapshots, bool both) {
  Shards shards(commit, snapshots);
  Nanos spent{0};
  for (std::int64_t value = 1; value <= 50; ++value) {
    const Nanos began = shards.world.now();
    const RequestId id =
        both ? shards.write_both(n2, value) : shards.txn(n2, {shards.step("w", n2, value)});
    while (!shards.replies.contains(id)) {
      REQUIRE(shards.world.step(shards.world.now() + milliseconds(100)));
    }
    REQUIRE(shards.ok(id));
    spent += shards.world.now() - began;
    shards.pass(20);
  }
  return std::chrono::duration_cast<std::chrono::microseconds>(spent).count() / 50;
}

TEST_CASE("sharded: what a second shard costs") {
  const std::int64_t one = cost_us(CommitProtocol::two_phases, false, false);
  const std::int64_t two_phases = cost_us(CommitProtocol::two_phases, false, true);
  const std::int64_t three_phases = cost_us(CommitProtocol::three_phases, false, true);
  const std::int64_t snapshots = cost_us(CommitProtocol::two_phases, true, true);
  MESSAGE("one shard " << one << " us, 2pc " << two_phases << " us, 3pc " << three_phases
                       << " us, 2pc with snapshots " << snapshots << " us");
  CHECK(3 * one < two_phases);
  CHECK(two_phases < three_phases);
  CHECK(two_phases < snapshots);
}

}  // namespace
}  // namespace assay::reference
