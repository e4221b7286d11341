#include "nemesis/grudge.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

namespace assay {
namespace {

using Set = std::set<std::size_t>;

Set heard_by(const Grudge& grudge, std::size_t node) {
  Set heard;
  for (std::size_t i = 0; i < grudge.size(); ++i) heard.insert(i);
  for (const std::size_t dropped : grudge[node]) heard.erase(dropped);
  return heard;
}

bool symmetric(const Grudge& grudge) {
  for (std::size_t i = 0; i < grudge.size(); ++i) {
    for (const std::size_t j : grudge[i]) {
      if (!std::binary_search(grudge[j].begin(), grudge[j].end(), i)) return false;
    }
  }
  return true;
}

template <class Check>
void for_many(PartitionKind kind, std::size_t smallest, const Check& check) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (std::size_t n = smallest; n <= 9; ++n) {
      CAPTURE(seed);
      CAPTURE(n);
      Random random(seed);
      const Grudge grudge = make_grudge(kind, n, random);
      REQUIRE(grudge.size() == n);
      for (std::size_t i = 0; i < n; ++i) {
        REQUIRE(std::is_sorted(grudge[i].begin(), grudge[i].end()));
        REQUIRE(heard_by(grudge, i).contains(i));
      }
      check(grudge, n);
    }
  }
}

TEST_CASE("grudge: halves are two sides that hear themselves and not each other") {
  for_many(PartitionKind::halves, 2, [](const Grudge& grudge, std::size_t n) {
    CHECK(symmetric(grudge));
    std::set<Set> sides;
    for (std::size_t i = 0; i < n; ++i) sides.insert(heard_by(grudge, i));
    REQUIRE(sides.size() == 2);
    std::set<std::size_t> sizes{sides.begin()->size(), sides.rbegin()->size()};
    CHECK(sizes == std::set<std::size_t>{n / 2, n - n / 2});
  });
}

TEST_CASE("grudge: one cuts off exactly one node") {
  for_many(PartitionKind::one, 2, [](const Grudge& grudge, std::size_t n) {
    CHECK(symmetric(grudge));
    const auto alone = std::count_if(grudge.begin(), grudge.end(),
                                     [&](const auto& dropped) { return dropped.size() == n - 1; });
    CHECK(alone == (n == 2 ? 2 : 1));
    std::size_t cuts = 0;
    for (const auto& dropped : grudge) cuts += dropped.size();
    CHECK(cuts == 2 * (n - 1));
  });
}

TEST_CASE("grudge: in a majorities ring each node hears a majority and no two the same") {
  for_many(PartitionKind::majorities_ring, 3, [](const Grudge& grudge, std::size_t n) {
    CHECK(symmetric(grudge));
    std::set<Set> majorities;
    for (std::size_t i = 0; i < n; ++i) {
      const Set heard = heard_by(grudge, i);
      CHECK(heard.size() > n / 2);
      majorities.insert(heard);
    }
    CHECK(majorities.size() == n);
  });
}

TEST_CASE("grudge: a bridge hears and is heard by all, the sides only themselves and it") {
  for_many(PartitionKind::bridge, 3, [](const Grudge& grudge, std::size_t n) {
    CHECK(symmetric(grudge));
    CHECK(std::count(grudge.begin(), grudge.end(), std::vector<std::size_t>()) == 1);
    std::size_t cuts = 0;
    for (const auto& dropped : grudge) cuts += dropped.size();
    const std::size_t left = (n - 1) / 2;
    CHECK(cuts == 2 * left * (n - 1 - left));
  });
}

TEST_CASE("grudge: one way cuts each link between two sides in one direction only") {
  for_many(PartitionKind::one_way, 2, [](const Grudge& grudge, std::size_t n) {
    std::size_t cuts = 0;
    for (std::size_t i = 0; i < n; ++i) {
      for (const std::size_t j : grudge[i]) {
        CHECK(std::find(grudge[j].begin(), grudge[j].end(), i) == grudge[j].end());
        ++cuts;
      }
    }
    CHECK(cuts == (n / 2) * (n - n / 2));
  });
}

TEST_CASE("grudge: the same seed deals the same roles, another seed others") {
  Random a(1);
  Random b(1);
  CHECK(make_grudge(PartitionKind::halves, 9, a) == make_grudge(PartitionKind::halves, 9, b));
  std::set<Grudge> dealt;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    dealt.insert(make_grudge(PartitionKind::halves, 9, random));
  }
  CHECK(dealt.size() > 10);
}

TEST_CASE("grudge: described as sides where there are sides, else link by link") {
  const std::vector<std::string> names{"n1", "n2", "n3"};
  CHECK(describe({{1, 2}, {0}, {0}}, names) == "n1 | n2 n3");
  CHECK(describe({{}, {0}, {0}}, names) == "n1 -/-> n2 n3");
  CHECK(describe({{}, {}, {}}, names) == "n1 n2 n3");
  CHECK(describe(isolate(1, 3), names) == "n1 n3 | n2");
  CHECK(describe({{}, {2}, {1}}, names) == "n2 -/-> n3; n3 -/-> n2");
}

TEST_CASE("grudge: every kind has a name that names it") {
  for (std::size_t i = 0; i < partition_kind_count; ++i) {
    const auto kind = static_cast<PartitionKind>(i);
    CHECK(partition_kind_named(name_of(kind)) == kind);
  }
  CHECK_FALSE(partition_kind_named("quarters").has_value());
}

}  // namespace
}  // namespace assay
