#include "nemesis/agent/packet_path.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <queue>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "nemesis/agent/packet_relay.h"

namespace assay::agent {
namespace {

/// What stands before each frame of both ends (struct virtio_net_hdr, whose header is no C++): the
/// kernel's notes on checksums and segmentation, passed on as they are.
constexpr std::size_t notes_size = 10;
constexpr std::size_t frame_size_max = 70'000;
constexpr std::size_t held_bytes_max = 64U << 20U;

Error lacking(const std::string& what) {
  const int code = errno;
  return {code == EPERM || code == EACCES ? ErrorKind::not_permitted : ErrorKind::configuration,
          "packets: " + what + ": " + std::strerror(code)};
}

bool write_setting(const std::string& path, const char* value) {
  std::ofstream file(path);
  return static_cast<bool>(file << value << std::flush);
}

/// With strict source checks the kernel refuses packets that come in elsewhere than their answers
/// go out.
Status allow_sources(const std::string& device) {
  const std::string folder = "/proc/sys/net/ipv4/conf/";
  std::ifstream all(folder + "all/rp_filter");
  int mode = 0;
  constexpr int strict = 1;
  if (all >> mode && mode == strict) {
    return Error{ErrorKind::configuration,
                 "packets: this node checks sources strictly, so packets cannot be relayed; set "
                 "net.ipv4.conf.all.rp_filter to 0 or 2"};
  }
  write_setting(folder + device + "/rp_filter", "0");
  // No address of its own: the device only receives.
  write_setting("/proc/sys/net/ipv6/conf/" + device + "/addr_gen_mode", "1");
  return {};
}

int open_tap(const std::string& device) {
  const int tap = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (tap < 0) return -1;
  ifreq request{};
  std::strncpy(request.ifr_name, device.c_str(), IFNAMSIZ - 1);
  request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
  if (::ioctl(tap, TUNSETIFF, &request) != 0) {
    const int code = errno;
    ::close(tap);
    errno = code;
    return -1;
  }
  return tap;
}

bool set_up(const std::string& device) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strncpy(request.ifr_name, device.c_str(), IFNAMSIZ - 1);
  bool done = ::ioctl(socket, SIOCGIFFLAGS, &request) == 0;
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_NOARP);
  done = done && ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
  ::close(socket);
  return done;
}

std::array<std::uint8_t, ETH_ALEN> hardware_address(const std::string& device) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strncpy(request.ifr_name, device.c_str(), IFNAMSIZ - 1);
  std::array<std::uint8_t, ETH_ALEN> address{};
  if (::ioctl(socket, SIOCGIFHWADDR, &request) == 0) {
    std::memcpy(address.data(), request.ifr_hwaddr.sa_data, address.size());
  }
  ::close(socket);
  return address;
}

int open_capture() {
  const int capture = ::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (capture < 0) return -1;
  const int yes = 1;
  const int bytes = 32 << 20;
  ::setsockopt(capture, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  sockaddr_ll everywhere{};
  everywhere.sll_family = AF_PACKET;
  everywhere.sll_protocol = htons(ETH_P_ALL);
  if (::setsockopt(capture, SOL_PACKET, PACKET_VNET_HDR, &yes, sizeof yes) != 0 ||
      ::bind(capture, reinterpret_cast<const sockaddr*>(&everywhere), sizeof everywhere) != 0) {
    const int code = errno;
    ::close(capture);
    errno = code;
    return -1;
  }
  return capture;
}

/// Where a frame comes from, if it is IP.
bool read_source(const std::string& frame, Address& source) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(frame.data()) + notes_size;
  const std::size_t size = frame.size() - notes_size;
  constexpr std::size_t v4_source = ETH_HLEN + 12;
  constexpr std::size_t v6_source = ETH_HLEN + 8;
  if (size < ETH_HLEN) return false;
  const unsigned type = static_cast<unsigned>(bytes[12]) << 8U | bytes[13];
  source = {};
  if (type == ETH_P_IP && size >= v4_source + 4) {
    std::memcpy(source.bytes.data(), bytes + v4_source, 4);
    return true;
  }
  if (type == ETH_P_IPV6 && size >= v6_source + 16) {
    source.is_v6 = true;
    std::memcpy(source.bytes.data(), bytes + v6_source, 16);
    return true;
  }
  return false;
}

