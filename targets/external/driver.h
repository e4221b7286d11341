#pragma once
// A driver: a program of any language that performs operations, told and answering in JSON, a line
// each, on its standard input and output. docs/drivers.md has the protocol.

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "harness/client.h"

namespace assay::external {

/// One running driver. It is killed, with its children, when this goes. Not thread-safe.
class Driver {
 public:
  /// Starts it by the shell. Error: unavailable.
  static Result<Driver> start(const std::string& command);
  Driver(Driver&& other) noexcept;
  Driver& operator=(Driver&& other) noexcept;
  ~Driver() { stop(); }

  struct Answer {
    /// `silent`: it ended, broke off or did not answer in time; `error` says which.
    enum class Kind : unsigned char { line, silent } kind = Kind::silent;
    std::string text;
  };
  /// Sends a line and waits for one, until `deadline` of monotonic_now().
  Answer ask(const std::string& line, Nanos deadline);
  bool is_running() const { return pid_ > 0; }
  void stop();

 private:
  Driver(int pid, int socket) : pid_(pid), socket_(socket) {}
  Answer give_up(const std::string& why);

  int pid_ = 0;
  int socket_ = -1;
  std::string input_;
};

/// {"type":"invoke","f":"write","key":3,"value":5}
std::string invoke_line(const Invocation& invocation);
/// {"type":"open",…}; the same shape for set-up and tear-down.
std::string request_line(std::string_view type, std::string_view node, ProcessId process,
                         std::string_view datatype);
/// {"type":"ok","value":5}, or fail or info with an error. Anything else is in doubt. The value of
/// an ok without one is `asked`.
Completion read_answer(const std::string& line, const Value& asked);

}  // namespace assay::external
