// Chaos on ourselves: in the middle of a storm of faults the controller, or a process of an agent,
// is killed at a random moment. Every node must be clean soon, whoever died.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "tests/system/reader_target.h"

namespace assay {
namespace {

constexpr Nanos patience = 15s;

/// A controller of its own process: starts and stops faults as fast as it can, for ever.
class Storm {
 public:
  Storm(const RunningCluster<ReaderTarget>& cluster, std::uint64_t seed) {
    child_ = ::fork();
    REQUIRE(child_ >= 0);
    if (child_ != 0) return;
    Nodes nodes = cluster.connect();
    ReaderTarget target;
    const std::vector<std::string> names{"partition", "packets",       "kill",         "stop",
                                         "pause",     "pause-threads", "cpu",          "memory",
                                         "clock",     "clock-drift",   "clock-strobe", "disk-slow"};
    const auto nemesis = nemesis_of(names, nodes, target);
    Random random(seed);
    for (;;) {
      const std::string& name = names[static_cast<std::size_t>(random.below(names.size()))];
      for (const FaultEntry& fault : faults()) {
        if (fault.name != name) continue;
        nemesis->invoke({"start-" + name, {}, fault.draw(nodes.size(), random)});
      }
      if (random.chance(0.5)) {
        const std::string& other = names[static_cast<std::size_t>(random.below(names.size()))];
        nemesis->invoke({"stop-" + other, {}, {}});
      }
    }
  }
  Storm(const Storm&) = delete;
  Storm& operator=(const Storm&) = delete;
  ~Storm() { end(); }
  void end() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
  }

 private:
  pid_t child_ = -1;
};

/// What is left on a node now, or why it cannot be reached at this moment: both can pass.
std::string state_now(Node& node) {
  const auto seen = node.run(state_command, 10s);
  return seen.ok() ? seen->out : seen.error().message;
}

TEST_CASE("chaos: whoever is killed in a storm of faults, every node is clean soon") {
  if (!may_run()) return;
  const char* asked = std::getenv("ASSAY_CHAOS_ROUNDS");
  const int rounds = asked == nullptr ? 3 : std::atoi(asked);
  RunningCluster<ReaderTarget> cluster(3);
  std::vector<std::string> before;
  for (const auto& node : cluster.nodes) {
    run(*node, "cp /run/reader /opt/reader");
    before.push_back(state_of(*node));
  }
  Nanos longest{0};
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(round);
    Random random(static_cast<std::uint64_t>(round));
    Storm storm(cluster, random.next());
    std::this_thread::sleep_for(std::chrono::milliseconds(random.between(500, 4000)));
    const bool agent_dies = random.chance(0.5);
    CAPTURE(agent_dies);
    if (agent_dies) {
      // One of the guardian, the working process and the helpers of a node.
      run(*cluster.nodes[static_cast<std::size_t>(random.below(3))],
          "p=$(pgrep -x assay-agent | shuf -n 1) && kill -9 $p");
      std::this_thread::sleep_for(std::chrono::milliseconds(random.between(0, 300)));
    }
    storm.end();
    const Nanos killed = monotonic_now();
    for (std::size_t at = 0; at < before.size(); ++at) {
      CAPTURE(at);
      std::string now;
      do {
        now = state_now(*cluster.nodes[at]);
      } while (now != before[at] && monotonic_now() - killed < patience);
      if (now != before[at]) {  // what the agent says of it
        MESSAGE(run(*cluster.nodes[at],
                    "tail -n 20 /run/assay/agent.log; ps -eo pid,ppid,etimes,args; date -u"));
      }
      CHECK(now == before[at]);
      CHECK(state_of_server(*cluster.nodes[at]) != 'T');
    }
    longest = std::max(longest, monotonic_now() - killed);
  }
  MESSAGE(rounds, " rounds, clean after at most ", format_duration(longest));
}

}  // namespace
}  // namespace assay
