#pragma once
// Ctrl-C and SIGTERM: the first one asks the run to stop, heal and still check; the second one
// ends the process at once, and the nodes heal themselves.

#include <atomic>

namespace assay::cli {

/// Installs the handlers while it lives. One at a time.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  const std::atomic<bool>& requested() const;
  /// Asks the run to stop as a signal would, but is none: for a violation seen while it goes.
  void stop_run() const;
  /// Becomes readable with the first signal, for whoever waits for something else as well.
  int wake_fd() const;
  /// 130 or 143, or 0 if nothing was asked for.
  int exit_code() const;
};

}  // namespace assay::cli
