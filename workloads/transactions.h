#pragma once
// Steps of transactions, as the datatypes list-append and rw-register spell them.

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "history/value.h"
#include "workloads/workload.h"

namespace assay {

inline Value read_step(std::int64_t key) { return Value::List{"r", key, {}}; }
inline Value write_step(std::int64_t key, std::int64_t value) {
  return Value::List{"w", key, value};
}
inline Value append_step(std::int64_t key, std::int64_t value) {
  return Value::List{"append", key, value};
}

/// A few keys at a time, each written a number of times before another one takes its place: keys
/// that are written for ever make reads long, keys that change at once make no conflicts.
class KeyPool {
 public:
  KeyPool(std::int64_t active, std::int64_t writes_max) : writes_max_(writes_max) {
    for (std::int64_t i = 0; i < active; ++i) keys_.push_back({next_++, 0});
  }
  /// Small positions are asked for most often, so that some keys are hot.
  std::int64_t key(Random& random) {
    const auto first = random.below(keys_.size());
    return keys_[static_cast<std::size_t>(std::min(first, random.below(keys_.size())))].number;
  }
  /// A value that nobody wrote to that key before; [key value].
  std::pair<std::int64_t, std::int64_t> write(Random& random) {
    const std::int64_t number = key(random);
    auto& slot = *std::find_if(keys_.begin(), keys_.end(),
                               [&](const Slot& each) { return each.number == number; });
    const std::int64_t value = ++slot.writes;
    if (value >= writes_max_) slot = {next_++, 0};
    return {number, value};
  }

 private:
  struct Slot {
    std::int64_t number;
    std::int64_t writes;
  };
  std::int64_t writes_max_;
  std::int64_t next_ = 0;
  std::vector<Slot> keys_;
};

/// Makes the step that writes this value to this key.
using WriteStep = Value (*)(std::int64_t key, std::int64_t value);

/// Transactions of reads and such writes over a few keys at a time, each value written once to its
/// key, judged as strictly serializable. Options: active-keys, writes-per-key, txn-length,
/// read-share. Error: configuration (an option's value).
Result<Workload> make_transactions(const WorkloadSettings& settings, const char* datatype,
                                   WriteStep write_step);

}  // namespace assay
