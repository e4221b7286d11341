#include "nemesis/agent/packet_relay.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/assert.h"
#include "nemesis/agent/packet_path.h"

namespace assay::agent {
namespace {

std::string encode(std::size_t slot, const PacketRule& rule) {
  std::string text;
  const auto put = [&text](const auto& value) {
    text.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  for (const Address& peer : rule.peers) {
    RelayRule one{};
    one.peer = peer;
    one.slot = slot;
    one.delay_ns = rule.delay.count();
    one.jitter_ns = rule.jitter.count();
    one.loss = rule.loss;
    one.corrupt = rule.corrupt;
    one.duplicate = rule.duplicate;
    one.reorder = rule.reorder;
    one.rate_bits = rule.rate_bits;
    one.except = rule.except;
    put(one);
  }
  return text;
}

}  // namespace

PacketRelay::~PacketRelay() { end(); }

Result<Process> PacketRelay::prepare() {
  if (process_ && state_of(*process_)) return *process_;
  end();
  // Opened here, so that what the node lacks is an error with words.
  auto path = PacketPath::open(relay_device);
  if (!path) return path.error();
  std::array<int, 2> sockets{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    return Error{ErrorKind::unavailable, std::string("socketpair: ") + std::strerror(errno)};
  }
  void* memory = ::mmap(nullptr, sizeof(SharedCounts), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSAY_ASSERT(memory != MAP_FAILED);
  shared_ = new (memory) SharedCounts();
  path->keep(sockets[1]);
  SharedCounts& shared = *shared_;
  auto helper = Helper::fork([&] { path->run(shared); }, path->files());
  ::close(sockets[1]);
  if (!helper) {
    ::close(sockets[0]);
    return helper.error();
  }
  control_ = sockets[0];
  process_ = helper->process();
  helper->release();
  return *process_;
}

Status PacketRelay::set_rules(const std::map<std::string, PacketRule>& rules) {
  std::erase_if(slots_, [&](const auto& slot) { return !rules.contains(slot.first); });
  std::string message;
  for (const auto& [id, rule] : rules) {
    auto slot = slots_.find(id);
    if (slot == slots_.end()) {
      std::size_t free = 0;
      while (std::any_of(slots_.begin(), slots_.end(),
                         [&](const auto& taken) { return taken.second == free; })) {
        ++free;
      }
      if (free >= shared_->rules.size()) {
        return Error{ErrorKind::unavailable, "packets: too many faults at once"};
      }
      shared_->rules[free] = {};
      slot = slots_.emplace(id, free).first;
    }
    message += encode(slot->second, rule);
  }
  if (message.size() > relay_message_max) {
    return Error{ErrorKind::unavailable, "packets: too many peers at once"};
  }
  if (message.empty()) message = " ";
  if (::send(control_, message.data(), message.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(message.size())) {
    return Error{ErrorKind::unavailable,
                 std::string("packets: the relay does not take rules: ") + std::strerror(errno)};
  }
  char taken = 0;
  if (::recv(control_, &taken, 1, 0) != 1) {
    return Error{ErrorKind::unavailable, "packets: the relay ended"};
  }
  return {};
}

std::optional<PacketCounts> PacketRelay::counts(const std::string& id) const {
  const auto slot = slots_.find(id);
  if (slot == slots_.end() || shared_ == nullptr) return std::nullopt;
  return shared_->rules[slot->second];
}

void PacketRelay::end() {
  if (process_) end_helper(*process_);
  process_.reset();
  if (control_ >= 0) ::close(control_);
  control_ = -1;
  if (shared_ != nullptr) ::munmap(shared_, sizeof(SharedCounts));
  shared_ = nullptr;
  slots_.clear();
}

}  // namespace assay::agent
