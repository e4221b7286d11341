#include "reports/graph.h"

#include <fmt/format.h>
#include <graphviz/cgraph.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "reports/escape.h"
#include "reports/words.h"

namespace assay {
namespace {

constexpr double title_size = 13;
constexpr double subtitle_size = 11;
constexpr double points_per_inch = 72;
constexpr std::size_t title_limit = 32;

GraphNode node_of(const History& history, OpIndex index, std::size_t number) {
  const Operation operation = history[index];
  GraphNode node;
  node.number = operation_name(history, operation, number - 1);
  node.title = clip(visible(operation_label(history, operation)), title_limit);
  node.subtitle = fmt::format("process {}", static_cast<int>(operation.process));
  if (const std::string_view at = history.node(index); !at.empty()) {
    node.subtitle += " · " + clip(visible(at), title_limit);
  }
  node.width =
      44 + std::max(text_width(node.title, title_size), text_width(node.subtitle, subtitle_size));
  node.height = 42;
  return node;
}

/// cgraph takes its names as char*, but copies them and writes to none.
char* name(const char* text) { return const_cast<char*>(text); }  // NOLINT

void set(void* object, const char* attribute, const std::string& value) {
  agsafeset(object, name(attribute), name(value.c_str()), name(""));
}

}  // namespace

double text_width(std::string_view text, double font_size) {
  double width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) == 0x80U) continue;
    width += byte < 0x80U ? 0.61 : byte >= 0xE3U ? 1.05 : 0.72;
  }
  return width * font_size;
}

Graph contradiction_graph(const History& history, const Anomaly& anomaly,
                          const std::vector<OpIndex>& operations) {
  Graph graph;
  std::vector<OpIndex> in_graph;
  const auto node_at = [&](std::uint64_t event) -> std::optional<std::size_t> {
    const auto index = operation_invoked_at(history, event);
    if (!index) return std::nullopt;
    const auto seen = std::find(in_graph.begin(), in_graph.end(), *index);
    if (seen != in_graph.end()) return static_cast<std::size_t>(seen - in_graph.begin());
    const auto at = std::lower_bound(operations.begin(), operations.end(), *index);
    if (at == operations.end() || *at != *index) return std::nullopt;
    in_graph.push_back(*index);
    const auto number = static_cast<std::size_t>(at - operations.begin()) + 1;
    graph.nodes.push_back(node_of(history, *index, number));
    return in_graph.size() - 1;
  };
  for (const Step& step : anomaly.steps) {
    const auto from = node_at(step.before);
    const auto to = node_at(step.after);
    if (!from || !to) continue;
    graph.edges.push_back({*from, *to, clip(visible(step.rule), title_limit)});
  }
  return graph;
}

std::string to_dot(const Graph& graph) {
  // cgraph keeps global tables without a lock of its own.
  static std::mutex cgraph_mutex;
  const std::lock_guard lock(cgraph_mutex);
  Agraph_t* const drawing = agopen(name("contradiction"), Agdirected, nullptr);
  if (drawing == nullptr) return {};
  set(drawing, "rankdir", "LR");
  set(drawing, "nodesep", "0.45");
  set(drawing, "ranksep", "0.8");
  agattr(drawing, AGNODE, name("shape"), name("box"));
  agattr(drawing, AGNODE, name("fixedsize"), name("true"));
  agattr(drawing, AGNODE, name("label"), name(""));
  agattr(drawing, AGEDGE, name("fontname"), name("Courier"));
  agattr(drawing, AGEDGE, name("fontsize"), name("11"));
  std::vector<Agnode_t*> nodes;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const std::string node_name = fmt::format("n{}", i);
    Agnode_t* const node = agnode(drawing, name(node_name.c_str()), 1);
    set(node, "width", fmt::format("{:.3f}", graph.nodes[i].width / points_per_inch));
    set(node, "height", fmt::format("{:.3f}", graph.nodes[i].height / points_per_inch));
    nodes.push_back(node);
  }
  for (std::size_t i = 0; i < graph.edges.size(); ++i) {
    const GraphEdge& edge = graph.edges[i];
    const std::string edge_name = fmt::format("e{}", i);
    Agedge_t* const drawn =
        agedge(drawing, nodes[edge.from], nodes[edge.to], name(edge_name.c_str()), 1);
    set(drawn, "label", std::string(std::max<std::size_t>(1, code_points(edge.label)), 'x'));
  }
  char* text = nullptr;
  std::size_t size = 0;
  std::string out;
  if (std::FILE* const stream = open_memstream(&text, &size); stream != nullptr) {
    const bool written = agwrite(drawing, stream) == 0;
    std::fclose(stream);
    if (written) out.assign(text, size);
    std::free(text);  // NOLINT: open_memstream allocates with malloc
  }
  agclose(drawing);
  return out;
}

}  // namespace assay
