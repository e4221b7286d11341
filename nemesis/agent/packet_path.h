#pragma once
// PacketPath: the way of packets through the relay's process: a packet socket that sees what comes
// in, a queue of what is held, and a TAP device through which it comes in again.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "nemesis/agent/packet_rules.h"

namespace assay::agent {

/// What the agent sends the relay: a list of these in one message, the whole of what is in force.
struct RelayRule {
  Address peer;
  std::uint64_t slot = 0;  ///< where it is counted
  std::int64_t delay_ns = 0;
  std::int64_t jitter_ns = 0;
  double loss = 0;
  double corrupt = 0;
  double duplicate = 0;
  double reorder = 0;
  std::uint64_t rate_bits = 0;
  std::uint16_t except = 0;
};
constexpr std::size_t relay_message_max = 64 * 1024;

/// Memory that the relay's process writes and the agent reads.
struct SharedCounts {
  std::array<PacketCounts, 16> rules;
};

class PacketPath {
 public:
  /// Makes the device. Error: configuration, not_permitted, with what this node lacks.
  static Result<PacketPath> open(const std::string& device);
  PacketPath(PacketPath&& other) noexcept;
  PacketPath& operator=(PacketPath&&) = delete;
  ~PacketPath();

  /// The agent's end of the conversation about rules.
  void keep(int control) { control_ = control; }
  std::vector<int> files() const { return {capture_, tap_, control_}; }
  /// Relays packets until the agent closes its end.
  void run(SharedCounts& counts);

 private:
  PacketPath(int capture, int tap, int index) : capture_(capture), tap_(tap), index_(index) {}
  int capture_;
  int tap_;
  int index_;  ///< of the TAP device
  int control_ = -1;
};

}  // namespace assay::agent
