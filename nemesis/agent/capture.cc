#include "nemesis/agent/capture.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <span>
#include <vector>

#include "base/result.h"

namespace assay::agent {
namespace {

constexpr std::uint32_t pcap_magic_ns = 0xa1b23c4d;
constexpr std::uint32_t link_type_sll2 = 276;
constexpr int socket_buffer_bytes = 8 << 20;
constexpr std::uint16_t ssh_port = 22;

struct FileHeader {
  std::uint32_t magic = pcap_magic_ns;
  std::uint16_t major = 2;
  std::uint16_t minor = 4;
  std::uint32_t zone = 0;
  std::uint32_t accuracy = 0;
  std::uint32_t packet_bytes_max = 0;
  std::uint32_t link_type = link_type_sll2;
};

/// The head of a packet in the file, in the writer's byte order, and the link layer's, in the
/// network's.
struct __attribute__((packed)) PacketHeader {
  std::uint32_t seconds = 0;
  std::uint32_t nanoseconds = 0;
  std::uint32_t kept = 0;
  std::uint32_t size = 0;
  std::uint16_t protocol = 0;
  std::uint16_t reserved = 0;
  std::uint32_t interface = 0;
  std::uint16_t device_type = 0;
  std::uint8_t packet_type = 0;
  std::uint8_t address_size = 0;
  std::array<std::uint8_t, 8> address{};
};
constexpr std::size_t link_header_bytes = 20;
static_assert(sizeof(PacketHeader) == 16 + link_header_bytes);

/// Either end of a TCP packet; nothing of fragments and of IPv6 with extensions.
bool is_ssh(std::span<const std::uint8_t> packet) {
  if (packet.size() < 20) return false;
  std::size_t ports = 0;
  if (packet[0] >> 4U == 4 && packet[9] == IPPROTO_TCP) ports = (packet[0] & 15U) * 4U;
  if (packet[0] >> 4U == 6 && packet[6] == IPPROTO_TCP) ports = 40;
  if (ports == 0 || packet.size() < ports + 4) return false;
  const auto at = [&](std::size_t offset) { return packet[offset] << 8U | packet[offset + 1]; };
  return at(ports) == ssh_port || at(ports + 2) == ssh_port;
}

struct Totals {
  std::uint64_t kept = 0;
  std::uint64_t beyond = 0;  ///< seen when the file was full
};

class Capture {
 public:
  Capture(const CaptureOptions& options, std::FILE* file, int socket)
      : options_(options), file_(file), socket_(socket), buffer_(options.packet_bytes_max) {
    FileHeader header;
    header.packet_bytes_max = options.packet_bytes_max + link_header_bytes;
    write(&header, sizeof header);
  }

  /// Takes one packet; false if there is none now, or the file cannot be written.
  bool take() {
    sockaddr_ll from{};
    iovec place{buffer_.data(), buffer_.size()};
    alignas(cmsghdr) std::array<char, 64> control{};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &place;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(socket_, &message, MSG_DONTWAIT | MSG_TRUNC);
    if (size < 0) return false;
    const std::size_t kept = std::min(static_cast<std::size_t>(size), buffer_.size());
    if (from.sll_hatype == ARPHRD_LOOPBACK || is_ssh(std::span(buffer_).first(kept))) return true;
    if (bytes_ + sizeof(PacketHeader) + kept > options_.bytes_max) {
      ++totals_.beyond;
      return true;
    }
    timespec when{};
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
      if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
      std::memcpy(&when, CMSG_DATA(part), sizeof when);
    }
    PacketHeader header;
    header.seconds = static_cast<std::uint32_t>(when.tv_sec);
    header.nanoseconds = static_cast<std::uint32_t>(when.tv_nsec);
    header.kept = static_cast<std::uint32_t>(kept + link_header_bytes);
    header.size = static_cast<std::uint32_t>(static_cast<std::size_t>(size) + link_header_bytes);
    header.protocol = from.sll_protocol;
    header.interface = ::htonl(static_cast<std::uint32_t>(from.sll_ifindex));
    header.device_type = ::htons(from.sll_hatype);
    header.packet_type = from.sll_pkttype;
    header.address_size = from.sll_halen;
    std::copy_n(from.sll_addr, header.address.size(), header.address.begin());
    ++totals_.kept;
    return write(&header, sizeof header) && write(buffer_.data(), kept);
  }

  const Totals& totals() const { return totals_; }
  bool is_written() const { return is_written_; }

 private:
  bool write(const void* bytes, std::size_t size) {
    is_written_ = is_written_ && std::fwrite(bytes, 1, size, file_) == size;
    bytes_ += size;
    return is_written_;
  }

  const CaptureOptions& options_;
  std::FILE* file_;
  int socket_;
  std::vector<std::uint8_t> buffer_;
  std::uint64_t bytes_ = 0;
  Totals totals_;
  bool is_written_ = true;
};

Result<int> open_socket() {
  const int socket = ::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, ::htons(ETH_P_ALL));
  if (socket < 0) {
    return Error{ErrorKind::not_permitted,
                 std::string("capture: no packet socket: ") + std::strerror(errno)};
  }
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);
  ::setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &socket_buffer_bytes,
               sizeof socket_buffer_bytes);
  return socket;
}

int fail(const Error& error) {
  std::fprintf(stderr, "assay-agent: %s\n", error.message.c_str());
  return error.exit_code();
}

}  // namespace

int run_capture(const CaptureOptions& options) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  const int ending = ::signalfd(-1, &signals, SFD_CLOEXEC);
  const auto socket = open_socket();
  if (!socket) return fail(socket.error());
  std::FILE* file = std::fopen(options.path.c_str(), "we");
  if (file == nullptr) {
    return fail({ErrorKind::cannot_write, options.path + ": " + std::strerror(errno)});
  }
  Capture capture(options, file, *socket);
  std::puts("capturing");
  std::fflush(stdout);
  std::array<pollfd, 3> files{
      {{*socket, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}, {ending, POLLIN, 0}}};
  while (capture.is_written() && ::poll(files.data(), files.size(), -1) >= 0) {
    while (capture.take()) {
    }
    if (files[1].revents != 0 || files[2].revents != 0) break;
  }
  tpacket_stats lost{};
  socklen_t size = sizeof lost;
  ::getsockopt(*socket, SOL_PACKET, PACKET_STATISTICS, &lost, &size);
  if (std::fclose(file) != 0 || !capture.is_written()) {
    return fail({ErrorKind::cannot_write, options.path + ": " + std::strerror(errno)});
  }
  std::printf("%llu packets, %llu more when the file was full, %u missed\n",
              static_cast<unsigned long long>(capture.totals().kept),
              static_cast<unsigned long long>(capture.totals().beyond), lost.tp_drops);
  return 0;
}

}  // namespace assay::agent
