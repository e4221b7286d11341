#include "targets/failover.h"

#include <utility>

namespace assay {
namespace {

constexpr Nanos probe_interval = std::chrono::milliseconds(250);

}  // namespace

void Failover::start(std::size_t primary, Nanos patience, Steps steps) {
  stop();
  primary_ = primary;
  retired_ = 0;
  stopping_ = false;
  thread_ = std::thread([this, patience, steps = std::move(steps)] { watch(patience, steps); });
}

void Failover::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Failover::is_retired(std::size_t server) const {
  return (retired_.load() >> server & 1U) != 0;
}

std::vector<std::size_t> Failover::others(std::size_t primary, std::size_t servers) const {
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < servers; ++i) {
    if (i != primary && !is_retired(i)) others.push_back(i);
  }
  return others;
}

void Failover::watch(Nanos patience, const Steps& steps) {
  Nanos last_answer = monotonic_now();
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_for(lock, probe_interval, [this] { return stopping_; })) return;
    }
    const std::size_t old = primary_;
    if (steps.answers(old)) {
      last_answer = monotonic_now();
    } else if (monotonic_now() - last_answer > patience) {
      const auto promoted = steps.promote(old);
      if (!promoted.ok()) continue;
      retired_ |= std::uint64_t{1} << old;
      primary_ = *promoted;
      last_answer = monotonic_now();
    }
  }
}

}  // namespace assay
