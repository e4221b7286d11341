#pragma once
// Failover for databases that have none of their own: a watcher asks the primary, and when it does
// not answer for a while, has another server promoted. The old primary is not taken back.

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "harness/target.h"

namespace assay {

/// Thread-safe. Its thread lives from start to stop.
class Failover {
 public:
  struct Steps {
    std::function<bool(std::size_t)> answers;  ///< whether this primary does; within about a second
    /// Has another one promoted and returns its number. Error: not yet; it is tried again.
    std::function<Result<std::size_t>(std::size_t old)> promote;
  };
  ~Failover() { stop(); }
  /// `patience`: how long the primary may stay silent.
  void start(std::size_t primary, Nanos patience, Steps steps);
  void stop();
  std::size_t primary() const { return primary_.load(); }
  /// The server was a primary that others took over from.
  bool is_retired(std::size_t server) const;
  /// Of so many servers those that may follow this primary: all others but the retired.
  std::vector<std::size_t> others(std::size_t primary, std::size_t servers) const;

 private:
  void watch(Nanos patience, const Steps& steps);

  std::atomic<std::size_t> primary_{0};
  std::atomic<std::uint64_t> retired_{0};  // one bit a server
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

/// The capability to tell the primary that a failover last decided on.
class CurrentPrimary final : public Primaries {
 public:
  explicit CurrentPrimary(const Failover& failover) : failover_(failover) {}
  std::vector<std::size_t> primaries() override { return {failover_.primary()}; }

 private:
  const Failover& failover_;
};

}  // namespace assay
