// Logical clocks: what each can tell about cause and effect, and what it cannot.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "targets/reference/protocols/clocks/lamport.h"
#include "targets/reference/protocols/clocks/siblings.h"
#include "targets/reference/protocols/clocks/version_vector.h"
#include "targets/reference/sim/logical_clocks.h"

namespace assay::reference {
namespace {

constexpr NodeId n1{1};
constexpr NodeId n2{2};

TEST_CASE("clocks: effects have greater Lamport stamps; version vectors tell causes exactly") {
  Random random(11);
  for (int round = 0; round < 60; ++round) {
    const auto nodes = static_cast<std::uint32_t>(random.between(1, 6));
    const auto events = random_events(random, nodes, 60);
    const ClockVerdicts verdicts = compare_clocks(events);
    CHECK(verdicts.pairs == 60 * 59 / 2);
    CHECK(verdicts.effects_before_causes == 0);
    CHECK(verdicts.vectors_wrong == 0);
  }
}

TEST_CASE("clocks: a Lamport order cannot tell what is concurrent") {
  // Two nodes that never speak to each other: nothing that one does causes what the other does.
  LamportClock one(n1);
  LamportClock two(n2);
  VersionVector vector_one;
  VersionVector vector_two;
  const auto a = one.tick();
  vector_one.increment(n1);
  two.tick();
  vector_two.increment(n2);
  const auto b = two.tick();
  vector_two.increment(n2);
  // And yet their stamps are in order, just as those of a cause and its effect are:
  CHECK(a < b);
  LamportClock heard(n2);
  heard.observe(a.counter);
  CHECK(a < heard.tick());
  CHECK(vector_one.compare(vector_two) == CausalOrder::concurrent);

  // How often that happens among three nodes of which each event hears of another every other time.
  Random random(7);
  const ClockVerdicts verdicts = compare_clocks(random_events(random, 3, 300));
  // docs/replication.md quotes these.
  CHECK(verdicts.apart == 29891);
  CHECK(verdicts.concurrent == 8854);
  CHECK(verdicts.ordered == 8611);
}

TEST_CASE("clocks: the chapter's events of two nodes") {
  LamportClock node1(n1);
  LamportClock node2(n2);
  const auto t1 = node1.tick();
  const auto t2 = node1.tick();
  node2.observe(t2.counter);
  const auto t3 = node2.tick();
  const auto t4 = node2.tick();
  CHECK(t1 == LamportStamp{1, n1});
  CHECK(t2 == LamportStamp{2, n1});
  CHECK(t3 == LamportStamp{3, n2});
  CHECK(t4 == LamportStamp{4, n2});

  VersionVector v1;
  v1.increment(n1);
  VersionVector v2 = v1;
  v2.increment(n1);
  VersionVector v3;
  v3.increment(n2);
  CHECK(v1.compare(v2) == CausalOrder::before);
  CHECK(v3.compare(v1) == CausalOrder::concurrent);
  // Its happensBefore is "not after": it holds of a vector and itself as well. Ours says equal.
  CHECK(v1.compare(v1) == CausalOrder::equal);
}

VersionVector random_vector(Random& random) {
  VersionVector vector;
  for (std::uint32_t i = 1; i <= 4; ++i) {
    vector.raise({NodeId{i}, static_cast<std::uint64_t>(random.below(4))});
  }
  return vector;
}

TEST_CASE("clocks: merging version vectors is the least upper bound; the codec keeps them") {
  Random random(3);
  for (int round = 0; round < 500; ++round) {
    const auto a = random_vector(random);
    const auto b = random_vector(random);
    auto joined = a;
    joined.merge(b);
    auto mirrored = b;
    mirrored.merge(a);
    CHECK(joined == mirrored);
    CHECK(joined.covers(a));
    CHECK(joined.covers(b));
    auto above = random_vector(random);
    if (above.covers(a) && above.covers(b)) CHECK(above.covers(joined));
    auto again = joined;
    again.merge(a);
    CHECK(again == joined);
    std::string bytes;
    ByteWriter writer(bytes);
    put(writer, joined);
    ByteReader reader(bytes);
    VersionVector decoded;
    get(reader, decoded);
    CHECK(reader.done());
    CHECK(decoded == joined);
    if (bytes.size() == 4) continue;
    ByteReader torn(std::string_view(bytes).substr(0, bytes.size() - 1));
    get(torn, decoded);
    CHECK_FALSE(torn.done());
  }
}

TEST_CASE("siblings: members that merged the same writes hold the same, in any order") {
  Random random(5);
  for (int round = 0; round < 200; ++round) {
    // Three members write and sometimes merge what another holds.
    std::vector<Siblings> members(3);
    std::vector<std::uint64_t> counters(3, 0);
    for (std::int64_t step = 0; step < 12; ++step) {
      const auto i = static_cast<std::size_t>(random.below(3));
      if (random.chance(0.5)) {
        members[i].merge(members[static_cast<std::size_t>(random.below(3))]);
      } else {
        const Dot dot{NodeId{static_cast<std::uint32_t>(i + 1)}, ++counters[i]};
        const auto context = members[i].context();
        members[i].write(dot, step, context);
        // The client had seen all: one value is left.
        CHECK(members[i].values().size() == 1);
      }
    }
    auto forward = members[0];
    forward.merge(members[1]);
    forward.merge(members[2]);
    auto backward = members[2];
    backward.merge(members[1]);
    backward.merge(members[0]);
    backward.merge(members[1]);
    CHECK(forward == backward);
  }
}

TEST_CASE("siblings: concurrent writes both stay, and a write by who saw both overwrites both") {
  Siblings here;
  Siblings there;
  here.write({n1, 1}, std::int64_t{10}, {});
  there.write({n2, 1}, std::int64_t{20}, {});
  here.merge(there);
  CHECK(here.values().size() == 2);
  // A client that has seen only the first write overwrites only that one.
  VersionVector seen;
  seen.raise({n1, 1});
  auto partly = here;
  partly.write({n1, 2}, std::int64_t{30}, seen);
  CHECK(partly.values().size() == 2);
  CHECK_FALSE(partly.values().contains({n1, 1}));
  here.write({n1, 2}, std::int64_t{40}, here.context());
  CHECK(here.values().size() == 1);
  // What was overwritten does not come back.
  here.merge(there);
  CHECK(here.values().size() == 1);
  CHECK(here.values().begin()->second == Datum{std::int64_t{40}});
}

}  // namespace
}  // namespace assay::reference
