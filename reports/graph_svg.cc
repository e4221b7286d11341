// Draws a placed graph as inline SVG. Colours come from classes, so one picture serves the light
// and the dark page and the printer.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "reports/escape.h"
#include "reports/graph.h"

namespace assay {
namespace {

std::string_view edge_class(const GraphEdge& edge) {
  const std::string_view rule = edge.label;
  if (rule == "real-time" || rule == "realtime" || rule == "process") return "edge real-time";
  if (rule == "reads-from" || rule == "cas" || rule == "initial" || rule == "wr") {
    return "edge reads-from";
  }
  return rule == "ww" ? "edge overwrites" : "edge derived";
}

std::string path(const std::vector<Point>& curve) {
  std::string out = fmt::format("M{:.1f} {:.1f}", curve[0].x, curve[0].y);
  for (std::size_t i = 1; i + 2 < curve.size(); i += 3) {
    fmt::format_to(std::back_inserter(out), "C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}",
                   curve[i].x, curve[i].y, curve[i + 1].x, curve[i + 1].y, curve[i + 2].x,
                   curve[i + 2].y);
  }
  return out;
}

double edge_name_width(const GraphEdge& edge) { return text_width(edge.label, 11) + 8; }

void draw_edge(std::string& out, const GraphEdge& edge, const std::vector<Point>& curve,
               const Point& label, const std::string& id) {
  if (curve.size() < 4) return;
  const double width = edge_name_width(edge);
  fmt::format_to(std::back_inserter(out),
                 "<g class=\"{}\"><path d=\"{}\" marker-end=\"url(#{})\"/>"
                 "<rect class=\"plate\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"16\" "
                 "rx=\"3\"/><text x=\"{:.1f}\" y=\"{:.1f}\">{}</text></g>",
                 edge_class(edge), path(curve), id, label.x - width / 2, label.y - 8, width,
                 label.x, label.y + 4, escape_html(edge.label));
}

void draw_node(std::string& out, const GraphNode& node, const Point& at) {
  const double left = at.x - node.width / 2;
  fmt::format_to(std::back_inserter(out),
                 "<g class=\"node\"><rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
                 "height=\"{:.1f}\" rx=\"7\"/><circle class=\"badge\" cx=\"{:.1f}\" cy=\"{:.1f}\" "
                 "r=\"10\"/><text class=\"number\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>"
                 "<text class=\"title\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>"
                 "<text class=\"subtitle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text></g>",
                 left, at.y - node.height / 2, node.width, node.height, left + 17, at.y, left + 17,
                 at.y + 4, escape_html(node.number), left + 34, at.y - 3, escape_html(node.title),
                 left + 34, at.y + 13, escape_html(node.subtitle));
}

struct Box {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;

  double width() const { return right - left; }
  double height() const { return bottom - top; }
  void hold(const Point& point, double half_width = 0, double half_height = 0) {
    left = std::min(left, point.x - half_width);
    right = std::max(right, point.x + half_width);
    top = std::min(top, point.y - half_height);
    bottom = std::max(bottom, point.y + half_height);
  }
};

/// What the layout says, and what bends out of it: curves, arrow heads and names of edges.
Box box_of(const Graph& graph, const GraphLayout& layout) {
  constexpr double head = 6;
  Box box{0, 0, layout.width, layout.height};
  for (std::size_t i = 0; i < graph.edges.size(); ++i) {
    for (const Point& point : layout.curves[i]) box.hold(point, head, head);
    box.hold(layout.labels[i], edge_name_width(graph.edges[i]) / 2, 8);
  }
  return box;
}

}  // namespace

std::string draw_graph(const Graph& graph, const GraphLayout& layout, const std::string& id) {
  constexpr double margin = 6;
  const Box box = box_of(graph, layout);
  std::string out = fmt::format(
      "<svg class=\"graph\" role=\"img\" aria-label=\"The contradiction as a graph: {} operations, "
      "{} must-come-before steps that close a circle\" viewBox=\"{:.1f} {:.1f} {:.1f} {:.1f}\" "
      "width=\"{:.0f}\" height=\"{:.0f}\"><defs><marker id=\"{}\" viewBox=\"0 0 10 10\" refX=\"8\" "
      "refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto-start-reverse\"><path "
      "class=\"head\" d=\"M0 0L10 5L0 10z\"/></marker></defs>",
      graph.nodes.size(), graph.edges.size(), box.left - margin, box.top - margin,
      box.width() + 2 * margin, box.height() + 2 * margin, box.width() + 2 * margin,
      box.height() + 2 * margin, id);
  for (std::size_t i = 0; i < graph.edges.size(); ++i) {
    draw_edge(out, graph.edges[i], layout.curves[i], layout.labels[i], id);
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    draw_node(out, graph.nodes[i], layout.nodes[i]);
  }
  out += "</svg>";
  return out;
}

}  // namespace assay
