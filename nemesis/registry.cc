#include "nemesis/registry.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"
#include "nemesis/actor.h"
#include "nemesis/schedule.h"

namespace assay {
namespace {

/// The stream of a run's seed that the nemesis draws from.
constexpr std::uint64_t nemesis_stream = 0x6e656d65736973;

const FaultEntry* fault_named(const std::string& name) {
  for (const FaultEntry& fault : faults()) {
    if (fault.name == name) return &fault;
  }
  return nullptr;
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
    if (!known) entries.push_back(*fault);
  }
  return entries;
}

}  // namespace

std::span<const FaultEntry> faults() {
  static const std::array<FaultEntry, 9> table{partition_fault(),
                                               partition_halves_fault(),
                                               partition_one_fault(),
                                               partition_majorities_ring_fault(),
                                               partition_bridge_fault(),
                                               partition_one_way_fault(),
                                               kill_fault(),
                                               pause_fault(),
                                               clock_fault()};
  return table;
}

Status check_faults(const std::vector<std::string>& names, Target& target) {
  for (const std::string& name : names) {
    const FaultEntry* fault = fault_named(name);
    if (fault == nullptr) {
      std::string known;
      for (const FaultEntry& entry : faults()) {
        known += (known.empty() ? "" : ", ") + std::string(entry.name);
      }
      return Error{ErrorKind::configuration, "unknown fault " + name + "; expected " + known};
    }
    if (fault->needs == FaultNeeds::process_control && target.process_control() == nullptr) {
      return Error{ErrorKind::configuration,
                   "fault " + name + " needs server processes that can be controlled, and target " +
                       std::string(target.name()) + " has none; leave it out"};
    }
  }
  return {};
}

Result<std::unique_ptr<Nemesis>> make_nemesis(const std::vector<std::string>& names, Nodes& nodes,
                                              Target& target, const NemesisSettings& settings) {
  if (const Status checked = check_faults(names, target); !checked.ok()) return checked.error();
  return Actor::open(entries_of(names), nodes, target, settings.agent);
}

GeneratorPtr fault_schedule(const std::vector<std::string>& names, std::size_t nodes,
                            const NemesisSettings& settings) {
  return make_schedule(entries_of(names), nodes, settings.interval,
                       Random(settings.seed).fork(nemesis_stream));
}

}  // namespace assay
