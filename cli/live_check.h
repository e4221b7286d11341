#pragma once
// Checking a run while it goes: a thread follows the recorder's events. It can only end a run
// early; the verdict is always that of the recorded history, after the run.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "checker/streaming/streamed_check.h"
#include "history/event.h"

namespace assay::cli {

/// Everything is for one thread but `on_violation`, which comes from the checking one.
class LiveCheck {
 public:
  /// `journal`: where the events are recorded, for what must be looked at twice.
  LiveCheck(const HistoryInfo& info, const CheckOptions& options, const std::string& journal,
            std::function<void()> on_violation);
  ~LiveCheck();  ///< drops what is still in the queue
  LiveCheck(const LiveCheck&) = delete;
  LiveCheck& operator=(const LiveCheck&) = delete;

  /// Copies the event into the queue and never waits for the checker: if that is too far behind, it
  /// gives up.
  void record(const Event& event);
  /// Something to tell a person since the last call; mostly empty.
  std::string news();

 private:
  static constexpr std::size_t queue_max = 100'000;

  void follow();
  bool wait_for_events(std::deque<Event>& batch);
  bool take(const Event& event);
  void see_violation();
  void give_up(const std::string& why);

  StreamedCheck check_;
  std::function<void()> on_violation_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Event> queue_;
  std::string news_;
  bool ending_ = false;
  bool behind_ = false;
  bool done_ = false;  ///< nobody takes events any more
  std::thread thread_;
};

}  // namespace assay::cli
