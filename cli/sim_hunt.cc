// The hunt for planted bugs: how many seeds and seconds until a checker sees each of them.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/sim_seeds.h"
#include "cli/simulation_shrink.h"
#include "targets/reference/protocols/catalogue.h"

namespace assay::cli {
namespace {

constexpr std::uint64_t seeds_max = 1'000'000;
constexpr Nanos shrink_time = std::chrono::seconds(10);
/// A history whose check takes longer is left alone: other seeds show the same sooner.
constexpr Nanos check_time = std::chrono::seconds(3);
/// Of the time for a bug, what is spent on looking for something that must not happen once members
/// were only seen to stand still.
constexpr int patience_share = 4;

struct Prey {
  const reference::ProtocolEntry* protocol;
  const reference::BugEntry* bug;
};

std::vector<Prey> prey_of(const SimFlags& flags) {
  std::vector<Prey> prey;
  for (const auto& entry : reference::protocols()) {
    if (!flags.protocol.empty() && entry.name != flags.protocol) continue;
    for (const auto& bug : entry.bugs) {
      if (flags.hunt == "all" || flags.hunt == bug.name) prey.push_back({&entry, &bug});
    }
  }
  return prey;
}

struct Catch {
  std::optional<std::uint64_t> seed;  ///< the lowest that showed the bug
  std::uint64_t tried = 0;            ///< seeds, in all
  std::uint64_t tries = 0;            ///< seeds until it showed
  double seconds = 0;                 ///< the same, or all of the time if it did not
  std::string anomaly;
  std::size_t witness = 0;  ///< operations
  std::optional<ShrunkSimulation> shrunk;
};

/// The kinds of faults without which it does not show.
std::set<std::string> faults_left(const ShrunkSimulation& shrunk) {
  constexpr std::string_view begins = "start-";
  std::set<std::string> names;
  for (const ScriptLine& line : shrunk.smallest.run.script->faults) {
    if (line.invocation.f.starts_with(begins)) {
      names.insert(line.invocation.f.substr(begins.size()));
    }
  }
  return names;
}

/// What it was, and what is left of it.
std::string words_of(const Catch& caught) {
  std::string text = caught.anomaly;
  const auto& [before, after] = std::pair(caught.shrunk->before, caught.shrunk->after);
  text += fmt::format("; shrunk to {} of {} faults", after.faults, before.faults);
  if (after.faults > 0) text += fmt::format(" ({})", fmt::join(faults_left(*caught.shrunk), ", "));
  if (after.operations > 0) {
    text += fmt::format(", {} of {} operations", after.operations, before.operations);
  }
  return text;
}

Result<SimulationRun> run_of(const SimFlags& flags, std::uint64_t seed) {
  auto run = settings_of(flags, seed);
  if (run.ok()) run->check_timeout = check_time;
  return run;
}

bool is_liveness(const std::string& anomaly) {
  return anomaly == no_progress || anomaly == flooded;
}

Result<Catch> hunt_one(const SimFlags& flags, std::uint64_t first, Nanos limit) {
  const Nanos start = monotonic_now();
  std::mutex mutex;
  std::optional<Error> failure;
  Catch caught;
  for_each_number(flags.jobs, first, seeds_max, [&](std::uint64_t seed) {
    auto run = run_of(flags, seed);
    auto result = run.ok() ? run_simulation(*run) : Result<SimulationResult>(run.error());
    const std::lock_guard lock(mutex);
    if (!result.ok()) {
      failure = result.error();
      return false;
    }
    ++caught.tried;
    const Nanos passed = monotonic_now() - start;
    const bool time_left = passed < (caught.seed ? limit / patience_share : limit);
    if (!result->failed()) return time_left;
    const std::string anomaly = failure_of(*result).type;
    const bool better =
        !caught.seed || (is_liveness(caught.anomaly) && !is_liveness(anomaly)) ||
        (is_liveness(caught.anomaly) == is_liveness(anomaly) && seed < *caught.seed);
    if (better) {
      caught.seed = seed;
      caught.anomaly = anomaly;
      caught.witness = result->check.anomalies.front().witness.size();
      caught.seconds = static_cast<double>(passed.count()) / 1e9;
      caught.tries = caught.tried;
    }
    return is_liveness(caught.anomaly) && time_left;
  });
  if (failure) return *failure;
  if (!caught.seed) {
    caught.seconds = static_cast<double>((monotonic_now() - start).count()) / 1e9;
    return caught;
  }
  auto run = run_of(flags, *caught.seed);
  if (!run.ok()) return run.error();
  auto shrunk = shrink_simulation(*run, {shrink_time, {}});
  if (!shrunk.ok()) return shrunk.error();
  caught.shrunk = *std::move(shrunk);
  return caught;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// What the hunt as a whole came to.
struct Bag {
  std::size_t found = 0;
  std::vector<double> seeds, seconds, operations, fault_shares;

  void add(const Catch& caught) {
    if (!caught.seed) return;
    ++found;
    seeds.push_back(static_cast<double>(caught.tries));
    seconds.push_back(caught.seconds);
    const auto& [before, after] = std::pair(caught.shrunk->before, caught.shrunk->after);
    operations.push_back(static_cast<double>(after.operations));
    if (before.faults > 0) {
      fault_shares.push_back(static_cast<double>(after.faults) /
                             static_cast<double>(before.faults));
    }
  }
};

}  // namespace

Result<int> hunt_bugs(const SimFlags& given, std::uint64_t first) {
  auto limit = parse_duration(given.hunt_limit);
  if (!limit.ok()) return limit.error().in("--hunt-limit");
  const std::vector<Prey> all = prey_of(given);
  if (all.empty()) {
    return Error{ErrorKind::usage,
                 "--bugs: no protocol has '" + given.hunt + "'; see `assay list bugs`"};
  }
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  Bag bag;
  for (const Prey& prey : all) {
    SimFlags flags = given;
    flags.protocol = prey.protocol->name;
    flags.bugs = {std::string(prey.bug->name)};
    for (const std::string& setting : reference::names_in(std::string(prey.bug->settings))) {
      const auto equals = setting.find('=');
      const std::string name = setting.substr(0, equals);
      const std::string value = setting.substr(equals + 1);
      if (name != "nodes") {
        flags.options.try_emplace(name, value);
      } else if (flags.members == 0) {
        flags.members = std::stoul(value);  // what the catalogue says is a number
      }
    }
    if (!prey.bug->workload.empty() && flags.workload.empty()) flags.workload = prey.bug->workload;
    if (!prey.bug->model.empty() && flags.models.empty()) {
      flags.models = {std::string(prey.bug->model)};
    }
    if (flags.faults.empty()) flags.faults = reference::names_in(std::string(prey.bug->faults));
    auto caught = hunt_one(flags, first, *limit);
    if (!caught.ok()) return caught.error();
    const std::string command = caught->seed ? command_of(flags, *caught->seed) : "";
    bag.add(*caught);
    rows.push_back({{"protocol", prey.protocol->name},
                    {"bug", prey.bug->name},
                    {"found", caught->seed.has_value()},
                    {"seeds", caught->seed ? caught->tries : caught->tried},
                    {"elapsed_s", caught->seconds},
                    {"anomaly", caught->anomaly},
                    {"witness", caught->witness},
                    {"command", command}});
    if (caught->shrunk) {
      const auto& [before, after] = std::pair(caught->shrunk->before, caught->shrunk->after);
      rows.back()["model"] = caught->shrunk->smallest.failure.model;
      rows.back()["faults_before"] = before.faults;
      rows.back()["faults_after"] = after.faults;
      rows.back()["faults_left"] = faults_left(*caught->shrunk);
      rows.back()["operations_before"] = before.operations;
      rows.back()["operations_after"] = after.operations;
    }
    if (given.json) continue;
    fmt::print("{:16} {:26} {:>9} {:>6} seeds {:>6.1f} s  {}\n", prey.protocol->name,
               prey.bug->name, caught->seed ? "found" : "not found",
               caught->seed ? caught->tries : caught->tried, caught->seconds,
               caught->seed ? words_of(*caught) : "");
    if (caught->seed) fmt::print("    {}\n", command);
    std::fflush(stdout);
  }
  if (given.json) {
    const nlohmann::ordered_json document{
        {"schema", "assay.hunt/1"},
        {"found", bag.found},
        {"total", all.size()},
        {"median_seeds", median(bag.seeds)},
        {"median_s", median(bag.seconds)},
        {"median_operations_after", median(bag.operations)},
        {"median_fault_share_after", median(bag.fault_shares)},
        {"bugs", rows},
    };
    fmt::print("{}\n", document.dump());
  } else {
    fmt::print(
        "{} of {} bugs found; medians: {:.0f} seeds, {:.1f} s, {:.0f} operations and {:.0f} % of "
        "the "
        "faults after shrinking\n",
        bag.found, all.size(), median(bag.seeds), median(bag.seconds), median(bag.operations),
        100 * median(bag.fault_shares));
  }
  return bag.found == all.size() ? 0 : 3;
}

}  // namespace assay::cli
