#include "checker/transactions/polygraph/components.h"

#include <algorithm>
#include <utility>

namespace assay::polygraph {

Components strong_components(std::size_t points, std::span<const Edge> edges) {
  constexpr std::uint32_t none = 0xffffffffU;
  std::vector<std::uint32_t> first(points + 1, 0);
  for (const Edge& edge : edges) ++first[edge.from + 1];
  for (std::size_t p = 0; p < points; ++p) first[p + 1] += first[p];
  std::vector<Point> out(edges.size());
  std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
  for (const Edge& edge : edges) out[next[edge.from]++] = edge.to;
  next.assign(first.begin(), first.end() - 1);

  Components result;
  result.of.assign(points, none);
  std::vector<std::uint32_t> found(points, none);
  std::vector<std::uint32_t> low(points, 0);
  std::vector<Point> open;
  std::vector<Point> path;
  std::uint32_t time = 0;
  const auto enter = [&](Point p) {
    found[p] = low[p] = time++;
    open.push_back(p);
    path.push_back(p);
  };
  for (Point root = 0; root < points; ++root) {
    if (found[root] != none) continue;
    enter(root);
    while (!path.empty()) {
      const Point p = path.back();
      if (next[p] < first[p + 1]) {
        const Point q = out[next[p]++];
        if (found[q] == none) {
          enter(q);
        } else if (result.of[q] == none) {
          low[p] = std::min(low[p], found[q]);
        }
        continue;
      }
      path.pop_back();
      if (!path.empty()) low[path.back()] = std::min(low[path.back()], low[p]);
      if (low[p] != found[p]) continue;
      while (true) {
        const Point q = open.back();
        open.pop_back();
        result.of[q] = result.count;
        if (q == p) break;
      }
      ++result.count;
    }
  }
  return result;
}

}  // namespace assay::polygraph
