// Packets: what reaches some nodes from all others comes late, out of order, changed, twice, slowly
// or not at all. The agent of a node takes them through a relay of its own.

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "nemesis/address.h"
#include "nemesis/fault.h"
#include "nemesis/parameters.h"
#include "nemesis/selector.h"

namespace assay {
namespace {

/// One thing that can happen to packets: its parameter, and how agent and people read it.
struct Trouble {
  const char* parameter;
  const char* word;  ///< of the agent, see agent/packet_rules.h
  const char* unit;
  const char* what;
  std::int64_t least;  ///< drawn between these
  std::int64_t most;
  std::int64_t limit;  ///< what a plan may ask for
};

constexpr std::array<Trouble, 7> troubles{{
    {"delay_ms", "delay", "ms", "{} ms late", 5, 300, 60'000},
    {"jitter_ms", "jitter", "ms", "± {} ms", 1, 50, 60'000},
    {"loss_percent", "loss", "", "{} % lost", 5, 50, 100},
    {"corrupt_percent", "corrupt", "", "{} % corrupted", 1, 20, 100},
    {"duplicate_percent", "duplicate", "", "{} % twice", 5, 50, 100},
    {"reorder_percent", "reorder", "", "{} % out of order", 10, 50, 100},
    {"rate_kbit", "rate", "000", "{} kbit/s", 64, 10'000, 10'000'000},
}};

/// Every order of magnitude is as likely as any other.
std::int64_t draw_size(const Trouble& trouble, Random& random) {
  const double ratio = static_cast<double>(trouble.most) / static_cast<double>(trouble.least);
  return std::llround(static_cast<double>(trouble.least) * std::pow(ratio, random.unit()));
}

template <std::size_t... rows>
Value draw_fixed(std::size_t n, Random& random) {
  Value parameters = draw_selection(n, random);
  (add_parameter(parameters, troubles[rows].parameter, draw_size(troubles[rows], random)), ...);
  return parameters;
}

/// One to three troubles at once.
Value draw_mix(std::size_t n, Random& random) {
  Value parameters = draw_selection(n, random);
  std::array<std::size_t, troubles.size()> order{};
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  random.shuffle(std::span<std::size_t>(order));
  const auto count = static_cast<std::size_t>(random.between(1, 3));
  for (std::size_t i = 0; i < count; ++i) {
    const Trouble& trouble = troubles[order[i]];
    add_parameter(parameters, trouble.parameter, draw_size(trouble, random));
  }
  return parameters;
}

Result<Injection> plan_packets(const Value& parameters, const Cluster& cluster) {
  const auto nodes = select_nodes(parameters, cluster);
  if (!nodes) return nodes.error().in("packets");
  std::vector<std::string> words{"packets"};
  std::string what;
  for (const Trouble& trouble : troubles) {
    if (find(parameters, trouble.parameter) == nullptr) continue;
    const auto size = number_of(parameters, trouble.parameter, 0, trouble.limit);
    if (!size) return size.error().in("packets");
    words.push_back(fmt::format("{}={}{}", trouble.word, *size, trouble.unit));
    what += (what.empty() ? "" : ", ") + fmt::format(fmt::runtime(trouble.what), *size);
  }
  if (what.empty()) {
    return Error{ErrorKind::bad_data, "packets: expected one of delay_ms, loss_percent, …"};
  }
  Injection injection;
  injection.words.resize(cluster.nodes.size());
  for (const std::size_t at : *nodes) {
    injection.words[at] = words;
    for (std::size_t peer = 0; peer < cluster.nodes.size(); ++peer) {
      if (peer == at) continue;
      const auto address = address_of(*cluster.nodes[peer]);
      if (!address) return address.error();
      injection.words[at].push_back(*address);
    }
    // A cluster of one has no packets.
    if (cluster.nodes.size() == 1) injection.words[at].clear();
  }
  injection.what = "packets to " + names_of(*nodes, cluster) + ": " + what;
  return injection;
}

FaultEntry row(std::string_view name, std::string_view summary,
               Value (*draw)(std::size_t, Random&)) {
  return {name, summary, FaultNeeds::nothing, draw, plan_packets};
}

}  // namespace

FaultEntry packets_fault() {
  return row("packets", "one to three of the troubles below at once, drawn each time", draw_mix);
}
FaultEntry packet_delay_fault() {
  return row("packet-delay", "packets to some nodes come late, by 5 to 300 ms and some jitter",
             draw_fixed<0, 1>);
}
FaultEntry packet_loss_fault() {
  return row("packet-loss", "5 to 50 % of the packets to some nodes are lost", draw_fixed<2>);
}
FaultEntry packet_corrupt_fault() {
  return row("packet-corrupt", "one bit of 1 to 20 % of the packets to some nodes is flipped",
             draw_fixed<3>);
}
FaultEntry packet_duplicate_fault() {
  return row("packet-duplicate", "5 to 50 % of the packets to some nodes come twice",
             draw_fixed<4>);
}
FaultEntry packet_reorder_fault() {
  return row("packet-reorder", "10 to 50 % of the packets to some nodes are overtaken by others",
             draw_fixed<5>);
}
FaultEntry packet_rate_fault() {
  return row("packet-rate", "packets to some nodes come at 64 kbit/s to 10 Mbit/s a peer",
             draw_fixed<6>);
}

}  // namespace assay
