#include "nemesis/registry.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/assert.h"
#include "base/suggestion.h"
#include "nemesis/actor.h"
#include "nemesis/schedule.h"
#include "nemesis/selector.h"

namespace assay {
namespace {

/// The stream of a run's seed that the nemesis draws from.
constexpr std::uint64_t nemesis_stream = 0x6e656d65736973;

const FaultEntry* fault_named(std::string_view wanted) {
  for (const FaultEntry& fault : faults()) {
    if (fault.name == fault_name(wanted)) return &fault;
  }
  return nullptr;
}

std::string selector_of(const std::string& wanted) {
  const std::size_t colon = wanted.find(':');
  return colon == std::string::npos ? "" : wanted.substr(colon + 1);
}

Status check_selector(const FaultEntry& fault, const std::string& wanted, std::size_t nodes) {
  if (wanted.find(':') == std::string::npos) return {};
  Random unused(0);
  if (find(fault.draw(nodes, unused), "selector") == nullptr ||
      find(fault.draw(nodes, unused), "nodes") == nullptr) {
    return Error{ErrorKind::configuration,
                 wanted + ": fault " + std::string(fault.name) + " does not hit single nodes"};
  }
  if (is_selector(selector_of(wanted), nodes)) return {};
  return Error{ErrorKind::configuration,
               wanted +
                   ": expected one, minority, majority, primaries, leader, all or names of "
                   "nodes such as n1+n3 behind the colon, of " +
                   std::to_string(nodes) + " nodes"};
}

/// Each fault once, whatever was asked for.
std::vector<FaultEntry> entries_of(const std::vector<std::string>& names) {
  std::vector<FaultEntry> entries;
  for (const std::string& name : names) {
    const FaultEntry* fault = fault_named(name);
    ASSAY_ASSERT(fault != nullptr);
    const bool known = std::any_of(entries.begin(), entries.end(), [&](const FaultEntry& entry) {
      return entry.name == fault->name;
    });
    if (known) continue;
    entries.push_back(*fault);
    entries.back().selector = selector_of(name);
  }
  return entries;
}

}  // namespace

std::span<const FaultEntry> faults() {
  static const std::array table{partition_fault(),
                                partition_halves_fault(),
                                partition_one_fault(),
                                partition_minority_third_fault(),
                                partition_primaries_fault(),
                                partition_majorities_ring_fault(),
                                partition_bridge_fault(),
                                partition_one_way_fault(),
                                partition_swizzle_fault(),
                                packets_fault(),
                                packet_delay_fault(),
                                packet_loss_fault(),
                                packet_corrupt_fault(),
                                packet_duplicate_fault(),
                                packet_reorder_fault(),
                                packet_rate_fault(),
                                kill_fault(),
                                kill_all_fault(),
                                stop_fault(),
                                restart_fault(),
                                pause_fault(),
                                pause_threads_fault(),
                                cpu_fault(),
                                memory_fault(),
                                power_fault(),
                                membership_fault(),
                                replace_fault(),
                                clock_fault(),
                                clock_drift_fault(),
                                clock_strobe_fault(),
                                disk_lose_fault(),
                                disk_torn_fault(),
                                disk_error_fault(),
                                disk_full_fault(),
                                disk_slow_fault(),
                                disk_flip_fault(),
                                disk_truncate_fault(),
                                disk_restore_fault()};
  return table;
}

std::span<const FaultPackage> fault_packages() {
  using Names = std::span<const std::string_view>;
  static constexpr std::array<std::string_view, 4> network{"partition", "partition-swizzle",
                                                           "packets", "packet-delay"};
  static constexpr std::array<std::string_view, 5> processes{"kill", "stop", "pause",
                                                             "pause-threads", "cpu"};
  static constexpr std::array<std::string_view, 3> clocks{"clock", "clock-drift", "clock-strobe"};
  static constexpr std::array<std::string_view, 4> disks{"disk-lose", "disk-torn", "disk-error",
                                                         "disk-slow"};
  static constexpr std::array<std::string_view, 4> classic{"partition", "kill", "pause", "clock"};
  static constexpr std::array<std::string_view, 10> storm{
      "partition", "partition-primaries", "packets", "kill",  "stop",
      "pause",     "pause-threads",       "cpu",     "clock", "clock-strobe"};
  static constexpr std::array<FaultPackage, 6> table{{
      {"network", "partitions and trouble with packets", Names(network)},
      {"processes", "servers end, stand still and starve", Names(processes)},
      {"clocks", "clocks are off, drift and strobe", Names(clocks)},
      {"disks", "disks fail, are slow and lose what was not synced", Names(disks)},
      {"classic", "one of each: what most runs should see", Names(classic)},
      {"storm", "ten faults of all sorts", Names(storm)},
  }};
  return table;
}

std::string_view fault_name(std::string_view wanted) { return wanted.substr(0, wanted.find(':')); }

std::vector<std::string> expand_faults(const std::vector<std::string>& names) {
  std::vector<std::string> expanded;
  const auto add = [&expanded](std::string_view name) {
    if (std::find(expanded.begin(), expanded.end(), name) == expanded.end()) {
      expanded.emplace_back(name);
    }
  };
  for (const std::string& name : names) {
    const auto table = fault_packages();
    const auto package = std::find_if(
        table.begin(), table.end(), [&](const FaultPackage& entry) { return entry.name == name; });
    if (package == table.end()) {
      add(name);
    } else {
      for (const std::string_view fault : package->faults) add(fault);
    }
  }
  return expanded;
}

Status check_faults(const std::vector<std::string>& names, Target& target, std::size_t nodes,
                    bool has_power) {
  std::set<std::string_view> known_names;
  for (const std::string& name : names) {
    const FaultEntry* fault = fault_named(name);
    if (fault == nullptr) {
      std::string known;
      std::vector<std::string_view> candidates;
      for (const FaultEntry& entry : faults()) {
        known += (known.empty() ? "" : ", ") + std::string(entry.name);
        candidates.push_back(entry.name);
      }
      return Error{
          ErrorKind::configuration,
          "unknown fault " + name + did_you_mean(name, candidates) + "; expected " + known};
    }
    if (!known_names.insert(fault->name).second) {
      return Error{ErrorKind::configuration,
                   "fault " + std::string(fault->name) + " is asked for twice"};
    }
    if (Status fits = check_selector(*fault, name, nodes); !fits.ok()) return fits;
    if (fault->needs == FaultNeeds::process_control && target.process_control() == nullptr) {
      return Error{ErrorKind::configuration,
                   "fault " + name + " needs server processes that can be controlled, and target " +
                       std::string(target.name()) + " has none; leave it out"};
    }
    if (fault->needs == FaultNeeds::membership && target.membership() == nullptr) {
      return Error{ErrorKind::configuration, "fault " + name +
                                                 " needs servers that can leave their cluster and "
                                                 "join it, and those of target " +
                                                 std::string(target.name()) +
                                                 " cannot; leave it out"};
    }
    const bool needs_folder =
        fault->needs == FaultNeeds::data_folder || fault->needs == FaultNeeds::disk_layer;
    if (needs_folder &&
        (target.process_control() == nullptr || target.process_control()->data_folder(0).empty())) {
      return Error{ErrorKind::configuration,
                   "fault " + name +
                       " needs a server whose data folder is known, and that of "
                       "target " +
                       std::string(target.name()) + " is not; leave it out"};
    }
    if (fault->needs == FaultNeeds::power && !has_power) {
      return Error{ErrorKind::configuration,
                   "fault " + name +
                       " needs the nodes' mains switches, which only a lab has; leave "
                       "it out"};
    }
  }
  return {};
}

Result<std::unique_ptr<Nemesis>> make_nemesis(const std::vector<std::string>& names, Nodes& nodes,
                                              Target& target, const NemesisSettings& settings) {
  if (const Status checked = check_faults(names, target, nodes.size(), settings.power != nullptr);
      !checked.ok())
    return checked.error();
  return Actor::open(entries_of(names), nodes, target, settings);
}

GeneratorPtr fault_schedule(const std::vector<std::string>& names, std::size_t nodes,
                            const NemesisSettings& settings) {
  return make_schedule(entries_of(names), nodes, settings.interval,
                       Random(settings.seed).fork(nemesis_stream));
}

}  // namespace assay
