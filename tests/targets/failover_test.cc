// Single-leader replication beyond the fixed primary: what failover loses, what row locks cost, and
// which reads a session may be given.
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <utility>

#include "targets/reference/protocols/primary_backup/primary_backup.h"
#include "tests/targets/worlds.h"

namespace assay::reference {
namespace {

const Datum row{std::int64_t{1}};
const Datum other_row{std::int64_t{2}};

World::Make make(const PrimaryBackupConfig& wanted) {
  return [wanted](const Membership& membership, const Random& random) {
    PrimaryBackupConfig config = wanted;
    config.self = membership.self;
    config.members = membership.members;
    return std::make_unique<PrimaryBackup>(std::move(config), random);
  };
}

class Clients {
 public:
  explicit Clients(World& world) : world_(world) {
    world_.on_reply = [this](NodeId, const Reply& reply) {
      replies_[reply.id] = {reply, world_.now()};
    };
  }
  RequestId ask(NodeId at, std::uint64_t client, CommandKind kind, Datum key, Datum value = {}) {
    Command command;
    command.kind = kind;
    command.id = {client, ++sequences_[client]};
    command.key = std::move(key);
    command.value = std::move(value);
    const RequestId id = command.id;
    asked_[id] = world_.now();
    world_.request(at, std::move(command));
    return id;
  }
  bool ok(const RequestId& id) const {
    const auto found = replies_.find(id);
    return found != replies_.end() && found->second.first.outcome == Outcome::ok;
  }
  Datum value(const RequestId& id) const { return replies_.at(id).first.value; }
  Nanos latency(const RequestId& id) const { return replies_.at(id).second - asked_.at(id); }
  void pass(std::int64_t ms) { world_.run_until(world_.now() + milliseconds(ms)); }

