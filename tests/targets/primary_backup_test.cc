// Single-leader replication under a simulated world: what each setting promises, and what it does
// not.
#include "targets/reference/protocols/primary_backup/primary_backup.h"

#include <doctest/doctest.h>

#include <optional>

#include "tests/targets/register_history.h"

namespace assay::reference {
namespace {

constexpr NodeId primary{1};

World::Make make(std::size_t acknowledgements, ReadFrom read_from) {
  return [=](const Membership& membership, const Random&) {
    PrimaryBackupConfig config;
    config.self = membership.self;
    config.members = membership.members;
    config.acknowledgements = acknowledgements;
    config.read_from = read_from;
    return std::make_unique<PrimaryBackup>(std::move(config));
  };
}

struct Answers {
  explicit Answers(World& cluster) {
    cluster.on_reply = [this](NodeId, const Reply& reply) { replies[reply.id] = reply; };
  }
  std::optional<Outcome> of(std::uint64_t client) const {
    const auto found = replies.find({client, 1});
    if (found == replies.end()) return std::nullopt;
    return found->second.outcome;
  }
  std::map<RequestId, Reply> replies;
};

Command write_of(std::uint64_t client, std::int64_t value) {
  return {CommandKind::write, {client, 1}, std::int64_t{1}, value, {}};
}
Command read_of(std::uint64_t client) {
  return {CommandKind::read, {client, 1}, std::int64_t{1}, {}, {}};
}

TEST_CASE("primary-backup: async acknowledges without any backup") {
  World cluster(1, 3, {}, make(0, ReadFrom::leader));
  Answers answers(cluster);
  partition(cluster, {primary}, {NodeId{2}, NodeId{3}});
  cluster.request(primary, write_of(1, 5));
  cluster.run_until(milliseconds(100));
  CHECK(answers.of(1) == Outcome::ok);
}

TEST_CASE("primary-backup: semi-sync 1 needs one backup, sync needs all") {
  for (const std::size_t needed : {std::size_t{1}, std::size_t{2}}) {
    CAPTURE(needed);
    World cluster(2, 3, {}, make(needed, ReadFrom::leader));
    Answers answers(cluster);
    cluster.crash(NodeId{2});
    cluster.request(primary, write_of(1, 5));
    cluster.run_until(milliseconds(300));
    CHECK(answers.of(1).has_value() == (needed == 1));
    cluster.crash(NodeId{3});
    cluster.request(primary, write_of(2, 6));
    cluster.run_until(milliseconds(600));
    CHECK_FALSE(answers.of(2).has_value());
    // Not acknowledged, so not visible on the primary either.
    cluster.request(primary, read_of(3));
    cluster.run_until(milliseconds(650));
    REQUIRE(answers.of(3) == Outcome::ok);
    CHECK(is_nil(answers.replies.at({3, 1}).value) == (needed == 2));
    cluster.restart(NodeId{2});
    cluster.restart(NodeId{3});
    cluster.run_until(milliseconds(3000));
    CHECK(answers.of(1) == Outcome::ok);
    CHECK(answers.of(2) == Outcome::ok);
  }
}

TEST_CASE("primary-backup: a restarted primary learns from its backups what they have") {
  World cluster(5, 3, {}, make(2, ReadFrom::leader));
  Answers answers(cluster);
  cluster.run_until(milliseconds(100));
  cluster.request(primary, write_of(1, 5));
  cluster.run_until(milliseconds(300));
  REQUIRE(answers.of(1) == Outcome::ok);
  cluster.crash(primary);
  cluster.restart(primary);
  cluster.request(primary, read_of(2));
  CHECK_FALSE(answers.of(2).has_value());
  cluster.run_until(milliseconds(400));
  REQUIRE(answers.of(2) == Outcome::ok);
  CHECK(answers.replies.at({2, 1}).value == Datum{std::int64_t{5}});
}

TEST_CASE("primary-backup: a write that waits too long for backups is in doubt") {
  World cluster(3, 3, {}, make(1, ReadFrom::leader));
  Answers answers(cluster);
  partition(cluster, {primary}, {NodeId{2}, NodeId{3}});
  cluster.request(primary, write_of(1, 5));
  cluster.run_until(milliseconds(6000));
  CHECK(answers.of(1) == Outcome::in_doubt);
}

TEST_CASE(
    "primary-backup: a cut-off backup refuses writes and, if any may answer, reads the past") {
  World cluster(4, 3, {}, make(0, ReadFrom::any));
  Answers answers(cluster);
  cluster.run_until(milliseconds(100));
  cluster.request(primary, write_of(1, 1));
  cluster.run_until(milliseconds(300));
  partition(cluster, {NodeId{3}}, {primary, NodeId{2}});
  cluster.request(primary, write_of(2, 2));
  cluster.run_until(milliseconds(1500));
  cluster.request(NodeId{3}, read_of(3));
  cluster.request(NodeId{2}, read_of(4));
  cluster.request(NodeId{3}, write_of(5, 9));
  cluster.run_until(milliseconds(3000));
  CHECK(answers.replies.at({3, 1}).value == Datum{std::int64_t{1}});
  CHECK(answers.replies.at({4, 1}).value == Datum{std::int64_t{2}});
  CHECK(answers.of(5) == Outcome::no_leader);
  cluster.mend_all();
  cluster.run_until(milliseconds(5000));
  cluster.request(NodeId{3}, read_of(6));
  cluster.run_until(milliseconds(5001));
  CHECK(answers.replies.at({6, 1}).value == Datum{std::int64_t{2}});
}

struct Seen {
  bool linearizable;
  std::size_t acknowledged;
};

Seen run_schedule(std::uint64_t seed, std::size_t acknowledgements, ReadFrom read_from) {
  Weather options;
  options.loss = 0.05;
  options.repeat = 0.05;
  World cluster(seed, 3, options, make(acknowledgements, read_from));
  RegisterClients clients(cluster, 6, 6, milliseconds(3000));
  for (Nanos when = milliseconds(200); when < milliseconds(2500); when += milliseconds(150)) {
    cluster.at(when, [&cluster] {
      const NodeId id{static_cast<std::uint32_t>(cluster.random().between(1, 3))};
      switch (cluster.random().below(4)) {
        case 0:
          cluster.crash(id);
          break;
        case 1:
          partition(cluster, {primary}, {NodeId{2}, NodeId{3}});
          break;
        case 2:
          cluster.mend_all();
          break;
        default:
          for (const NodeId member : cluster.members()) cluster.restart(member);
      }
    });
  }
  cluster.run_until(milliseconds(5000));
  // The log of every backup is a prefix of the primary's.
  for (const NodeId id : cluster.members()) {
    const auto& ours = cluster.disk(id).entries;
    const auto& primarys = cluster.disk(primary).entries;
    REQUIRE(ours.size() <= primarys.size());
    for (std::size_t i = 0; i < ours.size(); ++i) REQUIRE(ours[i] == primarys[i]);
  }
  return {clients.linearizable(), clients.acknowledged()};
}

TEST_CASE("primary-backup: reads from the primary are linearizable under crashes and partitions") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    const auto seen = run_schedule(seed, static_cast<std::size_t>(seed % 3), ReadFrom::leader);
    CHECK(seen.linearizable);
  }
}

TEST_CASE("primary-backup: reads from any replica are not linearizable") {
  int violations = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    if (!run_schedule(seed, 0, ReadFrom::any).linearizable) ++violations;
  }
  CHECK(violations > 0);
}

}  // namespace
}  // namespace assay::reference
