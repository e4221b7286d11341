// Partition: nodes stop hearing each other. Every node drops, in a firewall table of Assay's own,
// what comes from the nodes that its side of the grudge names; the way to the controller is never
// cut.

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

#include "nemesis/fault.h"
#include "nemesis/grudge.h"

namespace assay {
namespace {

constexpr double primary_chance = 0.5;

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
  return map;
}

template <PartitionKind kind>
Value draw_fixed(std::size_t n, Random& random) {
  return draw_kind(kind, n, random);
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

/// The address as the firewall needs it: in numbers.
Result<std::string> address_of(const Node& node) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const std::string& host = node.address().host;
  if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list); code != 0) {
    return Error{ErrorKind::unavailable,
                 node.name() + ": cannot resolve " + host + ": " + ::gai_strerror(code)};
  }
  std::array<char, NI_MAXHOST> text{};
  const int code = ::getnameinfo(list->ai_addr, list->ai_addrlen, text.data(),
                                 static_cast<socklen_t>(text.size()), nullptr, 0, NI_NUMERICHOST);
  ::freeaddrinfo(list);
  if (code != 0) return Error{ErrorKind::unavailable, host + ": " + ::gai_strerror(code)};
  return std::string(text.data());
}

Result<Injection> plan(const Value& parameters, const Cluster& cluster) {
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
  Injection injection;
  injection.words.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    if ((*grudge)[i].empty()) continue;
    injection.words[i] = {"partition"};
    for (const std::size_t peer : (*grudge)[i]) {
      const auto address = address_of(*cluster.nodes[peer]);
      if (!address) return address.error();
      injection.words[i].push_back(*address);
    }
  }
  injection.what = label + ": " + describe(*grudge, cluster.names());
  return injection;
}

}  // namespace

FaultEntry partition_fault() {
  return {"partition", "cuts the network between nodes; the kind is drawn each time",
          FaultNeeds::nothing, draw_any, plan};
}
FaultEntry partition_halves_fault() {
  return {"partition-halves", "two halves that do not hear each other", FaultNeeds::nothing,
          draw_fixed<PartitionKind::halves>, plan};
}
FaultEntry partition_one_fault() {
  return {"partition-one", "one node, half the time a primary, against all others",
          FaultNeeds::nothing, draw_fixed<PartitionKind::one>, plan};
}
FaultEntry partition_majorities_ring_fault() {
  return {"partition-majorities-ring", "every node hears a majority, no two the same one",
          FaultNeeds::nothing, draw_fixed<PartitionKind::majorities_ring>, plan};
}
FaultEntry partition_bridge_fault() {
  return {"partition-bridge", "two halves joined by one node that hears both", FaultNeeds::nothing,
          draw_fixed<PartitionKind::bridge>, plan};
}
FaultEntry partition_one_way_fault() {
  return {"partition-one-way", "one half does not hear the other, but is heard",
          FaultNeeds::nothing, draw_fixed<PartitionKind::one_way>, plan};
}

}  // namespace assay
