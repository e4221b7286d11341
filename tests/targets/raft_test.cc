// Raft under a simulated world: its safety properties after every step, and what clients saw.
#include "targets/reference/protocols/raft/raft.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/targets/register_history.h"

namespace assay::reference {
namespace {

constexpr Nanos chaos_end = milliseconds(3000);
constexpr Nanos calm_end = milliseconds(7000);

std::unique_ptr<Protocol> make_raft(const Membership& membership, const Random& random) {
  RaftConfig config;
  config.self = membership.self;
  config.members = membership.members;
  return std::make_unique<Raft>(std::move(config), random);
}

/// With a snapshot after every few entries, sent to messages of a few.
std::unique_ptr<Protocol> make_compacting_raft(const Membership& membership, const Random& random) {
  RaftConfig config;
  config.self = membership.self;
  config.members = membership.members;
  config.snapshot_entries = 5;
  config.batch_entries = 3;
  return std::make_unique<Raft>(std::move(config), random);
}

/// Figure 3 of the Raft paper, checked against what is really on the disks.
class RaftInvariants {
 public:
  explicit RaftInvariants(World& cluster) : cluster_(cluster) {
    cluster_.observe = [this](NodeId id) { check(id); };
  }
  std::string violated;
  std::size_t committed() const { return committed_.size(); }

  void check_log_matching() {
    for (const NodeId a : cluster_.members()) {
      for (const NodeId b : cluster_.members()) {
        const auto* one = raft(a);
        const auto* other = raft(b);
        if (one == nullptr || other == nullptr) continue;
        bool agreed = false;
        const auto first = std::max(one->log().base(), other->log().base());
        for (auto i = std::min(one->log().last(), other->log().last()); i > first; --i) {
          if (one->log().term_at(i) == other->log().term_at(i)) agreed = true;
          if (agreed && !(one->log().at(i) == other->log().at(i))) fail("log matching");
        }
      }
    }
  }

 private:
  const Raft* raft(NodeId id) { return dynamic_cast<const Raft*>(cluster_.protocol(id)); }
  void fail(const std::string& what) {
    if (violated.empty()) violated = what;
  }

  void check(NodeId id) {
    const Raft* member = raft(id);
    if (member == nullptr) return;
    const auto status = member->status();
    if (status.role == Role::leader) {
      const auto [leader, fresh] = leaders_.emplace(status.term, id);
      if (leader->second != id) fail("election safety");
      if (fresh) check_completeness(*member);
    }
    for (LogIndex i = 1; i <= member->commit(); ++i) {
      if (i <= checked_[id] && i <= committed_.size()) {
        i = std::min<LogIndex>(checked_[id], committed_.size());
        continue;
      }
      check_commit(*member, i);
    }
    checked_[id] = member->commit();
  }

  void check_completeness(const Raft& leader) {
    for (LogIndex i = leader.log().base() + 1; i <= committed_.size(); ++i) {
      if (i > leader.log().last() || !(leader.log().at(i) == committed_[i - 1])) {
        fail("leader completeness");
      }
    }
  }

  void check_commit(const Raft& member, LogIndex i) {
    const bool compacted = i <= member.log().base();
    if (i <= committed_.size()) {
      if (!compacted && !(committed_[i - 1] == member.log().at(i))) fail("state machine safety");
      return;
    }
    // A member may have compacted it in the same step; the disks have it still.
    for (const NodeId id : cluster_.members()) {
      const Entry* entry = compacted ? on_disk(id, i) : &member.log().at(i);
      if (entry == nullptr || durable_copies(*entry, i) < cluster_.members().size() / 2 + 1) {
        continue;
      }
      committed_.push_back(*entry);
      return;
    }
    fail("commit without a durable majority");
  }

  const Entry* on_disk(NodeId id, LogIndex i) const {
    const auto& disk = cluster_.disk(id);
    const LogIndex base = disk.snapshot.index;
    const bool holds = i > base && i - base <= disk.entries.size();
    return holds ? &disk.entries[i - base - 1] : nullptr;
  }
  std::size_t durable_copies(const Entry& entry, LogIndex i) const {
    std::size_t copies = 0;
    for (const NodeId id : cluster_.members()) {
      const Entry* copy = on_disk(id, i);
      const bool in_snapshot = i <= cluster_.disk(id).snapshot.index;
      if (in_snapshot || (copy != nullptr && *copy == entry)) ++copies;
    }
    return copies;
  }

