// Failure detection, measured in the simulated world: how soon a crash is known, how often a member
// is suspected that is well, and what it costs in messages. docs/membership.md shows the table; of
// it the small clusters are measured, with ASSAY_DEPTH=dense all. ASSAY_WRITE_DOCS=1 writes it
// anew.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "targets/reference/protocols/membership/detectors.h"
#include "targets/reference/sim/failure_detection.h"
#include "tests/targets/worlds.h"

namespace assay::reference {
namespace {

constexpr std::uint64_t seed = 5;

struct Row {
  std::string name;
  MembershipMaker make;
};

std::vector<Row> rows() {
  return {{"heartbeats, timeout 500 ms", heartbeats_with_timeout(milliseconds(500))},
          {"heartbeats, timeout 2 s", heartbeats_with_timeout(milliseconds(2000))},
          {"heartbeats, phi 8", heartbeats_with_phi(8)},
          {"SWIM", swim_gossip()}};
}

bool is_set(const char* name) {
  return std::getenv(name) != nullptr;  // NOLINT(concurrency-mt-unsafe): one thread
}

std::string table_of(double loss, const std::vector<std::size_t>& sizes) {
  std::string text =
      "| members | detector | first knows | all know | worst | back | false suspicions | messages "
      "|\n"
      "|---|---|---|---|---|---|---|---|\n";
  for (const std::size_t size : sizes) {
    for (const Row& row : rows()) {
      const DetectionQuality m = measure_detection(row.make, size, loss, seed);
      const auto ms = [](Nanos time) { return time.count() / 1'000'000; };
      text += fmt::format("| {} | {} | {} ms | {} ms | {} ms | {} ms | {} | {:.0f} |\n", size,
                          row.name, ms(m.first), ms(m.all), ms(m.worst), ms(m.back),
                          m.false_suspicions, m.messages);
    }
  }
  return text;
}

TEST_CASE("membership: docs/membership.md shows what is measured") {
  const std::string path = std::string(ASSAY_SOURCE_DIR) + "/docs/membership.md";
  std::ifstream in(path);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  const bool writes = is_set("ASSAY_WRITE_DOCS");
  // Twenty-five members take the most of a minute under sanitizers.
  std::vector<std::size_t> sizes{5};
  if (writes || is_set("ASSAY_DEPTH")) sizes.push_back(25);
  for (const auto& [name, loss] : {std::pair{"calm", 0.0}, std::pair{"lossy", 0.1}}) {
    const std::string table = table_of(loss, sizes);
    const std::string open = fmt::format("<!-- {} -->\n", name);
    const auto begin = text.find(open);
    const auto end = text.find("<!-- end -->", begin);
    REQUIRE(begin != std::string::npos);
    REQUIRE(end != std::string::npos);
    const auto from = begin + open.size();
    if (writes) {
      text.replace(from, end - from, table);
      std::ofstream(path) << text;
    } else {
      const bool whole = sizes.size() > 1;
      CHECK_MESSAGE(text.substr(from, whole ? end - from : table.size()) == table,
                    "run this test with ASSAY_WRITE_DOCS=1 to write " << path);
    }
  }
}

TEST_CASE("membership: SWIM sends as much among 25 as among 5; heartbeats do not") {
  const std::vector<Row> all = rows();
  const auto messages = [](const Row& row, std::size_t size) {
    ObservedMembership cluster(row.make, size, 0, seed);
    cluster.pass(milliseconds(10'000));
    return static_cast<double>(cluster.sent()) / static_cast<double>(size);
  };
  const auto growth = [&](const Row& row) { return messages(row, 25) / messages(row, 5); };
  CHECK(growth(all.back()) < 1.3);
  CHECK(growth(all.front()) > 5);
}

TEST_CASE("membership: SWIM: one broken link makes nobody suspect, because others ping instead") {
  ObservedMembership cluster(swim_gossip(), 5, 0, seed);
  cluster.pass(milliseconds(5000));
  // One member does not hear another: others ping in its stead, and nobody suspects anybody.
  cluster.world().cut(NodeId{2}, NodeId{1});
  cluster.pass(milliseconds(20'000));
  CHECK(cluster.false_suspicions() == 0);
}

TEST_CASE("membership: phi grows with the silence, and is calmer about an irregular member") {
  PhiAccrualDetector detector(PhiOptions{});
  constexpr NodeId regular{1};
  constexpr NodeId irregular{2};
  Random random(2);
  Nanos now{0};
  Nanos late{0};
  detector.expect(regular, now);
  detector.expect(irregular, now);
  for (int i = 0; i < 200; ++i) {
    now += milliseconds(200);
    detector.heard(regular, now);
    late = now + milliseconds(random.between(-90, 90));
    detector.heard(irregular, late);
  }
  double before = 0;
  for (std::int64_t silence = 0; silence <= 400; silence += 20) {
    const double phi = detector.phi(regular, now + milliseconds(silence));
    CHECK(phi >= before);
    before = phi;
  }
  CHECK(detector.phi(regular, now + milliseconds(200)) == doctest::Approx(0.301).epsilon(0.01));
  CHECK(detector.suspects(regular, now + milliseconds(350)));
  CHECK_FALSE(detector.suspects(irregular, late + milliseconds(350)));
  CHECK(detector.suspects(irregular, late + milliseconds(700)));
}

}  // namespace
}  // namespace assay::reference
