#pragma once
// Capture: the packets that a node sends and receives, into a file that tcpdump and Wireshark read.

#include <cstdint>
#include <string>

namespace assay::agent {

struct CaptureOptions {
  std::string path;
  std::uint64_t bytes_max = std::uint64_t{64} << 20U;  ///< of the file; then it keeps no more
  std::uint32_t packet_bytes_max = 256;                ///< of each packet, from its IP header on
};

/// Says "capturing" on standard output, then writes packets until a line comes, the input ends or
/// SIGTERM arrives; then says in a line how many there are. The loopback device and SSH (port 22)
/// are left out. Needs the right to open packet sockets. Gives the exit status.
///
/// The file is pcap with nanoseconds, link type LINUX_SLL2.
int run_capture(const CaptureOptions& options);

}  // namespace assay::agent
