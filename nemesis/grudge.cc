#include "nemesis/grudge.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <span>

#include "base/assert.h"

namespace assay {
namespace {

constexpr std::array<std::string_view, partition_kind_count> kind_names{
    "halves", "one", "minority-third", "majorities-ring", "bridge", "one-way"};

using Positions = std::span<const std::size_t>;

Positions part(const std::vector<std::size_t>& order, std::size_t begin, std::size_t end) {
  return Positions(order).subspan(begin, end - begin);
}

void deafen(Grudge& grudge, Positions listeners, Positions speakers) {
  for (const std::size_t listener : listeners) {
    grudge[listener].insert(grudge[listener].end(), speakers.begin(), speakers.end());
  }
}

void separate(Grudge& grudge, Positions left, Positions right) {
  deafen(grudge, left, right);
  deafen(grudge, right, left);
}

/// Nodes on a circle; each hears as many neighbours on either side as a majority needs. Three nodes
/// would then all hear each other, so there one link is cut and the middle one hears both.
void ring(Grudge& grudge, const std::vector<std::size_t>& order) {
  const std::size_t n = order.size();
  const std::size_t others = n / 2;  // that with itself make a majority
  const std::size_t reach = (others + 1) / 2;
  if (2 * reach + 1 >= n) return separate(grudge, part(order, 0, 1), part(order, 1, 2));
  for (std::size_t at = 0; at < n; ++at) {
    for (std::size_t step = reach + 1; step < n - reach; ++step) {
      grudge[order[at]].push_back(order[(at + step) % n]);
    }
  }
}

bool hears(const Grudge& grudge, std::size_t listener, std::size_t speaker) {
  return std::find(grudge[listener].begin(), grudge[listener].end(), speaker) ==
         grudge[listener].end();
}

/// Number of the side each node is on, or nothing if the cuts do not form sides.
std::optional<std::vector<std::size_t>> sides_of(const Grudge& grudge) {
  const std::size_t n = grudge.size();
  std::vector<std::size_t> side(n, n);
  std::size_t count = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (side[i] == n) side[i] = count++;
    for (std::size_t j = i + 1; j < n; ++j) {
      if (hears(grudge, i, j) && side[j] == n) side[j] = side[i];
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      if (i != j && hears(grudge, i, j) != (side[i] == side[j])) return std::nullopt;
    }
  }
  return side;
}

std::string describe_sides(const std::vector<std::size_t>& side,
                           const std::vector<std::string>& names) {
  std::string text;
  const std::size_t count = 1 + *std::max_element(side.begin(), side.end());
  for (std::size_t s = 0; s < count; ++s) {
    if (s > 0) text += " |";
    for (std::size_t i = 0; i < side.size(); ++i) {
      if (side[i] == s) text += (text.empty() ? "" : " ") + names[i];
    }
  }
  return text;
}

}  // namespace

std::string_view name_of(PartitionKind kind) { return kind_names[static_cast<std::size_t>(kind)]; }

std::optional<PartitionKind> partition_kind_named(std::string_view name) {
  for (std::size_t i = 0; i < kind_names.size(); ++i) {
    if (kind_names[i] == name) return static_cast<PartitionKind>(i);
  }
  return std::nullopt;
}

Grudge make_grudge(PartitionKind kind, std::size_t n, Random& random) {
  Grudge grudge(n);
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  random.shuffle(std::span(order));
  if (n < 2) return grudge;
  const bool small = n < 3;
  const std::size_t half = n / 2;
  if (kind == PartitionKind::one) {
    separate(grudge, part(order, 0, 1), part(order, 1, n));
  } else if (kind == PartitionKind::minority_third) {
    const auto most = static_cast<std::int64_t>(std::max<std::size_t>(1, n / 3));
    const auto third = static_cast<std::size_t>(random.between(1, most));
    separate(grudge, part(order, 0, third), part(order, third, n));
  } else if (kind == PartitionKind::majorities_ring && !small) {
    ring(grudge, order);
  } else if (kind == PartitionKind::bridge && !small) {
    const std::size_t left = (n - 1) / 2;  // order[left] is the bridge
    separate(grudge, part(order, 0, left), part(order, left + 1, n));
  } else if (kind == PartitionKind::one_way) {
    const bool smaller_is_deaf = random.chance(0.5);
    const Positions left = part(order, 0, half);
    const Positions right = part(order, half, n);
    deafen(grudge, smaller_is_deaf ? left : right, smaller_is_deaf ? right : left);
  } else {
    separate(grudge, part(order, 0, half), part(order, half, n));
  }
  for (auto& dropped : grudge) std::sort(dropped.begin(), dropped.end());
  return grudge;
}

Grudge isolate(std::size_t node, std::size_t n) {
  ASSAY_ASSERT(node < n);
  Grudge grudge(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (i == node) continue;
    grudge[i].push_back(node);
    grudge[node].push_back(i);
  }
  return grudge;
}

std::string describe(const Grudge& grudge, const std::vector<std::string>& names) {
  ASSAY_ASSERT(names.size() == grudge.size());
  if (grudge.empty()) return {};
  if (const auto side = sides_of(grudge)) return describe_sides(*side, names);
  std::string text;
  for (std::size_t speaker = 0; speaker < grudge.size(); ++speaker) {
    std::string deaf;
    for (std::size_t i = 0; i < grudge.size(); ++i) {
      if (!hears(grudge, i, speaker)) deaf += " " + names[i];
    }
    if (!deaf.empty()) text += (text.empty() ? "" : "; ") + names[speaker] + " -/->" + deaf;
  }
  return text;
}

}  // namespace assay
