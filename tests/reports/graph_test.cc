#include "reports/graph.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <fstream>

#include "reports/words.h"
#include "tests/reports/example.h"
#include "tests/reports/markup.h"

namespace assay {
namespace {

Graph graph_of(const example::Report& report) {
  const Anomaly& anomaly = report.result.anomalies[0];
  return contradiction_graph(report.history, anomaly, witness_operations(report.history, anomaly));
}

std::string script(const std::string& name, const std::string& body) {
  const std::string path = std::string(ASSAY_BINARY_DIR) + "/" + name;
  std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
  chmod(path.c_str(), 0755);
  return path;
}

void check_fits(const Graph& graph, const GraphLayout& layout) {
  REQUIRE(layout.nodes.size() == graph.nodes.size());
  REQUIRE(layout.curves.size() == graph.edges.size());
  REQUIRE(layout.labels.size() == graph.edges.size());
  for (const Point& point : layout.nodes) {
    CHECK(point.x > 0);
    CHECK(point.x < layout.width);
    CHECK(point.y > 0);
    CHECK(point.y < layout.height);
  }
  for (const auto& curve : layout.curves) CHECK(curve.size() % 3 == 1);
}

}  // namespace

TEST_CASE("graph: the steps of a contradiction are its edges and close a circle") {
  const Graph graph = graph_of(example::violation());
  REQUIRE(graph.nodes.size() == 3);
  REQUIRE(graph.edges.size() == 3);
  CHECK(graph.nodes[0].title == "write 1");
  CHECK(graph.nodes[1].title == "read → 1");
  CHECK(graph.nodes[2].title == "read → 0");
  CHECK(graph.nodes[2].number == "D");
  for (std::size_t i = 0; i < 3; ++i) CHECK(graph.edges[i].to == graph.edges[(i + 1) % 3].from);
}

TEST_CASE("graph: what cgraph writes names every node and edge and holds no text of the history") {
  const std::string dot = to_dot(graph_of(example::hostile_violation()));
  CHECK(dot.rfind("digraph contradiction", 0) == 0);
  for (const char* part : {"n0 -> n1", "n1 -> n2", "n2 -> n0"}) {
    CAPTURE(part);
    CHECK(example::count_of(dot, part) == 1);
  }
  for (const std::string& mark : example::plain_marks) CHECK(dot.find(mark) == std::string::npos);
  CHECK(dot.find("alert") == std::string::npos);
}

TEST_CASE("graph: a layout by ring always fits its picture") {
  const Graph graph = graph_of(example::violation());
  const GraphLayout layout = lay_out_in_ring(graph);
  check_fits(graph, layout);
  CHECK(example::malformed(draw_graph(graph, layout, "a")) == "");
}

TEST_CASE("graph: a layout by dot fits its picture where dot is installed") {
  if (std::system("command -v dot >/dev/null 2>&1") != 0) return;  // NOLINT(concurrency-mt-unsafe)
  const Graph graph = graph_of(example::hostile_violation());
  const auto layout = lay_out_with_dot(graph, "dot", std::chrono::seconds(20));
  REQUIRE(layout.has_value());
  check_fits(graph, *layout);
  const std::string svg = draw_graph(graph, *layout, "a");
  CHECK(example::malformed(svg) == "");
  for (const std::string& mark : example::plain_marks) CHECK(svg.find(mark) == std::string::npos);
}

TEST_CASE("graph: a dot that is missing, fails, hangs or answers nonsense gives no layout") {
  const Graph graph = graph_of(example::violation());
  const auto limit = std::chrono::milliseconds(200);
  CHECK_FALSE(lay_out_with_dot(graph, "/no/such/program", limit).has_value());
  CHECK_FALSE(lay_out_with_dot(graph, "/bin/false", limit).has_value());
  CHECK_FALSE(lay_out_with_dot(graph, "/bin/echo", std::chrono::seconds(10)).has_value());
  const auto started = monotonic_now();
  CHECK_FALSE(lay_out_with_dot(graph, script("hanging_dot", "exec sleep 60"), limit).has_value());
  CHECK(monotonic_now() - started < std::chrono::seconds(20));
  for (const char* answer :
       {"graph 1 x 2", "node n9 1 1", "node n0 1", "edge n0 n1 999999999 1 1",
        "edge n0 n1 4 1 1 2 2", "edge n0 n1 3 1 1 2 2 3 3", "graph 1 1 1\\nnode n0 1 1"}) {
    CAPTURE(answer);
    const std::string path = script("lying_dot", std::string("printf '") + answer + "\\n'");
    CHECK_FALSE(lay_out_with_dot(graph, path, std::chrono::seconds(10)).has_value());
  }
}

}  // namespace assay
