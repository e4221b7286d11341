// Faults that aim: each does what it says to a cluster of Raft, and leaves it whole when it is
// over.
#include "targets/reference/sim/directed_faults.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "targets/reference/protocols/raft/raft.h"
#include "tests/targets/worlds.h"

namespace assay::reference {
namespace {

std::unique_ptr<Protocol> make_raft(const Membership& membership, const Random& random) {
  RaftConfig config;
  config.self = membership.self;
  config.members = membership.members;
  return std::make_unique<Raft>(std::move(config), random);
}

/// What happened to a cluster of five while a fault was in force.
struct Watched {
  explicit Watched(std::uint64_t seed) : world(seed, 5, {}, make_raft) {
    world.on_crash = [this](NodeId) { ++crashes; };
    world.run_until(milliseconds(1500));
  }
  void watch(int ms) {
    const Nanos end = world.now() + milliseconds(ms);
    while (world.now() < end) {
      world.run_until(world.now() + milliseconds(10));
      for (const NodeId leader : world.leaders()) {
        const auto status = world.protocol(leader)->status();
        leaders.insert(leader);
        terms.insert(status.term);
        smallest = std::min(smallest, status.members.size());
      }
    }
  }
  /// One leader, whom all follow with all members in.
  bool is_whole() {
    if (world.leaders().size() != 1) return false;
    return std::all_of(world.members().begin(), world.members().end(), [&](NodeId member) {
      if (!world.is_up(member)) return false;
      const auto status = world.protocol(member)->status();
      return status.leader == leader_of(world) && status.members.size() == 5;
    });
  }

  World world;
  int crashes = 0;
  std::set<NodeId> leaders;
  std::set<Term> terms;
  std::size_t smallest = 5;
};

TEST_CASE("directed faults: each does what it says, and leaves the cluster whole") {
  for (const SimulatedFault& fault : directed_faults()) {
    std::size_t terms = 0;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      CAPTURE(fault.name);
      CAPTURE(seed);
      Watched cluster(seed);
      REQUIRE(cluster.is_whole());
      Random random(seed);
      const Value parameters = fault.draw(5, random);
      auto started = start_directed(cluster.world, std::string(fault.name), parameters);
      REQUIRE(started.has_value());
      REQUIRE(started->ok());
      cluster.watch(15'000);
      (*started)->undo();
      if (fault.name == "chase-leader") CHECK(cluster.leaders.size() > 2);
      if (fault.name == "returning-leader") CHECK(cluster.terms.size() > 5);
      if (fault.name == "repeated-election") CHECK(cluster.crashes > 5);
      if (fault.name == "bounce") CHECK(cluster.crashes > 10);
      if (fault.name == "membership") CHECK(cluster.smallest < 5);
      if (fault.name == "hand-over") CHECK(cluster.leaders.size() == 5);
      terms += cluster.terms.size();
      cluster.watch(8'000);
      CHECK(cluster.is_whole());
    }
    // Splits that are over before anybody misses its leader change nothing; others do.
    if (fault.name == "split-sweep") CHECK(terms > 3 * 8);
  }
}

TEST_CASE("directed faults: who votes crashes, once there is an election") {
  Watched cluster(3);
  auto started = start_directed(cluster.world, "crash-voter", Value::Map{});
  REQUIRE(started.has_value());
  cluster.world.crash(leader_of(cluster.world));
  const int before = cluster.crashes;
  cluster.watch(3'000);
  CHECK(cluster.crashes > before);
}

TEST_CASE("directed faults: parameters of another shape are refused") {
  Watched cluster(1);
  for (const SimulatedFault& fault : directed_faults()) {
    if (fault.name == "crash-voter") continue;
    const auto started =
        start_directed(cluster.world, std::string(fault.name), Value::Map{{"speed", 1}});
    REQUIRE(started.has_value());
    CHECK_FALSE(started->ok());
  }
  CHECK_FALSE(start_directed(cluster.world, "earthquake", Value::Map{}).has_value());
}

}  // namespace
}  // namespace assay::reference
