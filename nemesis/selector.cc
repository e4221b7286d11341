#include "nemesis/selector.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <span>
#include <string>

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

Value draw_as(std::string_view selector, std::size_t n, Random& random) {
  std::vector<std::int64_t> order(n);
  std::iota(order.begin(), order.end(), std::int64_t{0});
  random.shuffle(std::span(order));
  order.resize(std::min(n, count_of(selector, n)));
  std::sort(order.begin(), order.end());
  return Value::Map{{"selector", selector}, {"nodes", Value::List(order.begin(), order.end())}};
}

/// The position of "n3" among n nodes.
std::optional<std::int64_t> position_named(std::string_view name, std::size_t n) {
  for (std::size_t at = 0; at < n; ++at) {
    if (name == "n" + std::to_string(at + 1)) return static_cast<std::int64_t>(at);
  }
  return std::nullopt;
}

/// The positions of "n1+n3"; nothing if some of it names none.
std::optional<Value::List> positions_named(std::string_view names, std::size_t n) {
  Value::List positions;
  for (std::size_t begin = 0; begin <= names.size();) {
    const std::size_t end = std::min(names.find('+', begin), names.size());
    const auto at = position_named(names.substr(begin, end - begin), n);
    if (!at) return std::nullopt;
    positions.emplace_back(*at);
    begin = end + 1;
  }
  return positions;
}

}  // namespace

Value draw_selection(std::size_t n, Random& random) {
  const std::string_view selector = draw_selector(random);
  return draw_as(selector, n, random);
}

bool is_selector(std::string_view selector, std::size_t n) {
  return selector == "leader" || positions_named(selector, n) ||
         std::any_of(selectors.begin(), selectors.end(),
                     [&](const Row& row) { return row.name == selector; });
}

void select_as(std::string_view selector, std::size_t n, Value& parameters, Random& random) {
  const auto named = positions_named(selector, n);
  const Value selection = named ? Value(Value::Map{{"selector", "names"}, {"nodes", *named}})
                                : draw_as(selector, n, random);
  for (auto& [name, value] : *parameters.get_if<Value::Map>()) {
    if (name == Value("selector")) value = *find(selection, "selector");
    if (name == Value("nodes")) value = *find(selection, "nodes");
  }
}

Value draw_all(std::size_t n, Random& /*random*/) {
  std::vector<std::int64_t> order(n);
  std::iota(order.begin(), order.end(), std::int64_t{0});
  return Value::Map{{"selector", "all"}, {"nodes", Value::List(order.begin(), order.end())}};
}

Result<std::vector<std::size_t>> select_nodes(const Value& selection, const Cluster& cluster) {
  const std::size_t n = cluster.nodes.size();
  const Value* selector = find(selection, "selector");
  const bool one = selector != nullptr && *selector == Value("leader");
  const bool all = selector != nullptr && *selector == Value("primaries");
  if ((one || all) && cluster.target.primaries() != nullptr) {
    std::vector<std::size_t> now = cluster.target.primaries()->primaries();
    std::erase_if(now, [&](std::size_t at) { return at >= n; });
    std::sort(now.begin(), now.end());
    if (one && now.size() > 1) now.resize(1);
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
