// Simulated runs: one seed is one history; correct protocols pass and make progress; planted bugs
// are seen.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cli/simulation_plan.h"
#include "cli/simulation_run.h"
#include "cli/simulation_shrink.h"
#include "targets/reference/protocols/catalogue.h"
#include "tests/rounds.h"

namespace assay::cli {
namespace {

SimulationRun run_of(std::string_view protocol, std::uint64_t seed, const std::string& bug = "") {
  SimulationRun run = choose_run(seed);
  run.simulation.protocol.protocol = protocol;
  if (!bug.empty()) run.simulation.protocol.bugs = {bug};
  run.simulation.threads = static_cast<int>(2 * run.simulation.members);
  run.time_limit = std::chrono::seconds(5);
  const auto entry = reference::find_protocol(protocol);
  REQUIRE(entry.ok());
  for (const auto& workload : workloads()) {
    if (workload.name == (*entry)->workload) run.workload = &workload;
  }
  REQUIRE(run.workload != nullptr);
  const auto promised = reference::promises_of(run.simulation.protocol);
  REQUIRE(promised.ok());
  run.models.assign(promised->begin(), promised->end());
  for (const auto& option : run.workload->options) {
    run.workload_options[std::string(option.name)] = option.fallback;
  }
  return run;
}

SimulationResult simulated(const SimulationRun& run) {
  auto result = run_simulation(run);
  REQUIRE_MESSAGE(result.ok(), (result.ok() ? "" : result.error().message));
  return std::move(*result);
}

/// How many seeds: few in the fast test (sanitizers are slow), many in the property test.
std::uint64_t seeds(std::uint64_t few, std::uint64_t many) { return is_dense() ? many : few; }

TEST_CASE("simulation: the same seed gives the same history, whatever else runs") {
  for (const auto& protocol : reference::protocols()) {
    for (std::uint64_t seed = 1; seed <= seeds(1, 20); ++seed) {
      CAPTURE(protocol.name);
      CAPTURE(seed);
      std::vector<std::string> digests(3);
      std::vector<std::thread> threads;
      for (auto& digest : digests) {
        threads.emplace_back([&digest, run = run_of(protocol.name, seed)] {
          auto result = run_simulation(run);
          digest = result.ok() ? result->history.digest() : result.error().message;
        });
      }
      for (auto& thread : threads) thread.join();
      CHECK(digests[0] == digests[1]);
      CHECK(digests[0] == digests[2]);
      CHECK(digests[0] != simulated(run_of(protocol.name, seed + 100)).history.digest());
    }
  }
}

TEST_CASE("simulation: correct protocols keep their promises and make progress") {
  for (const auto& protocol : reference::protocols()) {
    std::uint64_t acknowledged = 0;
    std::uint64_t injected = 0;
    const std::uint64_t count = seeds(4, 60);
    for (std::uint64_t seed = 1; seed <= count; ++seed) {
      CAPTURE(protocol.name);
      CAPTURE(seed);
      const auto result = simulated(run_of(protocol.name, seed));
      CHECK(result.check.verdict == Verdict::pass);
      CHECK(result.outcome.stuck.empty());
      CHECK_FALSE(result.outcome.flooded);
      CHECK(result.outcome.diverged.empty());
      acknowledged += result.outcome.tally.ok;
      injected += result.outcome.tally.faults;
    }
    CHECK(acknowledged > count * 50);
    CHECK(injected > count * 2);
  }
}

TEST_CASE("simulation: planted bugs are seen") {
  for (const char* bug : {"follower-read", "read-before-noop", "commit-by-minority"}) {
    CAPTURE(bug);
    std::uint64_t seed = 0;
    bool seen = false;
    while (!seen && seed < 300) {
      const auto result = simulated(run_of("raft", ++seed, bug));
      seen = result.check.verdict == Verdict::violation;
    }
    CHECK(seen);
  }
}

TEST_CASE("simulation: members that do not come to agree are seen, and only if that was promised") {
  std::size_t diverged = 0;
  const std::uint64_t count = seeds(5, 20);
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    auto run = run_of("multi-leader", seed, "skip-gap");
    const auto result = simulated(run);
    CHECK(result.failed() == !result.outcome.diverged.empty());
    if (!result.outcome.diverged.empty()) ++diverged;
    run.models = {"read-your-writes"};
    CHECK_FALSE(simulated(run).failed());
    run.models = {"convergence"};
    CHECK(simulated(run).check.verdict ==
          (result.outcome.diverged.empty() ? Verdict::pass : Verdict::violation));
  }
  CHECK(6 * diverged >= count);
}

TEST_CASE("simulation: a setting that promises less is seen to keep less") {
  const auto violated = [](std::string_view protocol, std::map<std::string, std::string> options,
                           const char* model, std::uint64_t count = 60) {
    for (std::uint64_t seed = 1; seed <= count; ++seed) {
      auto run = run_of(protocol, seed);
      run.simulation.protocol.options = options;
      run.models = {model};
      if (simulated(run).check.verdict == Verdict::violation) return true;
    }
    return false;
  };
  CHECK(violated("quorum", {{"read", "newest"}}, "linearizable"));
  CHECK_FALSE(violated("quorum", {{"read", "write-back"}}, "linearizable", seeds(3, 60)));
  CHECK(violated("quorum", {{"quorum", "sloppy"}, {"read", "write-back"}}, "linearizable"));
  CHECK(violated("causal", {{"dependencies", "off"}}, "causal"));
  CHECK_FALSE(violated("causal", {}, "causal-convergence", seeds(3, 60)));
  CHECK(violated("multi-leader", {}, "causal"));
}

/// Raft, or, for what its store cannot do, the coordination service; empty: it is for databases.
std::string_view server_of(const WorkloadEntry& workload) {
  for (const std::string_view name : {"raft", "coordination"}) {
    const auto protocol = reference::find_protocol(name);
    REQUIRE(protocol.ok());
    const auto asked = check_functions(workload, name, [&](std::string_view function) {
      return reference::performs(**protocol, function);
    });
    if (asked.ok()) return name;
  }
  return {};
}

TEST_CASE("simulation: every workload passes, and some of what it asks succeeds") {
  for (const WorkloadEntry& workload : workloads()) {
    const std::string_view server = server_of(workload);
    if (server.empty()) {
      CHECK(workload.name == "predicates");
      continue;
    }
    std::uint64_t operations = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t undecided = 0;
    const std::uint64_t count = seeds(2, 40);
    for (std::uint64_t seed = 1; seed <= count; ++seed) {
      CAPTURE(workload.name);
      CAPTURE(seed);
      SimulationRun run = choose_run(seed);
      run.simulation.protocol.protocol = server;
      run.simulation.threads = static_cast<int>(2 * run.simulation.members);
      run.workload = &workload;
      run.time_limit = std::chrono::seconds(3);
      choose_options(run);
      const auto result = simulated(run);
      CHECK(result.check.verdict != Verdict::violation);
      undecided += result.check.verdict == Verdict::unknown ? 1U : 0U;
      CHECK(result.outcome.stuck.empty());
      operations += result.history.size();
      acknowledged += result.outcome.tally.ok;
    }
    // Serial orders of a bank are searched for, and the memory for that is limited.
    CHECK(undecided * 20 <= count);
    CHECK(operations > 30 * count);
    // Nearly all attempts to get a lock that another one holds fail, and should.
    CHECK(acknowledged * 100 > operations);
  }
}

TEST_CASE("simulation: what cannot be is refused") {
  auto run = run_of("raft", 1, "no-such-bug");
  const auto refused = run_simulation(run);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("vote-twice") != std::string::npos);
  run = run_of("raft", 1);
  run.faults = {"earthquake"};
  CHECK_FALSE(run_simulation(run).ok());
}

