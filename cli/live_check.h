#pragma once
// Checking a run while it goes: a thread follows the recorder's events. It can only end a run
// early; the verdict is always that of the recorded history, after the run.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "base/result.h"
#include "checker/streaming/streamed_check.h"
#include "history/event.h"

namespace assay::cli {

/// `record` is for one thread; the callbacks come from the checking one.
class LiveCheck {
 public:
  struct Callbacks {
    std::function<void()> on_violation;
    /// The history is no longer followed; why.
    std::function<void(const std::string&)> on_giving_up;
  };
  static Result<std::unique_ptr<LiveCheck>> start(const HistoryInfo& info,
                                                  const CheckOptions& options, Callbacks callbacks);
  ~LiveCheck();  ///< drops what is still in the queue
  LiveCheck(const LiveCheck&) = delete;
  LiveCheck& operator=(const LiveCheck&) = delete;

  /// Copies the event into the queue and never waits for the checker: if that is too far behind, it
  /// gives up.
  void record(const Event& event);

 private:
  static constexpr std::size_t queue_max = 100'000;

  LiveCheck(std::unique_ptr<StreamedCheck> check, Callbacks callbacks);
  void follow();
  void give_up(const std::string& why);

  std::unique_ptr<StreamedCheck> check_;
  Callbacks callbacks_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Event> queue_;
  bool ending_ = false;
  bool behind_ = false;
  bool done_ = false;  ///< nobody takes events any more
  std::thread thread_;
};

}  // namespace assay::cli
