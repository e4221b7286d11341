// The simulated world: events a second and core, and how much faster than real time it runs, for
// protocols under load and without faults; growth from n to 10 n; memory. Nothing is checked here.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>

#include "bench/arguments.h"
#include "bench/usage.h"
#include "harness/generators.h"
#include "targets/reference/sim/simulation.h"
#include "workloads/workload.h"

namespace {

using assay::Nanos;

assay::Workload register_load(int threads, int nodes) {
  for (const auto& entry : assay::workloads()) {
    if (entry.name != "register") continue;
    std::map<std::string, std::string> options;
    for (const auto& option : entry.options) options[std::string(option.name)] = option.fallback;
    auto workload = entry.make({.threads = threads, .nodes = nodes, .options = options});
    if (workload.ok()) return std::move(*workload);
  }
  std::fputs("no workload 'register'\n", stderr);
  std::exit(1);
}

struct Load {
  const char* protocol;
  std::size_t members;
  int per_second;  ///< invocations of virtual time
  std::int64_t virtual_s;
};

void measure(const Load& load) {
  assay::reference::SimulationSettings settings;
  settings.protocol.protocol = load.protocol;
  settings.members = load.members;
  settings.threads = static_cast<int>(4 * load.members);
  settings.swarm = false;
  settings.seed = 1;
  settings.steps_a_second_max = 1'000'000'000;
  auto workload = register_load(settings.threads, static_cast<int>(load.members));
  assay::reference::SimulationPlan plan;
  plan.set_up = std::move(workload.set_up);
  plan.clients =
      assay::stagger(Nanos(1'000'000'000 / load.per_second), std::move(workload.generator));
  plan.time_limit = std::chrono::seconds(load.virtual_s);
  const assay::bench::PeakMemory memory;
  const double start = assay::bench::own_seconds();
  const auto outcome = assay::reference::simulate(
      settings, std::move(plan), [](const assay::Event&) { return assay::Status(); });
  const double seconds = assay::bench::own_seconds() - start;
  if (!outcome.ok()) {
    std::fprintf(stderr, "%s: %s\n", load.protocol, outcome.error().message.c_str());
    std::exit(1);
  }
  const double virtual_s = static_cast<double>(outcome->virtual_time.count()) / 1e9;
  const double steps = static_cast<double>(outcome->steps);
  std::printf("%-16s %7zu %8d %9.1f %10llu %8llu %8.2f %11.0f %9.0f %8.1f\n", load.protocol,
              load.members, load.per_second, virtual_s,
              static_cast<unsigned long long>(outcome->steps),
              static_cast<unsigned long long>(outcome->tally.ok), seconds, steps / seconds,
              virtual_s / seconds, memory.bytes() / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  const auto words = assay::bench::read_arguments(argc, argv, "Measures the simulated world.", 0);
  std::printf("%-16s %7s %8s %9s %10s %8s %8s %11s %9s %8s\n", "protocol", "members", "asked/s",
              "virtual s", "events", "acks", "CPU s", "events/s", "x real", "MB");
  constexpr Load loads[] = {
      {"raft", 5, 100, 60},     {"raft", 5, 1000, 60},         {"raft", 5, 1000, 600},
      {"raft", 3, 1000, 60},    {"multi-paxos", 5, 1000, 60},  {"primary-backup", 5, 1000, 60},
      {"quorum", 5, 1000, 60},  {"multi-leader", 5, 1000, 60}, {"causal", 5, 1000, 60},
      {"sharded", 5, 1000, 60}, {"coordination", 5, 1000, 60},
  };
  for (const Load& load : loads) {
    if (std::string(load.protocol).find(words.only) != std::string::npos) measure(load);
  }
}
