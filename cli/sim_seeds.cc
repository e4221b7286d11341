#include "cli/sim_seeds.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/suggestion.h"
#include "cli/option_tables.h"
#include "cli/output.h"
#include "cli/run_settings.h"

namespace assay::cli {
namespace {

/// What the protocol promises, if the workload asks about registers; empty: nothing.
Result<std::vector<std::string>> promised_models(const SimulationRun& run) {
  auto workload = run.workload->make({.threads = run.simulation.threads,
                                      .nodes = static_cast<int>(run.simulation.members),
                                      .options = run.workload_options});
  if (!workload.ok()) return workload.error();
  if (workload->history.datatype != "register") return std::vector<std::string>();
  auto promised = reference::promises_of(run.simulation.protocol);
  if (!promised.ok()) return promised.error();
  return std::vector<std::string>(promised->begin(), promised->end());
}

}  // namespace

Result<SimulationRun> settings_of(const SimFlags& flags, std::uint64_t seed) {
  SimulationRun run = choose_run(seed);
  const auto protocol = reference::find_protocol(flags.protocol);
  if (!protocol.ok()) return protocol.error();
  const std::string_view wanted = flags.workload.empty() ? (*protocol)->workload : flags.workload;
  std::vector<std::string_view> known;
  for (const WorkloadEntry& entry : workloads()) {
    if (entry.name == wanted) run.workload = &entry;
    known.push_back(entry.name);
  }
  if (run.workload == nullptr) {
    return Error{ErrorKind::usage, "unknown workload '" + flags.workload + "'" +
                                       did_you_mean(flags.workload, known) +
                                       "; see `assay list workloads`"};
  }
  run.simulation.protocol = {flags.protocol, {}, flags.bugs};
  for (const auto& [name, value] : flags.options) {
    if (has_option((*protocol)->options, name)) {
      run.simulation.protocol.options[name] = value;
    } else if (has_option(run.workload->options, name)) {
      run.workload_options[name] = value;
    } else {
      return Error{ErrorKind::usage, fmt::format("--{} belongs neither to protocol {} nor to "
                                                 "workload {}",
                                                 name, flags.protocol, run.workload->name)};
    }
  }
  choose_options(run);
  if (flags.members > 0) run.simulation.members = flags.members;
  run.simulation.threads =
      flags.threads > 0 ? flags.threads : static_cast<int>(2 * run.simulation.members);
  run.simulation.swarm = !flags.calm;
  if (!flags.faults.empty()) {
    run.faults = flags.faults;
  } else {
    drop_idle_faults(run);
  }
  if (flags.faults == std::vector<std::string>{"none"}) run.faults.clear();
  run.models = flags.models;
  if (run.models.empty()) {
    auto promised = promised_models(run);
    if (!promised.ok()) return promised.error();
    run.models = std::move(*promised);
  }
  auto asked = check_functions(
      *run.workload, "protocol " + flags.protocol,
      [&](std::string_view function) { return reference::performs(**protocol, function); });
  if (!asked.ok()) return asked.error();
  auto limit = parse_duration(flags.time_limit);
  if (!limit.ok()) return limit.error().in("--time-limit");
  run.time_limit = *limit;
  if (!flags.fault_interval.empty()) {
    auto interval = parse_duration(flags.fault_interval);
    if (!interval.ok()) return interval.error().in("--nemesis-interval");
    run.fault_interval = *interval;
  }
  if (!flags.rate.empty()) {
    auto stagger = parse_rate(flags.rate);
    if (!stagger.ok()) return stagger.error();
    run.stagger = *stagger;
  }
  auto status = check_settings(run.simulation.protocol, run.simulation.members);
  if (!status.ok()) return status.error();
  return run;
}

std::string command_of(const SimFlags& flags, std::uint64_t seed) {
  const SimFlags standard;
  std::string text = fmt::format("assay sim {} --seed {}", flags.protocol, seed);
  for (const auto& [name, value] : flags.options) {
    text += fmt::format(" --{} {}", name, shell_word(value));
  }
  if (!flags.bugs.empty()) text += fmt::format(" --bug {}", fmt::join(flags.bugs, ","));
  if (!flags.workload.empty()) text += " --workload " + flags.workload;
  if (flags.members > 0) text += fmt::format(" --nodes {}", flags.members);
  if (flags.threads > 0) text += fmt::format(" --concurrency {}", flags.threads);
  if (!flags.faults.empty()) text += fmt::format(" --nemesis {}", fmt::join(flags.faults, ","));
  if (flags.time_limit != standard.time_limit) text += " --time-limit " + flags.time_limit;
  if (!flags.fault_interval.empty()) text += " --nemesis-interval " + flags.fault_interval;
  if (!flags.rate.empty()) text += " --rate " + flags.rate;
  if (!flags.models.empty())
    text += fmt::format(" --model {}", fmt::join(flags.models, " --model "));
  if (flags.calm) text += " --calm";
  return text;
}

void for_each_number(int jobs, std::uint64_t first, std::uint64_t count,
                     const std::function<bool(std::uint64_t)>& work) {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  if (jobs <= 0) jobs = cores;
  std::atomic<std::uint64_t> next{0};
  std::atomic<bool> stop{false};
  const auto loop = [&] {
    for (;;) {
      const std::uint64_t at = next.fetch_add(1);
      if (at >= count || stop.load()) return;
      if (!work(first + at)) stop.store(true);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < jobs; ++i) threads.emplace_back(loop);
  loop();
  for (auto& thread : threads) thread.join();
}

}  // namespace assay::cli
