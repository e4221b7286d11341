#pragma once
// A blocking connection to one member: frames out, frames in, each within a deadline.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace assay::reference {

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

/// Used by one thread at a time. Deadlines are times of monotonic_now().
class Connection {
 public:
  enum class Failure : std::uint8_t { none, refused, timed_out, lost };

  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(); }

  /// True if it is open and the other side has not closed it meanwhile.
  bool is_alive() const;
  Failure open(const Address& address, Nanos deadline);
  Failure send(std::string_view payload, Nanos deadline);
  Failure receive(std::string& payload, Nanos deadline);
  void close();

 private:
  bool wait_for(short events, Nanos deadline) const;

  int socket_ = -1;
  std::string input_;
};

}  // namespace assay::reference
