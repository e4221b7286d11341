#include "targets/reference/sim/logical_clocks.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "targets/reference/sim/study.h"

namespace assay::reference {
namespace {

constexpr std::array options_table{
    ProtocolOption{"nodes", "3", "1 to 100", "who do something"},
    ProtocolOption{"events", "300", "2 to 2000", "that happen in all"},
};
constexpr std::array measures_table{
    StudyMeasure{"effects-before-causes", "pairs whose Lamport stamps say so"},
    StudyMeasure{"vectors-wrong", "pairs whose version vectors are wrong about cause and effect"},
    StudyMeasure{"concurrent-ordered",
                 "share of the concurrent pairs of events of different nodes whose Lamport "
                 "counters are in order all the same"},
};

Result<std::map<std::string, double>> run(const std::map<std::string, std::string>& options,
                                          std::uint64_t seed) {
  const auto nodes = number_option(options, "nodes", 1, 100);
  if (!nodes.ok()) return nodes.error();
  const auto events = number_option(options, "events", 2, 2000);
  if (!events.ok()) return events.error();
  Random random(seed);
  const ClockVerdicts verdicts = compare_clocks(
      random_events(random, static_cast<std::uint32_t>(*nodes), static_cast<std::size_t>(*events)));
  const double concurrent = static_cast<double>(std::max<std::size_t>(verdicts.concurrent, 1));
  return std::map<std::string, double>{
      {"effects-before-causes", static_cast<double>(verdicts.effects_before_causes)},
      {"vectors-wrong", static_cast<double>(verdicts.vectors_wrong)},
      {"concurrent-ordered", static_cast<double>(verdicts.ordered) / concurrent}};
}

}  // namespace

std::vector<StampedEvent> random_events(Random& random, std::uint32_t nodes, std::size_t events) {
  std::vector<LamportClock> clocks;
  std::vector<VersionVector> vectors(nodes);
  std::vector<std::optional<std::size_t>> last(nodes);
  for (std::uint32_t i = 1; i <= nodes; ++i) clocks.emplace_back(NodeId{i});
  std::vector<StampedEvent> run;
  const auto add_causes = [&run](StampedEvent& event, std::size_t cause) {
    event.causes[cause] = true;
    for (std::size_t i = 0; i < cause; ++i) {
      if (run[cause].causes[i]) event.causes[i] = true;
    }
  };
  for (std::size_t at = 0; at < events; ++at) {
    const auto i = static_cast<std::size_t>(random.below(nodes));
    StampedEvent event;
    event.node = NodeId{static_cast<std::uint32_t>(i + 1)};
    event.causes.resize(events, false);
    if (last[i]) add_causes(event, *last[i]);
    if (!run.empty() && random.chance(0.5)) {
      const auto sent = static_cast<std::size_t>(random.below(run.size()));
      add_causes(event, sent);
      clocks[i].observe(run[sent].stamp.counter);
      vectors[i].merge(run[sent].vector);
    }
    event.stamp = clocks[i].tick();
    vectors[i].increment(event.node);
    event.vector = vectors[i];
    last[i] = at;
    run.push_back(std::move(event));
  }
  return run;
}

ClockVerdicts compare_clocks(const std::vector<StampedEvent>& events) {
  ClockVerdicts verdicts;
  for (std::size_t b = 0; b < events.size(); ++b) {
    for (std::size_t a = 0; a < b; ++a) {
      const StampedEvent& former = events[a];
      const StampedEvent& latter = events[b];
      const bool caused = latter.causes[a];  // an earlier one is never caused by a later one
      ++verdicts.pairs;
      if (caused && !(former.stamp < latter.stamp)) ++verdicts.effects_before_causes;
      const auto forth = former.vector.compare(latter.vector);
      const auto back = latter.vector.compare(former.vector);
      const bool right = caused ? forth == CausalOrder::before && back == CausalOrder::after
                                : forth == CausalOrder::concurrent && back == forth;
      if (!right) ++verdicts.vectors_wrong;
      if (former.node == latter.node) continue;
      ++verdicts.apart;
      if (caused) continue;
      ++verdicts.concurrent;
      if (former.stamp.counter != latter.stamp.counter) ++verdicts.ordered;
    }
  }
  return verdicts;
}

StudyEntry logical_clocks_study() {
  return {"logical-clocks", "what Lamport stamps and version vectors tell of cause and effect",
          options_table, measures_table, run};
}

}  // namespace assay::reference
