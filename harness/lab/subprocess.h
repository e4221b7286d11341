#pragma once
// Subprocess: runs one of the machine's own programs (ip, mmdebstrap, …) without a shell.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace assay {

struct Subprocess {
  std::vector<std::string> command;  ///< program, found through PATH, and its arguments
  std::string input;                 ///< written to its standard input
  Nanos timeout = std::chrono::seconds(20);
  bool new_network = false;  ///< in a network namespace of its own, which ends with it
  std::function<void(std::string_view)> on_line;  ///< told of each line of output as it comes
};

struct SubprocessResult {
  int exit_status = 0;  ///< 128 + signal if it was killed by one
  std::string output;   ///< standard output and standard error, as they came
};

/// Runs to the end. The child dies with the calling thread. Error: configuration (no such
/// program), unavailable (timed out; it was killed).
Result<SubprocessResult> run_subprocess(const Subprocess& subprocess);

/// Full path of a program in PATH or in the sbin folders, or empty.
std::string find_program(const std::string& name);

}  // namespace assay
