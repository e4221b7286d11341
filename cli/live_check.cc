#include "cli/live_check.h"

#include <exception>
#include <utility>

namespace assay::cli {

Result<std::unique_ptr<LiveCheck>> LiveCheck::start(const HistoryInfo& info,
                                                    const CheckOptions& options,
                                                    Callbacks callbacks) {
  StreamedOptions streamed;
  streamed.check = options;
  streamed.check.timeout.reset();
  streamed.keep_events = false;
  auto check = StreamedCheck::create(streamed);
  if (!check) return check.error();
  (*check)->info() = info;
  return std::unique_ptr<LiveCheck>(new LiveCheck(std::move(check).value(), std::move(callbacks)));
}

LiveCheck::LiveCheck(std::unique_ptr<StreamedCheck> check, Callbacks callbacks)
    : check_(std::move(check)), callbacks_(std::move(callbacks)), thread_([this] { follow(); }) {}

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
    for (std::deque<Event> batch;; batch.clear()) {
      {
        std::unique_lock lock(mutex_);
        arrived_.wait(lock, [&] { return ending_ || behind_ || !queue_.empty(); });
        if (ending_) return;
        if (behind_) break;
        std::swap(batch, queue_);
      }
      for (const Event& event : batch) {
        const Status status = check_->add(event);
        if (check_->violated()) {
          callbacks_.on_violation();
          const std::lock_guard lock(mutex_);
          done_ = true;
          return;
        }
        if (!status) return give_up(status.error().message);
        if (!check_->not_followed_because().empty()) {
          return give_up(check_->not_followed_because());
        }
      }
    }
    give_up("the checker cannot keep up with the run");
  } catch (const std::exception& failure) {
    give_up(failure.what());
  }
}

void LiveCheck::give_up(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
    queue_.clear();
  }
  callbacks_.on_giving_up(why);
}

}  // namespace assay::cli
