// Partition: nodes stop hearing each other. Every node drops, in a firewall table of Assay's own,
// what comes from the nodes that its side of the grudge names; the way to the controller is never
// cut, not even where it leads through another node.

#include <algorithm>
#include <numeric>
#include <span>

#include "nemesis/address.h"
#include "nemesis/fault.h"
#include "nemesis/grudge.h"
#include "nemesis/parameters.h"

namespace assay {
namespace {

constexpr double primary_chance = 0.5;
constexpr double reject_chance = 0.25;

Value positions_value(const std::vector<std::size_t>& positions) {
  Value::List list;
  for (const std::size_t at : positions) list.emplace_back(static_cast<std::int64_t>(at));
  return list;
}

Value draw_kind(PartitionKind kind, std::size_t n, Random& random) {
  const Grudge grudge = make_grudge(kind, n, random);
  Value::List drops;
  for (const auto& dropped : grudge) drops.push_back(positions_value(dropped));
  Value::Map map{{"kind", std::string(name_of(kind))}, {"drops", drops}};
  // The drawn node stays as what to isolate when the target cannot tell its primaries.
  if (kind == PartitionKind::one && random.chance(primary_chance)) {
    map.emplace_back("selector", "primaries");
  }
  // Refused connections and silence are different troubles for a client.
  if (random.chance(reject_chance)) map.emplace_back("how", "reject");
  return map;
}

template <PartitionKind kind>
Value draw_fixed(std::size_t n, Random& random) {
  return draw_kind(kind, n, random);
}

Value draw_primaries(std::size_t n, Random& random) {
  Value parameters = draw_kind(PartitionKind::one, n, random);
  if (find(parameters, "selector") == nullptr) {
    parameters.get_if<Value::Map>()->emplace_back("selector", "primaries");
  }
  return parameters;
}

/// Nodes stop hearing the others one by one, and hear again one by one in another order.
Value draw_swizzle(std::size_t n, Random& random) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  random.shuffle(std::span(order));
  order.resize(static_cast<std::size_t>(random.between(1, static_cast<std::int64_t>(n))));
  Value::List drops(n);
  for (std::size_t at = 0; at < n; ++at) {
    const bool cut = std::find(order.begin(), order.end(), at) != order.end();
    drops[at] = positions_value(cut ? isolate(at, n)[at] : std::vector<std::size_t>{});
  }
  Value parameters = Value::Map{{"kind", "swizzle"}, {"drops", drops}};
  auto& map = *parameters.get_if<Value::Map>();
  map.emplace_back("order", positions_value(order));
  random.shuffle(std::span(order));
  map.emplace_back("heal_order", positions_value(order));
  add_parameter(parameters, "gap_ms", random.between(50, 500));
  return parameters;
}

Value draw_any(std::size_t n, Random& random) {
  return draw_kind(static_cast<PartitionKind>(random.below(partition_kind_count)), n, random);
}

Error malformed() {
  return {ErrorKind::bad_data,
          "partition: expected {kind, drops: for each node a list of positions}"};
}

Result<Grudge> grudge_of(const Value& parameters, std::size_t n) {
  const Value* drops = find(parameters, "drops");
  const auto* lists = drops == nullptr ? nullptr : drops->get_if<Value::List>();
  if (lists == nullptr || lists->size() != n) return malformed();
  Grudge grudge(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto* list = (*lists)[i].get_if<Value::List>();
    if (list == nullptr) return malformed();
    for (const Value& element : *list) {
      const auto* at = element.get_if<std::int64_t>();
      if (at == nullptr || *at < 0 || static_cast<std::size_t>(*at) >= n) return malformed();
      grudge[i].push_back(static_cast<std::size_t>(*at));
    }
  }
  return grudge;
}

/// A list of positions of nodes; empty if there is none of that name.
std::vector<std::size_t> positions_of(const Value& parameters, const char* name, std::size_t n) {
  std::vector<std::size_t> positions;
  const Value* value = find(parameters, name);
  const auto* list = value == nullptr ? nullptr : value->get_if<Value::List>();
  if (list == nullptr) return positions;
  for (const Value& element : *list) {
    const auto* at = element.get_if<std::int64_t>();
    if (at != nullptr && *at >= 0 && static_cast<std::size_t>(*at) < n) {
      positions.push_back(static_cast<std::size_t>(*at));
    }
  }
  return positions;
}

/// "port=2380" for each of the list `ports`; all ports if there is none.
Result<Words> ports_of(const Value& parameters) {
  Words words;
  const Value* ports = find(parameters, "ports");
  if (ports == nullptr) return words;
  const auto* list = ports->get_if<Value::List>();
  for (const Value& element : list == nullptr ? Value::List() : *list) {
    const auto* port = element.get_if<std::int64_t>();
    if (port != nullptr && *port >= 1 && *port <= 65'535) {
      words.push_back("port=" + std::to_string(*port));
    }
  }
  if (list != nullptr && !list->empty() && words.size() == list->size()) return words;
  return Error{ErrorKind::bad_data, "partition: ports: expected numbers from 1 to 65535"};
}

/// "except=22" on a machine of the user's, to which ~/.ssh/config may name another as the way.
Words exceptions_of(const Node& node, const Words& ports) {
  const NodeAddress& address = node.address();
  if (!address.is_own || !ports.empty()) return {};
  return {"except=" + std::to_string(address.ssh_port())};
}

Result<Injection> plan_partition(const Value& parameters, const Cluster& cluster) {
  const std::size_t n = cluster.nodes.size();
  auto grudge = grudge_of(parameters, n);
  if (!grudge) return grudge.error();
  const Value* kind = find(parameters, "kind");
  const auto* kind_name = kind == nullptr ? nullptr : kind->get_if<std::string>();
  std::string label = kind_name == nullptr ? "partition" : *kind_name;
  Primaries* primaries = cluster.target.primaries();
  if (find(parameters, "selector") != nullptr && primaries != nullptr) {
    const std::vector<std::size_t> now = primaries->primaries();
    if (!now.empty() && now.front() < n) {
      *grudge = isolate(now.front(), n);
      label += " (primary)";
    }
  }
  const Value* how = find(parameters, "how");
  const bool rejects = how != nullptr && *how == Value("reject");
  const auto ports = ports_of(parameters);
  if (!ports) return ports.error();
  Injection injection;
  injection.words.resize(n);
  injection.order = positions_of(parameters, "order", n);
  injection.heal_order = positions_of(parameters, "heal_order", n);
  if (find(parameters, "gap_ms") != nullptr) {
    const auto gap = number_of(parameters, "gap_ms", 0, 2'000);
    if (!gap) return gap.error().in("partition");
    injection.gap = std::chrono::milliseconds(*gap);
  }
  for (std::size_t i = 0; i < n; ++i) {
    if ((*grudge)[i].empty()) continue;
    injection.words[i] = {"partition", rejects ? "reject" : "drop"};
    injection.words[i].insert(injection.words[i].end(), ports->begin(), ports->end());
    const Words exceptions = exceptions_of(*cluster.nodes[i], *ports);
    injection.words[i].insert(injection.words[i].end(), exceptions.begin(), exceptions.end());
    for (const std::size_t peer : (*grudge)[i]) {
      const auto address = address_of(*cluster.nodes[peer]);
      if (!address) return address.error();
      injection.words[i].push_back(*address);
    }
  }
  if (rejects) label += ", refused";
  for (const std::string& port : *ports) label += " " + port;
  injection.what = label + ": " + describe(*grudge, cluster.names());
  return injection;
}

}  // namespace

FaultEntry partition_fault() {
  return {"partition", "cuts the network between nodes; the kind is drawn each time",
          FaultNeeds::nothing, draw_any, plan_partition};
}
FaultEntry partition_halves_fault() {
  return {"partition-halves", "two halves that do not hear each other", FaultNeeds::nothing,
          draw_fixed<PartitionKind::halves>, plan_partition};
}
FaultEntry partition_one_fault() {
  return {"partition-one", "one node, half the time a primary, against all others",
          FaultNeeds::nothing, draw_fixed<PartitionKind::one>, plan_partition};
}
FaultEntry partition_minority_third_fault() {
  return {"partition-minority-third", "a third of the nodes or fewer against all others",
          FaultNeeds::nothing, draw_fixed<PartitionKind::minority_third>, plan_partition};
}
FaultEntry partition_primaries_fault() {
  return {"partition-primaries", "a primary against all others", FaultNeeds::nothing,
          draw_primaries, plan_partition};
}
FaultEntry partition_majorities_ring_fault() {
  return {"partition-majorities-ring", "every node hears a majority, no two the same one",
          FaultNeeds::nothing, draw_fixed<PartitionKind::majorities_ring>, plan_partition};
}
FaultEntry partition_bridge_fault() {
  return {"partition-bridge", "two halves joined by one node that hears both", FaultNeeds::nothing,
          draw_fixed<PartitionKind::bridge>, plan_partition};
}
FaultEntry partition_one_way_fault() {
  return {"partition-one-way", "one half does not hear the other, but is heard",
          FaultNeeds::nothing, draw_fixed<PartitionKind::one_way>, plan_partition};
}
FaultEntry partition_swizzle_fault() {
  return {"partition-swizzle", "nodes go deaf one by one, and hear again in another order",
          FaultNeeds::nothing, draw_swizzle, plan_partition};
}

}  // namespace assay
