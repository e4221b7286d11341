// Servers that end, stand still, or get little processor time. They are commands and processes of
// the target's; the agent on the node ends, starts and stops them.

#include <fmt/format.h>

#include "nemesis/fault.h"
#include "nemesis/parameters.h"
#include "nemesis/selector.h"

namespace assay {
namespace {

/// A plan that gives every selected node the same kind of words.
template <class WordsFor>
Result<Injection> plan_each(const Value& parameters, const Cluster& cluster, const char* name,
                            const WordsFor& words_for) {
  const ProcessControl* control = cluster.target.process_control();
  if (control == nullptr) {
    return Error{ErrorKind::configuration,
                 std::string(name) + ": this target has no process control"};
  }
  const auto nodes = select_nodes(parameters, cluster);
  if (!nodes) return nodes.error().in(name);
  Injection injection;
  injection.words.resize(cluster.nodes.size());
  for (const std::size_t at : *nodes) injection.words[at] = words_for(*control, at);
  injection.what = std::string(name) + " " + names_of(*nodes, cluster);
  return injection;
}

Result<Injection> plan_kill(const Value& parameters, const Cluster& cluster) {
  return plan_each(parameters, cluster, "kill", [](const ProcessControl& control, std::size_t at) {
    return Words{"kill", control.pid_file(at), control.kill_command(at), control.start_command(at)};
  });
}

Result<Injection> plan_stop(const Value& parameters, const Cluster& cluster) {
  return plan_each(parameters, cluster, "stop", [](const ProcessControl& control, std::size_t at) {
    return Words{"stop", control.pid_file(at), control.start_command(at)};
  });
}

Result<Injection> plan_restart(const Value& parameters, const Cluster& cluster) {
  return plan_each(parameters, cluster, "restart",
                   [](const ProcessControl& control, std::size_t at) {
                     return Words{"restart", control.pid_file(at), control.start_command(at)};
                   });
}

Result<Injection> plan_pause(const Value& parameters, const Cluster& cluster) {
  return plan_each(parameters, cluster, "pause", [](const ProcessControl& control, std::size_t at) {
    return Words{"pause", control.pid_file(at)};
  });
}

Value draw_pause_threads(std::size_t n, Random& random) {
  Value selection = draw_selection(n, random);
  add_parameter(selection, "percent", random.between(20, 80));
  add_parameter(selection, "seed", random.between(0, 1'000'000));
  return selection;
}

Result<Injection> plan_pause_threads(const Value& parameters, const Cluster& cluster) {
  const auto percent = number_of(parameters, "percent", 1, 99);
  if (!percent) return percent.error().in("pause-threads");
  const auto seed = number_of(parameters, "seed", 0, 1'000'000);
  if (!seed) return seed.error().in("pause-threads");
  auto injection = plan_each(parameters, cluster, "pause-threads",
                             [&](const ProcessControl& control, std::size_t at) {
                               return Words{"pause-threads", control.pid_file(at),
                                            std::to_string(*percent), std::to_string(*seed)};
                             });
  if (injection) injection->what += fmt::format(" ({} % of the threads)", *percent);
  return injection;
}

Value draw_cpu(std::size_t n, Random& random) {
  Value selection = draw_selection(n, random);
  add_parameter(selection, "percent", random.between(2, 20));
  return selection;
}

Result<Injection> plan_cpu(const Value& parameters, const Cluster& cluster) {
  const auto percent = number_of(parameters, "percent", 1, 99);
  if (!percent) return percent.error().in("cpu");
  auto injection =
      plan_each(parameters, cluster, "cpu", [&](const ProcessControl& control, std::size_t at) {
        return Words{"cpu", control.pid_file(at), std::to_string(*percent)};
      });
  if (injection) injection->what += fmt::format(" (runs {} % of the time)", *percent);
  return injection;
}

Value draw_memory(std::size_t n, Random& random) {
  Value selection = draw_selection(n, random);
  add_parameter(selection, "percent", random.between(10, 30));
  return selection;
}

Result<Injection> plan_memory(const Value& parameters, const Cluster& cluster) {
  const auto percent = number_of(parameters, "percent", 1, 99);
  if (!percent) return percent.error().in("memory");
  const auto nodes = select_nodes(parameters, cluster);
  if (!nodes) return nodes.error().in("memory");
  Injection injection;
  injection.words.resize(cluster.nodes.size());
  for (const std::size_t at : *nodes) injection.words[at] = {"memory", std::to_string(*percent)};
  injection.what =
      fmt::format("memory {} ({} % of what is available)", names_of(*nodes, cluster), *percent);
  return injection;
}

/// One node: what is left must still have a majority of the members that run.
Value draw_membership(std::size_t n, Random& random) {
  Value::Map map{{"selector", random.chance(0.3) ? "primaries" : "one"}};
  map.emplace_back("nodes", Value::List{static_cast<std::int64_t>(random.below(n))});
  return map;
}

Result<Injection> plan_members(const Value& parameters, const Cluster& cluster, const char* kind,
                               const char* what) {
  const Membership* membership = cluster.target.membership();
  if (membership == nullptr) {
    return Error{ErrorKind::configuration, std::string(kind) + ": this target's members are fixed"};
  }
  const auto nodes = select_nodes(parameters, cluster);
  if (!nodes) return nodes.error().in(kind);
  Injection injection;
  injection.words.resize(cluster.nodes.size());
  for (const std::size_t at : *nodes) {
    injection.words[at] = {kind, membership->leave_command(at), membership->join_command(at)};
  }
  injection.what = what + names_of(*nodes, cluster);
  return injection;
}

Result<Injection> plan_membership(const Value& parameters, const Cluster& cluster) {
  return plan_members(parameters, cluster, "membership", "members leave: ");
}
Result<Injection> plan_replace(const Value& parameters, const Cluster& cluster) {
  return plan_members(parameters, cluster, "replace", "new ones for members: ");
}

Result<Injection> plan_power(const Value& parameters, const Cluster& cluster) {
  const auto nodes = select_nodes(parameters, cluster);
  if (!nodes) return nodes.error().in("power");
  Injection injection;
  injection.words.resize(cluster.nodes.size());
  for (const std::size_t at : *nodes) injection.words[at] = {"power"};
  injection.what = "power off " + names_of(*nodes, cluster);
  return injection;
}

}  // namespace

FaultEntry kill_fault() {
  return {"kill", "kills servers with SIGKILL; healing starts them again",
          FaultNeeds::process_control, draw_selection, plan_kill};
}
FaultEntry kill_all_fault() {
  return {"kill-all", "kills all servers at once with SIGKILL; healing starts them again",
          FaultNeeds::process_control, draw_all, plan_kill};
}
FaultEntry stop_fault() {
  return {"stop", "ends servers with SIGTERM; healing starts them again",
          FaultNeeds::process_control, draw_selection, plan_stop};
}
FaultEntry restart_fault() {
  return {"restart", "ends servers with SIGTERM and starts them at once",
          FaultNeeds::process_control, draw_selection, plan_restart};
}
FaultEntry pause_fault() {
  return {"pause", "stops server processes with SIGSTOP; healing lets them go on",
          FaultNeeds::process_control, draw_selection, plan_pause};
}
FaultEntry pause_threads_fault() {
  return {"pause-threads", "some threads of servers stand still, the others go on",
          FaultNeeds::process_control, draw_pause_threads, plan_pause_threads};
}
FaultEntry cpu_fault() {
  return {"cpu", "servers run for a few percent of the time only", FaultNeeds::process_control,
          draw_cpu, plan_cpu};
}
FaultEntry memory_fault() {
  return {"memory", "a share of a node's available memory is taken", FaultNeeds::nothing,
          draw_memory, plan_memory};
}
FaultEntry membership_fault() {
  return {"membership", "a server leaves the cluster; healing lets a new, empty one join",
          FaultNeeds::membership, draw_membership, plan_membership};
}
FaultEntry replace_fault() {
  return {"replace", "a server leaves the cluster, and a new, empty one joins at once",
          FaultNeeds::membership, draw_membership, plan_replace};
}
FaultEntry power_fault() {
  return {"power", "whole nodes off at once, as by the mains switch, and on again with their disks",
          FaultNeeds::power, draw_selection, plan_power};
}

}  // namespace assay
