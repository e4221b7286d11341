#include "cli/simulation_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "harness/generators.h"
#include "nemesis/registry.h"
#include "nemesis/schedule.h"
#include "targets/reference/sim/faults.h"

namespace assay::cli {
namespace {

// Streams of the seed.
constexpr std::uint64_t choice_stream = 201;
constexpr std::uint64_t schedule_stream = 202;
constexpr std::uint64_t option_stream = 203;

/// The row of the schedule for a simulated fault: drawn here, or as the real nemesis draws it.
std::optional<FaultEntry> entry_of(const std::string& name) {
  for (const auto& simulated : reference::simulated_faults()) {
    if (simulated.name != name) continue;
    if (simulated.draw != nullptr) {
      return FaultEntry{simulated.name, simulated.summary, FaultNeeds::nothing, simulated.draw,
                        nullptr};
    }
    for (const FaultEntry& real : faults()) {
      if (real.name == name) return real;
    }
  }
  return std::nullopt;
}

/// Kinds of partition that have a name of their own are left to `partition`, which draws one.
std::vector<std::string> choose_faults(Random random) {
  std::vector<std::string> all = simulated_fault_names();
  std::erase_if(all, [](const std::string& name) { return name.starts_with("partition-"); });
  random.shuffle(std::span(all));
  all.resize(1 + random.below(4));
  std::sort(all.begin(), all.end());
  return all;
}

Result<GeneratorPtr> fault_schedule(const SimulationRun& run) {
  std::vector<FaultEntry> entries;
  for (const std::string& name : run.faults) {
    const auto entry = entry_of(name);
    if (!entry) return Error{ErrorKind::usage, "no simulated fault '" + name + "'"};
    entries.push_back(*entry);
  }
  return make_schedule(entries, run.simulation.members, run.fault_interval,
                       Random(run.simulation.seed).fork(schedule_stream));
}

/// Takes the workload's generators. A script has what they once asked for, from first to last.
Result<reference::SimulationPlan> plan_of(const SimulationRun& run, Workload& workload) {
  reference::SimulationPlan plan;
  plan.time_limit = run.time_limit;
  if (run.script && run.script->clients) {
    plan.clients = play(*run.script->clients);
    plan.endless = false;
  } else {
    plan.set_up = std::move(workload.set_up);
    plan.last = std::move(workload.final_generator);
    plan.clients = std::move(workload.generator);
    if (run.stagger.count() > 0) plan.clients = stagger(run.stagger, std::move(plan.clients));
  }
  if (run.script) {
    plan.faults = play(run.script->faults);
    return plan;
  }
  auto schedule = fault_schedule(run);
  if (!schedule.ok()) return schedule.error();
  plan.faults = *std::move(schedule);
  return plan;
}

Result<Workload> workload_of(const SimulationRun& run) {
  return run.workload->make({.threads = run.simulation.threads,
                             .nodes = static_cast<int>(run.simulation.members),
                             .options = run.workload_options});
}

/// The simulation's settings, with room for all that the run's clients may ask: an operation of a
/// correct cluster takes some ten steps a member.
reference::SimulationSettings settings_of(const SimulationRun& run) {
  constexpr std::uint64_t steps_of_an_operation = 200;
  reference::SimulationSettings settings = run.simulation;
  settings.convergence =
      std::find(run.models.begin(), run.models.end(), reference::convergence) != run.models.end();
  const Nanos second = std::chrono::seconds(1);
  const auto operations = run.stagger.count() > 0
                              ? static_cast<std::uint64_t>(second / run.stagger)
                              : static_cast<std::uint64_t>(settings.threads) * 1'000;
  settings.steps_a_second_max =
      std::max(settings.steps_a_second_max, operations * steps_of_an_operation);
  return settings;
}

/// The verdict if nothing but convergence was asked for, and members agree.
CheckResult agreement() {
  CheckResult result;
  result.model = reference::convergence;
  result.models = {{result.model, Verdict::pass}};
  result.verdict = Verdict::pass;
  return result;
}

void add_findings(const reference::SimulationOutcome& outcome, CheckResult& result) {
  constexpr std::string_view progress = "progress";
  if (outcome.flooded) {
    add_finding(result, flooded, progress,
                fmt::format("Members answer each other without end: {} steps.", outcome.steps));
  }
  if (!outcome.stuck.empty()) {
    add_finding(result, no_progress, progress,
                fmt::format("No progress on {} after everything was healed.",
                            fmt::join(outcome.stuck, " ")));
  }
  if (!outcome.diverged.empty()) {
    add_finding(result, divergence, reference::convergence,
                fmt::format("Members differ at the end: {}.", fmt::join(outcome.diverged, "; ")));
  }
}

/// "a|b" as a and b.
std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find('|'), list.size());
    parts.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return parts;
}

}  // namespace

