#pragma once
// Packet rules: what happens to packets on their way from some peers to this node.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "nemesis/agent/wire.h"

namespace assay::agent {

/// An IP address of either family; IPv4 in the first four bytes.
struct Address {
  bool is_v6 = false;
  std::array<std::uint8_t, 16> bytes{};
  bool operator==(const Address&) const = default;
};

/// In numbers only, so that nothing but an address gets into a firewall rule. Error: usage.
Result<Address> parse_address(const std::string& text);

/// Chances are of 1.
struct PacketRule {
  std::vector<Address> peers;
  Nanos delay{0};
  Nanos jitter{0};  ///< a packet takes delay ± jitter, and overtakes none of its peer
  double loss = 0;
  double corrupt = 0;  ///< one bit behind the IP header is flipped
  double duplicate = 0;
  double reorder = 0;           ///< held 1 to 20 ms longer, while others overtake it
  std::uint64_t rate_bits = 0;  ///< per second and peer; 0: no limit
  std::uint16_t except = 0;     ///< TCP packets to this port are left alone; 0: none are
};

/// "delay=50ms jitter=10ms loss=20 corrupt=1 duplicate=5 reorder=20 rate=1000000" (percent, bits a
/// second) and "except=22", in any order, then addresses. Error: usage, naming the word.
Result<PacketRule> parse_packet_rule(const Words& words);

/// Counted by the relay for one rule; read while it counts.
struct PacketCounts {
  std::uint64_t seen = 0;
  std::uint64_t lost = 0;
  std::uint64_t corrupted = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
  std::uint64_t overflowed = 0;  ///< lost because too many were held
  std::uint64_t delivered = 0;
  std::uint64_t delay_ns = 0;  ///< sum over the delivered ones, as it came out
};

/// "412 packets: 80 lost, 50.2ms late on average", or begins with `no_effect`.
std::string describe(const PacketCounts& counts);

}  // namespace assay::agent
