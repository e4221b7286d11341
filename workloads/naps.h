#pragma once
// Threads that do nothing for a while: what a client does that is paused, or thinks.

#include <algorithm>
#include <map>
#include <vector>

#include "workloads/options.h"

namespace assay {

/// The options `pause-share` and `pause`.
inline constexpr WorkloadOption pause_option{"pause", "3000", "milliseconds",
                                             "how long a client that pauses does nothing"};
constexpr WorkloadOption pause_share_option(std::string_view fallback) {
  return {"pause-share", fallback, "0 to 1", "share of operations before which a client pauses"};
}

class Naps {
 public:
  /// Reads both options. Error: configuration.
  static Result<Naps> of(const WorkloadSettings& settings) {
    const auto share = number_option<double>(settings, "pause-share", 0, 1);
    if (!share.ok()) return share.error();
    const auto length = number_option<std::int64_t>(settings, "pause", 1, 3'600'000);
    if (!length.ok()) return length.error();
    return Naps(*share, std::chrono::milliseconds(*length));
  }

  /// One that may work now, as likely as any other; -1: all sleep until `wake`.
  int any_awake(const Context& context, Nanos& wake) const {
    std::vector<int> awake;
    wake = Nanos::max();
    for (const int thread : context.free) {
      const auto nap = until_.find(thread);
      if (nap == until_.end() || nap->second <= context.now) {
        awake.push_back(thread);
      } else {
        wake = std::min(wake, nap->second);
      }
    }
    return awake.empty() ? -1 : context.random->pick(awake);
  }
  /// Whether this thread goes to sleep now rather than do anything.
  bool nods_off(const Context& context, int thread) {
    if (!context.random->chance(share_)) return false;
    until_[thread] = context.now + length_;
    return true;
  }

 private:
  Naps(double share, Nanos length) : share_(share), length_(length) {}
  double share_;
  Nanos length_;
  std::map<int, Nanos> until_;
};

}  // namespace assay
