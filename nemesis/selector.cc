#include "nemesis/selector.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <string_view>

namespace assay {
namespace {

struct Row {
  std::string_view name;
  std::uint64_t weight;  ///< of 100
};

constexpr std::array<Row, 5> selectors{
    {{"one", 50}, {"minority", 20}, {"primaries", 20}, {"majority", 5}, {"all", 5}}};

std::string_view draw_selector(Random& random) {
  std::uint64_t left = random.below(100);
  for (const Row& row : selectors) {
    if (left < row.weight) return row.name;
    left -= row.weight;
  }
  return selectors.front().name;
}

std::size_t count_of(std::string_view selector, std::size_t n) {
  const std::size_t majority = n / 2 + 1;
  if (selector == "minority") return std::max<std::size_t>(1, n - majority);
  if (selector == "majority") return majority;
  return selector == "all" ? n : 1;
}

}  // namespace

Value draw_selection(std::size_t n, Random& random) {
  const std::string_view selector = draw_selector(random);
  std::vector<std::int64_t> order(n);
  std::iota(order.begin(), order.end(), std::int64_t{0});
  random.shuffle(std::span(order));
  order.resize(std::min(n, count_of(selector, n)));
  std::sort(order.begin(), order.end());
  return Value::Map{{"selector", selector}, {"nodes", Value::List(order.begin(), order.end())}};
}

Value draw_all(std::size_t n, Random& /*random*/) {
  std::vector<std::int64_t> order(n);
  std::iota(order.begin(), order.end(), std::int64_t{0});
  return Value::Map{{"selector", "all"}, {"nodes", Value::List(order.begin(), order.end())}};
}

Result<std::vector<std::size_t>> select_nodes(const Value& selection, const Cluster& cluster) {
  const std::size_t n = cluster.nodes.size();
  const Value* selector = find(selection, "selector");
  if (selector != nullptr && *selector == Value("primaries") &&
      cluster.target.primaries() != nullptr) {
    std::vector<std::size_t> now = cluster.target.primaries()->primaries();
    std::erase_if(now, [&](std::size_t at) { return at >= n; });
    std::sort(now.begin(), now.end());
    if (!now.empty()) return now;
  }
  const Value* drawn = find(selection, "nodes");
  const auto* list = drawn == nullptr ? nullptr : drawn->get_if<Value::List>();
  const Error malformed{ErrorKind::bad_data, "expected {selector, nodes: a list of positions}"};
  if (list == nullptr) return malformed;
  std::vector<std::size_t> positions;
  for (const Value& element : *list) {
    const auto* at = element.get_if<std::int64_t>();
    if (at == nullptr || *at < 0 || static_cast<std::size_t>(*at) >= n) return malformed;
    positions.push_back(static_cast<std::size_t>(*at));
  }
  return positions;
}

std::string names_of(const std::vector<std::size_t>& positions, const Cluster& cluster) {
  std::string text;
  for (const std::size_t at : positions) {
    text += (text.empty() ? "" : " ") + cluster.nodes[at]->name();
  }
  return text;
}

}  // namespace assay
