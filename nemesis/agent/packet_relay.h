#pragma once
// PacketRelay: packets from some peers take a way through a process of the agent's, which delays,
// loses, changes, repeats and reorders them. It needs no queueing discipline in the kernel: the
// firewall drops these packets where they come in, after a packet socket has seen them, and what
// is left of them comes in again through a TAP device. Only the receiving side is touched, only
// packets of these peers, and when the process ends its device is gone.

#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "nemesis/agent/helper.h"
#include "nemesis/agent/packet_rules.h"

namespace assay::agent {

/// The interface through which packets come back; the firewall lets them pass.
inline constexpr const char* relay_device = "assay-packets";

struct SharedCounts;

/// One relay carries the rules of all packet faults on the node: of several for a peer, the delays
/// add up and each chance has its turn. Not thread-safe.
class PacketRelay {
 public:
  PacketRelay() = default;
  PacketRelay(const PacketRelay&) = delete;
  PacketRelay& operator=(const PacketRelay&) = delete;
  ~PacketRelay();

  /// The process that carries the rules, started unless it runs; no rule is in force yet. Error:
  /// configuration (this node has no /dev/net/tun or no packet sockets), not_permitted.
  Result<Process> prepare();
  /// REQUIRES is_ours(). From now on exactly these are in force, by the fault's id; starts to count
  /// for new ones.
  Status set_rules(const std::map<std::string, PacketRule>& rules);
  /// Whether there is one, alive or not: that of an agent that is gone is not.
  bool is_ours() const { return process_.has_value(); }
  /// What was counted for a fault since its rule came into force; nothing if it has none here.
  std::optional<PacketCounts> counts(const std::string& id) const;
  /// Ends the process.
  void end();

 private:
  std::optional<Process> process_;
  int control_ = -1;
  SharedCounts* shared_ = nullptr;
  std::map<std::string, std::size_t> slots_;
};

}  // namespace assay::agent