 private:
  World& world_;
  std::map<std::uint64_t, std::uint64_t> sequences_;
  std::map<RequestId, std::pair<Reply, Nanos>> replies_;
  std::map<RequestId, Nanos> asked_;
};

TEST_CASE("failover: async loses what it had acknowledged; a majority of copies does not") {
  for (const bool durable : {false, true}) {
    CAPTURE(durable);
    PrimaryBackupConfig config;
    config.failover = true;
    config.acknowledgements = durable ? 1 : 0;
    World world(3, 3, Weather{}, make(config));
    Clients clients(world);
    clients.pass(3000);
    const NodeId old = leader_of(world);
    REQUIRE(old != NodeId::none);
    const auto kept = clients.ask(old, 1, CommandKind::write, row, std::int64_t{1});
    clients.pass(300);
    REQUIRE(clients.ok(kept));
    std::set<NodeId> others;
    for (const NodeId member : world.members()) {
      if (member != old) others.insert(member);
    }
    partition(world, {old}, others);
    const auto cut_off = clients.ask(old, 1, CommandKind::write, row, std::int64_t{2});
    clients.pass(100);
    CHECK(clients.ok(cut_off) == !durable);
    clients.pass(2200);
    // The others have a primary of their own, and the old one has stepped down.
    REQUIRE(world.leaders().size() == 1);
    CHECK(leader_of(world) != old);
    const auto overwritten = clients.ask(*others.begin(), 2, CommandKind::write, other_row, row);
    clients.pass(300);
    CHECK(clients.ok(overwritten));
    world.mend_all();
    clients.pass(3000);
    for (const NodeId member : world.members()) {
      const auto read =
          clients.ask(member, 10 + static_cast<std::uint64_t>(member), CommandKind::read, row);
      clients.pass(500);
      REQUIRE(clients.ok(read));
      // Asynchronous: 2 was acknowledged and is gone. Durable: 2 was not, and its client, which
      // never got an answer, has handed it to the new primary since.
      CHECK(clients.value(read) == Datum{std::int64_t{durable ? 2 : 1}});
    }
  }
}

TEST_CASE("failover: a deposed primary answers no read") {
  PrimaryBackupConfig config;
  config.failover = true;
  config.acknowledgements = 1;
  World world(4, 3, Weather{}, make(config));
  Clients clients(world);
  clients.pass(3000);
  const NodeId old = leader_of(world);
  REQUIRE(old != NodeId::none);
  std::set<NodeId> others;
  for (const NodeId member : world.members()) {
    if (member != old) others.insert(member);
  }
  partition(world, {old}, others);
  const auto read = clients.ask(old, 1, CommandKind::read, row);
  clients.pass(500);
  CHECK_FALSE(clients.ok(read));
}

struct Latencies {
  Nanos write{0};
  Nanos same_row{0};
  Nanos other_row{0};
};

/// A write while one of two backups stands still for three seconds, and reads at the primary right
/// after it.
Latencies with_slow_backup(std::size_t acknowledgements, bool row_locks) {
  PrimaryBackupConfig config;
  config.acknowledgements = acknowledgements;
  config.row_locks = row_locks;
  World world(6, 3, Weather{}, make(config));
  Clients clients(world);
  clients.pass(500);
  constexpr NodeId primary{1};
  constexpr NodeId slow{3};
  world.pause(slow);
  const auto write = clients.ask(primary, 1, CommandKind::write, row, std::int64_t{1});
  clients.pass(1);
  const auto same = clients.ask(primary, 2, CommandKind::read, row);
  const auto other = clients.ask(primary, 3, CommandKind::read, other_row);
  clients.pass(3000);
  world.resume(slow);
  clients.pass(1000);
  REQUIRE(clients.ok(write));
  REQUIRE(clients.ok(same));
  REQUIRE(clients.ok(other));
  return {clients.latency(write), clients.latency(same), clients.latency(other)};
}

TEST_CASE(
    "row locks: with sync one slow backup blocks who reads the row; semi-sync does not wait") {
  const auto sync = with_slow_backup(2, true);
  MESSAGE("sync, row locks: write ", sync.write.count() / 1'000'000, " ms, read of the row ",
          sync.same_row.count() / 1'000'000, " ms, of another ", sync.other_row.count() / 1'000'000,
          " ms");
  CHECK(sync.write >= milliseconds(2900));
  CHECK(sync.same_row >= milliseconds(2900));
  CHECK(sync.other_row <= milliseconds(1));
  const auto semi_sync = with_slow_backup(1, true);
  MESSAGE("semi-sync:1, row locks: write ", semi_sync.write.count() / 1'000'000,
          " ms, read of the row ", semi_sync.same_row.count() / 1'000'000, " ms");
  CHECK(semi_sync.write <= milliseconds(40));
  CHECK(semi_sync.same_row <= milliseconds(40));
  // Without locks the primary shows what was there before, until the write is acknowledged.
  const auto unlocked = with_slow_backup(2, false);
  CHECK(unlocked.write >= milliseconds(2900));
  CHECK(unlocked.same_row <= milliseconds(1));
}

TEST_CASE("row locks: who waits for a row is served in the order of coming") {
  PrimaryBackupConfig config;
  config.acknowledgements = 2;
  config.row_locks = true;
  World world(7, 3, Weather{}, make(config));
  Clients clients(world);
  clients.pass(500);
  constexpr NodeId primary{1};
  std::vector<RequestId> writes;
  std::vector<RequestId> reads;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    const auto value = static_cast<std::int64_t>(i);
    writes.push_back(clients.ask(primary, i, CommandKind::write, row, value));
    reads.push_back(clients.ask(primary, 100 + i, CommandKind::read, row));
  }
  clients.pass(2000);
  for (std::size_t i = 0; i < writes.size(); ++i) {
    CAPTURE(i);
    CHECK(clients.ok(writes[i]));
    REQUIRE(clients.ok(reads[i]));
    CHECK(clients.value(reads[i]) == Datum{static_cast<std::int64_t>(i + 1)});
  }
}

TEST_CASE("routing: a replica drawn for each read goes back in time; sessions do not") {
  for (const ReadFrom from : {ReadFrom::replica, ReadFrom::read_your_writes, ReadFrom::monotonic}) {
    CAPTURE(static_cast<int>(from));
    PrimaryBackupConfig config;
    config.read_from = from;
    World world(8, 3, Weather{}, make(config));
    Clients clients(world);
    clients.pass(500);
    constexpr NodeId home{2};
    // n3 hears nothing of the primary, and n2 still asks it for reads.
    partition(world, {NodeId{1}}, {NodeId{3}});
    const auto write = clients.ask(home, 1, CommandKind::write, row, std::int64_t{1});
    clients.pass(200);
    REQUIRE(clients.ok(write));
    bool missed = false;
    bool seen = false;
    bool went_back = false;
    for (int i = 0; i < 40; ++i) {
      const auto read = clients.ask(home, 1, CommandKind::read, row);
      clients.pass(1400);
      REQUIRE(clients.ok(read));
      const bool nil = is_nil(clients.value(read));
      missed = missed || nil;
      went_back = went_back || (seen && nil);
      seen = seen || !nil;
    }
    if (from == ReadFrom::replica) CHECK(missed);
    if (from == ReadFrom::read_your_writes) CHECK_FALSE(missed);
    CHECK(went_back == (from == ReadFrom::replica));
  }
}

}  // namespace
}  // namespace assay::reference
