#pragma once
// The picture of a contradiction: operations as nodes, "must come before" as edges. The graph is
// a Graphviz cgraph; the program dot places it, run as a child with a time limit, because the
// layout library cannot be interrupted. Where dot is missing or too slow, or the graph is larger
// than a person can follow, the nodes stand in a ring. Text never goes to dot: nodes are given by
// their size and labels by their length, and the drawing is ours.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

struct GraphNode {
  std::string number;    ///< of the operation in its anomaly: "1", "2", … or "T1", "T2", …
  std::string title;     ///< untrusted
  std::string subtitle;  ///< untrusted
  double width = 0;      ///< points
  double height = 0;
};

struct GraphEdge {
  std::size_t from = 0;
  std::size_t to = 0;
  std::string label;  ///< untrusted
};

struct Graph {
  std::vector<GraphNode> nodes;
  std::vector<GraphEdge> edges;
};

struct Point {
  double x = 0;
  double y = 0;
};

/// Where everything stands, in points; y grows downwards.
struct GraphLayout {
  double width = 0;
  double height = 0;
  std::vector<Point> nodes;                ///< centres
  std::vector<std::vector<Point>> curves;  ///< per edge: 3n+1 points of Bézier curves
  std::vector<Point> labels;               ///< per edge: centre of its label
};

/// The steps of an anomaly; empty if it has none. Numbers are those of `operations`.
Graph contradiction_graph(const History& history, const Anomaly& anomaly,
                          const std::vector<OpIndex>& operations);

/// The graph in the DOT language, written by cgraph; holds no text of the history.
std::string to_dot(const Graph& graph);

/// nullopt if the program cannot be run, answers nonsense or needs longer than `limit`.
std::optional<GraphLayout> lay_out_with_dot(const Graph& graph, const std::string& program,
                                            Nanos limit);
GraphLayout lay_out_in_ring(const Graph& graph);

/// Inline SVG; all text is escaped, all looks come from the page's style sheet. `id` keeps the
/// markers of several pictures on one page apart.
std::string draw_graph(const Graph& graph, const GraphLayout& layout, const std::string& id);

/// The width in points that this text takes in the pictures of a report.
double text_width(std::string_view text, double font_size);

}  // namespace assay
