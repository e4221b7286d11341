#include "cli/live_check.h"

#include <chrono>
#include <exception>
#include <utility>

#include "history/formats/format.h"

namespace assay::cli {

namespace {

StreamedOptions live_options(const CheckOptions& options, const std::string& journal) {
  StreamedOptions streamed;
  streamed.check = options;
  streamed.check.timeout.reset();
  streamed.check.threads = 1;  // the run needs the others
  streamed.reread = [journal](EventSink& sink) {
    ReadOptions reading;
    reading.format = "assay";
    reading.recover = true;  // it is still written
    return read_events(journal, reading, sink);
  };
  return streamed;
}

}  // namespace

LiveCheck::LiveCheck(const HistoryInfo& info, const CheckOptions& options,
                     const std::string& journal, std::function<void()> on_violation)
    : check_(live_options(options, journal)), on_violation_(std::move(on_violation)) {
  check_.info() = info;
  thread_ = std::thread([this] { follow(); });
}

LiveCheck::~LiveCheck() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  arrived_.notify_one();
  thread_.join();
}

void LiveCheck::record(const Event& event) {
  {
    const std::lock_guard lock(mutex_);
    if (done_ || behind_) return;
    behind_ = queue_.size() >= queue_max;
    if (!behind_) queue_.push_back(event);
  }
  arrived_.notify_one();
}

void LiveCheck::follow() {
  try {
    for (std::deque<Event> batch; wait_for_events(batch); batch.clear()) {
      for (const Event& event : batch) {
        if (!take(event)) return;
      }
    }
  } catch (const std::exception& failure) {
    give_up(failure.what());
  }
}

/// False if there is nothing more to do.
bool LiveCheck::wait_for_events(std::deque<Event>& batch) {
  std::unique_lock lock(mutex_);
  const auto arrived = [&] { return ending_ || behind_ || !queue_.empty(); };
  while (!arrived()) {
    lock.unlock();
    const auto pause = check_.pause();
    if (check_.violated()) {
      see_violation();
      return false;
    }
    lock.lock();
    if (!pause || *pause > std::chrono::hours(1)) {
      arrived_.wait(lock, arrived);
    } else {
      arrived_.wait_for(lock, *pause, arrived);
    }
  }
  if (ending_) return false;
  std::swap(batch, queue_);
  if (!behind_) return true;
  lock.unlock();
  give_up("the checker cannot keep up with the run");
  return false;
}

/// False if that was the last event of interest.
bool LiveCheck::take(const Event& event) {
  const Status status = check_.add(event);
  if (check_.violated()) {
    see_violation();
    return false;
  }
  if (status && !check_.waits_for_the_end()) return true;
  give_up(status ? check_.not_followed_because() : status.error().message);
  return false;
}

void LiveCheck::see_violation() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
    queue_.clear();
    news_ = "a violation was seen: the run stops";
  }
  on_violation_();
}

void LiveCheck::give_up(const std::string& why) {
  const std::lock_guard lock(mutex_);
  done_ = true;
  queue_.clear();
  news_ = "not checked any more during the run, but after it: " + why;
}

std::string LiveCheck::news() {
  const std::lock_guard lock(mutex_);
  return std::exchange(news_, {});
}

}  // namespace assay::cli