SimulationRun choose_run(std::uint64_t seed) {
  constexpr std::array<std::size_t, 2> sizes{3, 5};
  constexpr std::array<std::int64_t, 3> intervals_ms{300, 1000, 2500};
  constexpr std::array<std::int64_t, 3> staggers_us{1000, 4000, 10'000};
  Random random = Random(seed).fork(choice_stream);
  SimulationRun run;
  run.simulation.seed = seed;
  run.simulation.members = sizes[random.below(sizes.size())];
  run.fault_interval = std::chrono::milliseconds(intervals_ms[random.below(intervals_ms.size())]);
  run.stagger = std::chrono::microseconds(staggers_us[random.below(staggers_us.size())]);
  run.faults = choose_faults(random);
  return run;
}

void drop_idle_faults(SimulationRun& run) {
  const auto protocol = reference::find_protocol(run.simulation.protocol.protocol);
  if (!protocol.ok()) return;
  std::erase_if(run.faults, [&](const std::string& name) {
    const auto all = reference::simulated_faults();
    const auto fault =
        std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.name == name; });
    return fault != all.end() && !fault->needs.empty() &&
           !reference::performs(**protocol, fault->needs);
  });
}

void choose_options(SimulationRun& run) {
  Random random = Random(run.simulation.seed).fork(option_stream);
  const auto fill = [&](const auto& table, std::map<std::string, std::string>& options) {
    for (const auto& option : table) {
      const auto values = split(option.swarm.empty() ? option.fallback : option.swarm);
      options.try_emplace(std::string(option.name), values.empty() ? "" : random.pick(values));
    }
  };
  fill(run.workload->options, run.workload_options);
  const auto protocol = reference::find_protocol(run.simulation.protocol.protocol);
  if (protocol.ok()) fill((*protocol)->options, run.simulation.protocol.options);
}

std::vector<std::string> simulated_fault_names() {
  std::vector<std::string> names;
  for (const auto& fault : reference::simulated_faults()) names.emplace_back(fault.name);
  return names;
}

bool SimulationResult::unsafe() const {
  return failed() && !check.anomalies.empty() && !is_finding(check.anomalies.front().type);
}

bool is_finding(std::string_view anomaly) {
  return anomaly == flooded || anomaly == no_progress || anomaly == divergence;
}

void add_finding(CheckResult& result, std::string_view type, std::string_view model,
                 std::string explanation) {
  Anomaly anomaly;
  anomaly.type = type;
  anomaly.model = model;
  anomaly.explanation = std::move(explanation);
  std::erase_if(result.models, [&](const ModelVerdict& each) { return each.model == model; });
  result.models.push_back({anomaly.model, Verdict::violation, {}, {}, result.anomalies.size()});
  result.anomalies.push_back(std::move(anomaly));
  if (result.verdict == Verdict::violation) return;
  result.verdict = Verdict::violation;
  result.model = model;
  result.unknown_because.clear();
  result.certificate = {};
}

Result<CheckResult> judge(const SimulationRun& run, const History& history) {
  std::vector<std::string> models = run.models;
  if (std::erase(models, reference::convergence) > 0 && models.empty()) return agreement();
  auto workload = workload_of(run);
  if (!workload.ok()) return workload.error();
  CheckOptions options = workload->check;
  options.threads = 1;
  options.timeout = run.check_timeout;
  // Others are checked beside it, and a search may want more than any machine has.
  options.memory_bytes = std::uint64_t{2} << 30U;
  if (!models.empty()) options.models = std::move(models);
  return check(history, options);
}

Result<SimulationResult> run_simulation(const SimulationRun& run, const Record& record) {
  auto workload = workload_of(run);
  if (!workload.ok()) return workload.error();
  auto plan = plan_of(run, *workload);
  if (!plan.ok()) return plan.error();

  HistoryBuilder builder(workload->history);
  auto outcome = reference::simulate(settings_of(run), *std::move(plan), [&](const Event& event) {
    if (record) {
      if (auto status = record(event); !status.ok()) return status;
    }
    return builder.add(event);
  });
  if (!outcome.ok()) return outcome.error();
  auto history = builder.finish();
  if (!history.ok()) return history.error();
  auto checked = judge(run, *history);
  if (!checked.ok()) return checked.error();
  add_findings(*outcome, *checked);
  return SimulationResult{std::move(*history), std::move(*checked), std::move(*outcome)};
}

}  // namespace assay::cli