TEST_CASE(
    "simulation: a failing run shrinks to a fraction that shows the same and can be repeated") {
  std::uint64_t seed = 0;
  SimulationRun run;
  do {
    run = run_of("raft", ++seed, "follower-read");
  } while (!simulated(run).failed());
  CAPTURE(seed);
  const auto shrunk = shrink_simulation(run, {});
  REQUIRE(shrunk.ok());
  CHECK(shrunk->minimal);
  CHECK(shrunk->after.operations <= 4);
  CHECK(3 * shrunk->after.faults <= shrunk->before.faults);

  const auto folder =
      std::filesystem::temp_directory_path() / ("assay-shrunk-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const RecordedSimulation& smallest = shrunk->smallest;
  REQUIRE(write_plan(folder, smallest).ok());
  const auto recorded = read_plan(folder);
  std::filesystem::remove_all(folder);
  REQUIRE(recorded.ok());
  const auto again = simulated(recorded->run);
  CHECK(again.history.digest() == smallest.digest);
  CHECK(shows(again, smallest.failure));
  CHECK(shows(again, failure_of(simulated(run))));
}

TEST_CASE("simulation: a run that does not fail is not shrunk") {
  const auto shrunk = shrink_simulation(run_of("raft", 1), {});
  REQUIRE_FALSE(shrunk.ok());
  CHECK(shrunk.error().kind == ErrorKind::bad_data);
}

}  // namespace
}  // namespace assay::cli
