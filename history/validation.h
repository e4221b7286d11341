#pragma once
// All that is wrong with a history, where reading it would stop at the first.

#include <cstdint>
#include <string>
#include <vector>

#include "history/history.h"
#include "history/sink.h"

namespace assay {

/// Keeps every problem and lets the reader go on, as far as it can. Not thread-safe.
class HistoryValidator final : public EventSink {
 public:
  Status add(const Event& event) override;
  Status problem(Error error) override;
  /// After the reading: adds what shows only in the whole.
  void finish();

  /// In the order of the input, each with its line or byte; at most kept_max.
  const std::vector<std::string>& problems() const { return problems_; }
  std::uint64_t problem_count() const { return count_; }
  std::uint64_t operations() const { return operations_; }  ///< invocations of clients
  static constexpr std::size_t kept_max = 10'000;

 private:
  HistoryBuilder builder_{{}};
  std::vector<std::string> problems_;
  std::uint64_t count_ = 0;
  std::uint64_t operations_ = 0;
};

}  // namespace assay