  World& cluster_;
  std::map<Term, NodeId> leaders_;
  std::map<NodeId, LogIndex> checked_;
  std::vector<Entry> committed_;
};

std::set<NodeId> random_half(World& cluster) {
  auto members = cluster.members();
  cluster.random().shuffle(std::span(members));
  const auto count = static_cast<std::ptrdiff_t>(1 + cluster.random().below(members.size() / 2));
  return {members.begin(), members.begin() + count};
}

void cut_off(World& cluster, const std::set<NodeId>& one) {
  std::set<NodeId> other;
  for (const NodeId id : cluster.members()) {
    if (!one.contains(id)) other.insert(id);
  }
  partition(cluster, one, other);
}

void random_fault(World& cluster) {
  Random& random = cluster.random();
  const auto members = cluster.members();
  switch (random.below(7)) {
    case 0:
      cut_off(cluster, random_half(cluster));
      break;
    case 1:
      if (leader_of(cluster) != NodeId::none) cut_off(cluster, {leader_of(cluster)});
      break;
    case 2:
      cluster.mend_all();
      break;
    case 3:
      cluster.crash(members[random.below(members.size())]);
      break;
    case 4:
      if (leader_of(cluster) != NodeId::none) cluster.crash(leader_of(cluster));
      break;
    case 5:
      for (const NodeId id : members) cluster.restart(id);
      break;
    default:
      for (const NodeId id : members) cluster.crash(id);
      for (const NodeId id : members) cluster.restart(id);
      break;
  }
}

void plan_faults(World& cluster) {
  Nanos when = milliseconds(600);
  while (when < chaos_end) {
    cluster.at(when, [&cluster] { random_fault(cluster); });
    when += Nanos(cluster.random().between(milliseconds(30).count(), milliseconds(350).count()));
  }
  cluster.at(chaos_end, [&cluster] {
    cluster.mend_all();
    for (const NodeId id : cluster.members()) cluster.restart(id);
    cluster.weather().loss = 0;
    cluster.weather().repeat = 0;
    cluster.weather().straggle = 0;
  });
}

std::size_t schedules() {
  const char* wanted = std::getenv("ASSAY_SCHEDULES");
  return wanted == nullptr ? 400 : static_cast<std::size_t>(std::atoi(wanted));
}

TEST_CASE("raft: safe and linearizable in random schedules with crashes and partitions") {
  std::size_t acknowledged = 0;
  for (std::uint64_t seed = 1; seed <= schedules(); ++seed) {
    CAPTURE(seed);
    const std::size_t size = seed % 2 == 0 ? 3 : 5;
    Weather options;
    options.loss = seed % 3 == 0 ? 0.1 : 0.01;
    options.repeat = 0.05;
    options.straggle = 0.05;
    if (seed % 5 == 0) options.sync_max = milliseconds(60);
    World cluster(seed, size, options, seed % 4 == 0 ? make_compacting_raft : make_raft);
    RaftInvariants invariants(cluster);
    RegisterClients clients(cluster, 6, 6, calm_end - milliseconds(2500));
    plan_faults(cluster);
    for (Nanos now = milliseconds(250); now <= calm_end; now += milliseconds(250)) {
      cluster.run_until(now);
      invariants.check_log_matching();
    }
    REQUIRE(invariants.violated == "");
    REQUIRE(clients.linearizable());
    acknowledged += clients.acknowledged();
    // Once all is calm, everybody has caught up.
    REQUIRE(leader_of(cluster) != NodeId::none);
    for (const NodeId id : cluster.members()) {
      REQUIRE(cluster.protocol(id)->status().applied == invariants.committed());
    }
  }
  CHECK(acknowledged > 20 * schedules());
}

struct Answers {
  explicit Answers(World& cluster) {
    cluster.on_reply = [this](NodeId, const Reply& reply) { replies[reply.id] = reply; };
  }
  std::optional<Outcome> of(std::uint64_t client, std::uint64_t sequence = 1) const {
    const auto found = replies.find({client, sequence});
    if (found == replies.end()) return std::nullopt;
    return found->second.outcome;
  }
  std::map<RequestId, Reply> replies;
};

Command write_of(std::uint64_t client, std::int64_t value, std::uint64_t sequence = 1) {
  return {CommandKind::write, {client, sequence}, std::int64_t{1}, value, {}};
}
Command read_of(std::uint64_t client) {
  return {CommandKind::read, {client, 1}, std::int64_t{1}, {}, {}};
}

TEST_CASE("raft: a retry of a write is applied once") {
  World cluster(7, 3, {}, make_raft);
  Answers answers(cluster);
  cluster.run_until(milliseconds(1500));
  cluster.request(NodeId{1}, write_of(1, 10));
  cluster.run_until(milliseconds(1700));
  cluster.request(NodeId{2}, write_of(2, 20));
  cluster.run_until(milliseconds(1900));
  cluster.request(NodeId{3}, write_of(1, 10));
  cluster.run_until(milliseconds(2100));
  cluster.request(NodeId{1}, read_of(3));
  cluster.run_until(milliseconds(2500));
  REQUIRE(answers.of(1) == Outcome::ok);
  REQUIRE(answers.of(3) == Outcome::ok);
  CHECK(answers.replies.at({3, 1}).value == Datum{std::int64_t{20}});
}

TEST_CASE("raft: a leader cut off from the majority steps down and refuses reads and writes") {
  World cluster(11, 5, {}, make_raft);
  Answers answers(cluster);
  cluster.run_until(milliseconds(1500));
  const NodeId old = leader_of(cluster);
  REQUIRE(old != NodeId::none);
  cut_off(cluster, {old});
  cluster.run_until(milliseconds(3000));
  CHECK(cluster.protocol(old)->status().role != Role::leader);
  const NodeId fresh = leader_of(cluster);
  REQUIRE(fresh != NodeId::none);
  cluster.request(old, read_of(1));
  cluster.request(old, write_of(2, 5));
  cluster.request(fresh, write_of(3, 6));
  cluster.run_until(milliseconds(4200));
  CHECK(answers.of(1) == Outcome::no_leader);
  CHECK(answers.of(2) == Outcome::no_leader);
  CHECK(answers.of(3) == Outcome::ok);
}

TEST_CASE("raft: a read does not return what a cut-off leader still believes") {
  World cluster(12, 3, {}, make_raft);
  Answers answers(cluster);
  cluster.run_until(milliseconds(1500));
  const NodeId old = leader_of(cluster);
  REQUIRE(old != NodeId::none);
  cut_off(cluster, {old});
  cluster.request(old, read_of(1));
  cluster.run_until(milliseconds(1600));
  CHECK(cluster.protocol(old)->status().role == Role::leader);
  CHECK_FALSE(answers.of(1).has_value());
}

TEST_CASE("raft: failover takes less than 1.5 seconds") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    World cluster(seed, 5, {}, make_raft);
    Answers answers(cluster);
    cluster.run_until(milliseconds(2000));
    const NodeId old = leader_of(cluster);
    REQUIRE(old != NodeId::none);
    cluster.crash(old);
    const NodeId other = old == NodeId{1} ? NodeId{2} : NodeId{1};
    cluster.request(other, write_of(1, 1));
    cluster.run_until(milliseconds(3500));
    CHECK(answers.of(1) == Outcome::ok);
  }
}

TEST_CASE("raft: a single member serves alone") {
  World cluster(1, 1, {}, make_raft);
  Answers answers(cluster);
  cluster.run_until(milliseconds(800));
  cluster.request(NodeId{1}, write_of(1, 3));
  cluster.run_until(milliseconds(900));
  cluster.request(NodeId{1}, read_of(2));
  cluster.run_until(milliseconds(901));
  REQUIRE(answers.of(2) == Outcome::ok);
  CHECK(answers.replies.at({2, 1}).value == Datum{std::int64_t{3}});
}

}  // namespace
}  // namespace assay::reference
