// Our own layout: the nodes stand on an ellipse in the order of the steps, so a circle of reasons
// looks like a circle. Needs no other program.

#include <algorithm>
#include <cmath>
#include <numbers>

#include "reports/graph.h"

namespace assay {
namespace {

constexpr double margin = 16;
constexpr double gap = 56;

/// Where the line from the centre of a node's box towards `to` leaves the box.
Point border(const Point& centre, const GraphNode& node, const Point& to, double distance) {
  const double dx = to.x - centre.x;
  const double dy = to.y - centre.y;
  const double length = std::hypot(dx, dy);
  if (length < 1e-9) return centre;
  const double half_width = node.width / 2 + distance;
  const double half_height = node.height / 2 + distance;
  const double by_width = std::abs(dx) > 1e-9 ? half_width / std::abs(dx) : 1e9;
  const double by_height = std::abs(dy) > 1e-9 ? half_height / std::abs(dy) : 1e9;
  const double part = std::min({by_width, by_height, 1.0});
  return {centre.x + dx * part, centre.y + dy * part};
}

std::vector<Point> arc(const Graph& graph, const GraphEdge& edge, const std::vector<Point>& at) {
  const Point from = at[edge.from];
  const Point to = at[edge.to];
  if (edge.from == edge.to) {
    const double right = from.x + graph.nodes[edge.from].width / 2;
    return {{right, from.y - 10},
            {right + 34, from.y - 26},
            {right + 34, from.y + 26},
            {right + 2, from.y + 10}};
  }
  // Bent to the left of its direction: two edges between the same nodes then part.
  const Point middle{(from.x + to.x) / 2 - (to.y - from.y) * 0.16,
                     (from.y + to.y) / 2 + (to.x - from.x) * 0.16};
  const Point start = border(from, graph.nodes[edge.from], middle, 0);
  const Point end = border(to, graph.nodes[edge.to], middle, 4);
  const auto control = [&](const Point& anchor) {
    return Point{anchor.x + (middle.x - anchor.x) * 0.75, anchor.y + (middle.y - anchor.y) * 0.75};
  };
  return {start, control(start), control(end), end};
}

}  // namespace

GraphLayout lay_out_in_ring(const Graph& graph) {
  GraphLayout layout;
  double widest = 0;
  double highest = 0;
  for (const GraphNode& node : graph.nodes) {
    widest = std::max(widest, node.width);
    highest = std::max(highest, node.height);
  }
  const auto count = static_cast<double>(graph.nodes.size());
  const double around = 2 * std::numbers::pi;
  const double radius_x = std::max(widest * 0.75 + gap, count * (widest + 24) / around);
  const double radius_y = std::max(highest + gap, count * (highest + 40) / around);
  layout.width = 2 * radius_x + widest + 2 * margin + 40;
  layout.height = 2 * radius_y + highest + 2 * margin;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const double angle = around * static_cast<double>(i) / count - std::numbers::pi;
    layout.nodes.push_back({layout.width / 2 + radius_x * std::cos(angle),
                            layout.height / 2 + radius_y * std::sin(angle)});
  }
  for (const GraphEdge& edge : graph.edges) {
    std::vector<Point> curve = arc(graph, edge, layout.nodes);
    layout.labels.push_back({(curve[0].x + 3 * curve[1].x + 3 * curve[2].x + curve[3].x) / 8,
                             (curve[0].y + 3 * curve[1].y + 3 * curve[2].y + curve[3].y) / 8});
    layout.curves.push_back(std::move(curve));
  }
  return layout;
}

}  // namespace assay