/// The port of an IP frame that is for TCP; 0: it is for something else.
std::uint16_t tcp_port_of(const std::string& frame, bool is_v6) {
  const auto* ip = reinterpret_cast<const std::uint8_t*>(frame.data()) + notes_size + ETH_HLEN;
  const std::size_t size = frame.size() - notes_size - ETH_HLEN;
  const std::size_t header = is_v6 ? 40 : (ip[0] & 15U) * std::size_t{4};
  if (size < header + 4 || ip[is_v6 ? 6 : 9] != IPPROTO_TCP) return 0;
  return static_cast<std::uint16_t>(ip[header + 2] << 8U | ip[header + 3]);
}

/// Makes the frame's checksum wrong by one bit behind the IP header. The kernel's note that the
/// checksum is still to be made, or was found right, must go, else nobody would see.
void corrupt(std::string& frame, std::uint64_t chance) {
  constexpr std::size_t headers = notes_size + ETH_HLEN + 20;
  std::fill_n(frame.begin(), notes_size, '\0');
  if (frame.size() <= headers) return;
  const std::size_t at = headers + static_cast<std::size_t>(chance % (frame.size() - headers));
  frame[at] = static_cast<char>(frame[at] ^ (1 << (chance >> 61U)));
}

struct Held {
  std::int64_t due;
  std::int64_t arrived;
  std::uint64_t order;
  std::vector<std::uint64_t> slots;
  std::string frame;
  bool operator<(const Held& other) const {
    return due != other.due ? due > other.due : order > other.order;
  }
};

class Relay {
 public:
  Relay(int capture, int tap, int index, const std::array<std::uint8_t, ETH_ALEN>& address,
        SharedCounts& counts)
      : capture_(capture), tap_(tap), index_(index), address_(address), counts_(counts) {}

  void run(int control) {
    ::prctl(PR_SET_TIMERSLACK, 1);
    for (;;) {
      std::array<pollfd, 3> files{{{capture_, POLLIN, 0}, {control, POLLIN, 0}, {tap_, POLLIN, 0}}};
      const std::int64_t wait = deliver_due();
      const timespec patience{wait / 1'000'000'000, wait % 1'000'000'000};
      ::ppoll(files.data(), files.size(), wait < 0 ? nullptr : &patience, nullptr);
      if (files[1].revents != 0 && !take_rules(control)) return;
      if ((files[0].revents & POLLIN) != 0) take_packets();
      // What the kernel sends to the device (neighbour discovery) is for nobody.
      if ((files[2].revents & POLLIN) != 0) {
        static_cast<void>(::read(tap_, buffer_.data(), buffer_.size()));
      }
    }
  }

 private:
  bool take_rules(int control) {
    std::string message(relay_message_max, '\0');
    const ssize_t n = ::recv(control, message.data(), message.size(), 0);
    if (n <= 0) return false;
    rules_.clear();
    for (std::size_t at = 0; at + sizeof(RelayRule) <= static_cast<std::size_t>(n);
         at += sizeof(RelayRule)) {
      RelayRule rule;
      std::memcpy(&rule, message.data() + at, sizeof rule);
      rules_.push_back(rule);
    }
    return ::send(control, "k", 1, MSG_NOSIGNAL) == 1;
  }

  void take_packets() {
    constexpr int batch = 64;  // then it is time to look at what is due
    for (int i = 0; i < batch; ++i) {
      sockaddr_ll from{};
      socklen_t size = sizeof from;
      const ssize_t n = ::recvfrom(capture_, buffer_.data(), buffer_.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &size);
      if (n <= static_cast<ssize_t>(notes_size)) return;
      if (from.sll_pkttype != PACKET_HOST || from.sll_ifindex == index_) continue;
      std::string frame(buffer_.data(), static_cast<std::size_t>(n));
      Address source;
      if (read_source(frame, source)) pass(std::move(frame), source);
    }
  }

