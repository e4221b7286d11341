#pragma once
// Operations in words, for explanations of anomalies.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

class Narrator {
 public:
  Narrator(const History& history, KeyId key) : history_(history), key_(key) {}

  /// The operation that `event` invoked. O(log n).
  Operation operation(std::uint64_t event) const;
  /// `dequeue -> 3 by process 2 (event 14)`.
  std::string say(std::uint64_t event) const;
  std::string process(std::uint64_t event) const;
  std::string value(ValueId id) const { return to_text(history_.value(id)); }

  /// An anomaly of model linearizable on this key, its witness in ascending order.
  Anomaly anomaly(std::string_view type, std::vector<std::uint64_t> witness,
                  std::string explanation, bool minimal) const;
  /// `before` returned before `after` began.
  Step in_time(std::uint64_t before, std::uint64_t after) const;

 private:
  const History& history_;
  KeyId key_;
};

}  // namespace assay
