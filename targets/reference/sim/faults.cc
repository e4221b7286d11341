#include "targets/reference/sim/faults.h"

#include <algorithm>
#include <array>
#include <utility>

#include "targets/reference/sim/directed_faults.h"

namespace assay::reference {
namespace {

// What bad weather is like.
constexpr double lossy = 0.3;
constexpr double straggling = 0.2;
constexpr Nanos slow_delay = std::chrono::milliseconds(150);
constexpr Nanos slow_sync = std::chrono::milliseconds(400);
constexpr std::array<std::int64_t, 6> clock_rates{250, 500, 800, 1250, 2000, 4000};

Value no_parameters(std::size_t /*n*/, Random& /*random*/) { return Value::Map{}; }

Value draw_member(std::size_t n, Random& random) {
  Value::Map parameters{{"nodes", Value::List{static_cast<std::int64_t>(random.below(n))}}};
  if (random.chance(0.5)) parameters.emplace_back("selector", "primaries");
  return parameters;
}

Value draw_clock_rate(std::size_t n, Random& random) {
  Value parameters = draw_member(n, random);
  parameters.get_if<Value::Map>()->emplace_back("ms_per_s",
                                                clock_rates[random.below(clock_rates.size())]);
  return parameters;
}

constexpr std::array table{
    SimulatedFault{"partition", "cuts the network between members; the kind is drawn each time",
                   nullptr},
    SimulatedFault{"partition-halves", "two halves that do not hear each other", nullptr},
    SimulatedFault{"partition-one", "one member, half the time a leader, against all others",
                   nullptr},
    SimulatedFault{"partition-majorities-ring", "every member hears a majority, no two the same",
                   nullptr},
    SimulatedFault{"partition-bridge", "two halves joined by one member that hears both", nullptr},
    SimulatedFault{"partition-one-way", "one half does not hear the other, but is heard", nullptr},
    SimulatedFault{"kill", "members crash; of writes on their way to the disk a prefix is kept",
                   nullptr},
    SimulatedFault{"pause", "members stop for a while and then go on as if nothing happened",
                   nullptr},
    SimulatedFault{"power", "all members crash at once and come back together", no_parameters},
    SimulatedFault{"clock-rate", "a member's clock, half the time a leader's, runs fast or slow",
                   draw_clock_rate},
    SimulatedFault{"lossy-network", "a third of all messages is lost or comes twice",
                   no_parameters},
    SimulatedFault{"slow-network", "messages take up to 150 ms, some twenty times that",
                   no_parameters},
    SimulatedFault{"disk-rot",
                   "a member crashes, and a bit of its log is not what it was: it must not start",
                   draw_member},
    SimulatedFault{"slow-disk", "a member's disk, half the time a leader's, takes up to 400 ms",
                   draw_member},
};

Error malformed(const std::string& name) {
  return {ErrorKind::bad_data, name + ": these are not the parameters of this fault"};
}

/// Positions from 0 as member numbers.
Result<std::vector<NodeId>> members_of(const Value* list, std::size_t n) {
  const auto* positions = list == nullptr ? nullptr : list->get_if<Value::List>();
  if (positions == nullptr) return Error{ErrorKind::bad_data, "expected a list of positions"};
  std::vector<NodeId> members;
  for (const Value& element : *positions) {
    const auto* at = element.get_if<std::int64_t>();
    if (at == nullptr || *at < 0 || static_cast<std::size_t>(*at) >= n) {
      return Error{ErrorKind::bad_data, "expected positions below " + std::to_string(n)};
    }
    members.push_back(NodeId{static_cast<std::uint32_t>(*at + 1)});
  }
  return members;
}

std::string name_of(NodeId member) {
  return "n" + std::to_string(static_cast<std::uint32_t>(member));
}

std::string names_of(const std::vector<NodeId>& members) {
  std::string text;
  for (const NodeId member : members) text += " " + name_of(member);
  return text;
}

}  // namespace

std::span<const SimulatedFault> simulated_faults() {
  static const std::vector<SimulatedFault> all = [] {
    std::vector<SimulatedFault> rows(table.begin(), table.end());
    const auto directed = directed_faults();
    rows.insert(rows.end(), directed.begin(), directed.end());
    return rows;
  }();
  return all;
}

Completion SimulatedNemesis::invoke(const Invocation& invocation) {
  constexpr std::string_view start_prefix = "start-";
  constexpr std::string_view stop_prefix = "stop-";
  if (invocation.f.starts_with(stop_prefix)) {
    const auto found = in_force_.find(invocation.f.substr(stop_prefix.size()));
    if (found == in_force_.end()) return {EventType::info, {}, "this fault is not in force"};
    found->second();
    in_force_.erase(found);
    return {EventType::ok, Value::Map{{"what", "healed"}}, {}};
  }
  if (!invocation.f.starts_with(start_prefix)) {
    return {EventType::info, {}, "neither a start nor a stop of a fault"};
  }
  const std::string name = invocation.f.substr(start_prefix.size());
  if (in_force_.contains(name)) return {EventType::info, {}, "this fault is in force already"};
  auto started = start(name, invocation.value);
  if (!started) return {EventType::info, {}, started.error().message};
  in_force_[name] = std::move(started->undo);
  return {EventType::ok, Value::Map{{"what", started->what}}, {}};
}

Result<std::vector<StoppedFault>> SimulatedNemesis::heal_all() {
  for (auto& [name, undo] : in_force_) undo();
  in_force_.clear();
  // Faults that overlap may have undone a part of each other.
  world_.mend_all();
  for (const NodeId member : world_.members()) {
    world_.resume(member);
    world_.restore_disk(member);
    world_.restart(member);
  }
  return std::vector<StoppedFault>();
}

Result<SimulatedNemesis::Started> SimulatedNemesis::start(const std::string& name,
                                                          const Value& parameters) {
  if (name.starts_with("partition")) return partition(parameters);
  if (name == "kill" || name == "pause" || name == "clock-rate" || name == "disk-rot") {
    return on_nodes(name, parameters);
  }
  if (name == "power") {
    for (const NodeId member : world_.members()) world_.crash(member);
    return Started{"every member crashes", [this] {
                     for (const NodeId member : world_.members()) world_.restart(member);
                   }};
  }
  if (name == "lossy-network" || name == "slow-network") return weather(name);
  if (name == "slow-disk") return slow_disk(parameters);
  if (auto directed = start_directed(world_, name, parameters)) return std::move(*directed);
  return Error{ErrorKind::bad_data, "no simulated fault '" + name + "'"};
}

Result<SimulatedNemesis::Started> SimulatedNemesis::partition(const Value& parameters) {
  const auto& members = world_.members();
  const std::size_t n = members.size();
  const Value* drops = find(parameters, "drops");
  const auto* lists = drops == nullptr ? nullptr : drops->get_if<Value::List>();
  if (lists == nullptr || lists->size() != n) return malformed("partition");
  std::vector<std::pair<NodeId, NodeId>> links;
  for (std::size_t i = 0; i < n; ++i) {
    const auto dropped = members_of(&(*lists)[i], n);
    if (!dropped) return dropped.error().in("partition");
    for (const NodeId from : *dropped) links.emplace_back(from, members[i]);
  }
  const auto leaders = world_.leaders();
  if (find(parameters, "selector") != nullptr && !leaders.empty()) {
    links.clear();
    for (const NodeId other : members) {
      if (other == leaders.front()) continue;
      links.emplace_back(leaders.front(), other);
      links.emplace_back(other, leaders.front());
    }
  }
  std::string what = "cut:";
  for (const auto& [from, to] : links) {
    world_.cut(from, to);
    what += " " + name_of(from) + ">" + name_of(to);
  }
  return Started{what, [this, links = std::move(links)] {
                   for (const auto& [from, to] : links) world_.mend(from, to);
                 }};
}

Result<std::vector<NodeId>> SimulatedNemesis::selected(const Value& parameters) const {
  const Value* selector = find(parameters, "selector");
  if (selector != nullptr && *selector == Value("primaries")) {
    auto leaders = world_.leaders();
    if (!leaders.empty()) return leaders;
  }
  return members_of(find(parameters, "nodes"), world_.members().size());
}

Result<SimulatedNemesis::Started> SimulatedNemesis::on_nodes(const std::string& name,
                                                             const Value& parameters) {
  const auto nodes = selected(parameters);
  if (!nodes) return nodes.error().in(name);
  const std::string what = name + names_of(*nodes);
  const auto each = [this, nodes = *nodes](void (World::*action)(NodeId)) {
    for (const NodeId member : nodes) (world_.*action)(member);
  };
  if (name == "kill") {
    each(&World::crash);
    return Started{what, [each] { each(&World::restart); }};
  }
  if (name == "pause") {
    each(&World::pause);
    return Started{what, [each] { each(&World::resume); }};
  }
  if (name == "disk-rot") {
    each(&World::crash);
    each(&World::rot);
    each(&World::restart);
    return Started{what, [each] {
                     each(&World::restore_disk);
                     each(&World::restart);
                   }};
  }
  const Value* rate = find(parameters, "ms_per_s");
  const auto* ms_per_s = rate == nullptr ? nullptr : rate->get_if<std::int64_t>();
  if (ms_per_s == nullptr || *ms_per_s < 1 || *ms_per_s > 1'000'000) return malformed(name);
  for (const NodeId member : *nodes) world_.set_clock_rate(member, *ms_per_s);
  return Started{what + " " + std::to_string(*ms_per_s) + " ms a second", [this, nodes = *nodes] {
                   for (const NodeId member : nodes) world_.set_clock_rate(member, 1000);
                 }};
}

SimulatedNemesis::Started SimulatedNemesis::weather(const std::string& name) {
  const Weather calm = world_.weather();
  Weather& now = world_.weather();
  if (name == "lossy-network") {
    now.loss = lossy;
    now.repeat = lossy;
    return {"a third of all messages is lost", [this, calm] {
              world_.weather().loss = calm.loss;
              world_.weather().repeat = calm.repeat;
            }};
  }
  now.delay_max = slow_delay;
  now.straggle = straggling;
  return {"messages take up to 150 ms", [this, calm] {
            world_.weather().delay_max = calm.delay_max;
            world_.weather().straggle = calm.straggle;
          }};
}

Result<SimulatedNemesis::Started> SimulatedNemesis::slow_disk(const Value& parameters) {
  const auto nodes = selected(parameters);
  if (!nodes) return nodes.error().in("slow-disk");
  std::vector<std::pair<NodeId, Nanos>> before;
  for (const NodeId member : *nodes) {
    before.emplace_back(member, world_.sync_max(member));
    world_.set_sync_max(member, slow_sync);
  }
  return Started{"up to 400 ms for a write:" + names_of(*nodes), [this, before] {
                   for (const auto& [member, longest] : before) {
                     world_.set_sync_max(member, longest);
                   }
                 }};
}

}  // namespace assay::reference