  /// Each rule for the source has its say, in turn.
  void pass(std::string frame, const Address& source) {
    Held held{monotonic_now().count(), 0, ++order_, {}, {}};
    held.arrived = held.due;
    bool lost = false;
    bool overtaken = false;
    int copies = 1;
    std::int64_t* free_at = nullptr;
    for (RelayRule& rule : rules_) {
      if (!(rule.peer == source) || lost) continue;
      // The firewall lets it in as it is.
      if (rule.except != 0 && rule.except == tcp_port_of(frame, source.is_v6)) continue;
      PacketCounts& counts = counts_.rules[rule.slot];
      ++counts.seen;
      held.slots.push_back(rule.slot);
      if (dice_.chance(rule.loss)) {
        ++counts.lost;
        lost = true;
        continue;
      }
      if (dice_.chance(rule.corrupt)) {
        ++counts.corrupted;
        corrupt(frame, dice_.next());
      }
      if (dice_.chance(rule.duplicate)) {
        ++counts.duplicated;
        ++copies;
      }
      held.due += rule.delay_ns;
      held.due +=
          static_cast<std::int64_t>((2 * dice_.unit() - 1) * static_cast<double>(rule.jitter_ns));
      if (rule.rate_bits > 0) {
        auto& free = link_of(source).free_at;
        const auto bits = static_cast<std::int64_t>((frame.size() - notes_size) * 8);
        free = std::max(free, held.arrived) +
               bits * 1'000'000'000 / static_cast<std::int64_t>(rule.rate_bits);
        free_at = &free;
      }
      if (dice_.chance(rule.reorder)) {
        ++counts.reordered;
        overtaken = true;
        held.due += static_cast<std::int64_t>(1e6 + dice_.unit() * 19e6);
      }
    }
    if (held.slots.empty() || lost) return;
    if (free_at != nullptr) held.due = std::max(held.due, *free_at);
    held.due = std::max(held.due, held.arrived);
    Link& link = link_of(source);
    if (!overtaken) {
      held.due = std::max(held.due, link.last_due);
      link.last_due = held.due;
    }
    if (held_bytes_ + frame.size() > held_bytes_max) {
      ++counts_.rules[held.slots.front()].overflowed;
      return;
    }
    std::memcpy(frame.data() + notes_size, address_.data(), address_.size());
    held.frame = std::move(frame);
    for (; copies > 1; --copies) hold(Held(held));
    hold(std::move(held));
  }

  void hold(Held held) {
    held_bytes_ += held.frame.size();
    queue_.push(std::move(held));
  }

  /// Nanoseconds until the next one is due; -1: none is held.
  std::int64_t deliver_due() {
    while (!queue_.empty()) {
      const Held& first = queue_.top();
      const std::int64_t now = monotonic_now().count();
      if (first.due > now) return first.due - now;
      if (::write(tap_, first.frame.data(), first.frame.size()) > 0) {
        for (const std::uint64_t slot : first.slots) {
          ++counts_.rules[slot].delivered;
          counts_.rules[slot].delay_ns += static_cast<std::uint64_t>(now - first.arrived);
        }
      }
      held_bytes_ -= first.frame.size();
      queue_.pop();
    }
    return -1;
  }

  struct Link {
    Address source;
    std::int64_t last_due = 0;
    std::int64_t free_at = 0;
  };
  Link& link_of(const Address& source) {
    for (Link& link : links_) {
      if (link.source == source) return link;
    }
    return links_.emplace_back(Link{source});
  }

  int capture_;
  int tap_;
  int index_;
  std::array<std::uint8_t, ETH_ALEN> address_;
  SharedCounts& counts_;
  Random dice_{random_seed()};
  std::vector<RelayRule> rules_;
  std::vector<Link> links_;
  std::priority_queue<Held> queue_;
  std::size_t held_bytes_ = 0;
  std::uint64_t order_ = 0;
  std::array<char, frame_size_max> buffer_{};
};

}  // namespace

Result<PacketPath> PacketPath::open(const std::string& device) {
  const int tap = open_tap(device);
  if (tap < 0) return lacking("cannot make a TAP device through /dev/net/tun");
  PacketPath path(-1, tap, static_cast<int>(::if_nametoindex(device.c_str())));
  if (const Status allowed = allow_sources(device); !allowed.ok()) return allowed.error();
  if (!set_up(device)) return lacking("cannot switch on " + device);
  path.capture_ = open_capture();
  if (path.capture_ < 0) return lacking("cannot open a packet socket");
  return path;
}

PacketPath::PacketPath(PacketPath&& other) noexcept
    : capture_(std::exchange(other.capture_, -1)),
      tap_(std::exchange(other.tap_, -1)),
      index_(other.index_),
      control_(other.control_) {}

PacketPath::~PacketPath() {
  if (capture_ >= 0) ::close(capture_);
  if (tap_ >= 0) ::close(tap_);
}

void PacketPath::run(SharedCounts& counts) {
  const auto relay =
      std::make_unique<Relay>(capture_, tap_, index_, hardware_address(relay_device), counts);
  relay->run(control_);
}

}  // namespace assay::agent
