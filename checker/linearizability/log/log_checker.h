#pragma once
// Append-only logs: send v returns the offset, poll from an offset returns all elements from there
// on. The offsets are the order; a poll of n elements from k stands right after the send at
// k + n - 1, and an empty poll from k anywhere before the send at k. Linear but for sorting.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checker/linearizability/extent.h"
#include "checker/linearizability/id_numbering.h"
#include "checker/linearizability/object_checker.h"

namespace assay {

class LogChecker final : public ObjectChecker {
 public:
  explicit LogChecker(const History& history) : history_(history) {}

  Result<KeyOutcome> decide(KeyId key, const SearchLimits& limits, bool want_order) override;
  ExplainedAnomaly explain(KeyId key, const KeyOutcome& outcome,
                           const SearchLimits& limits) override;

 private:
  struct Slot {
    Extent send;
    ValueId value{};
    std::uint64_t shown_by = no_event;  ///< the operation that told the value
  };
  struct Poll {
    Extent span;
    std::int64_t length;  ///< of the log, when it took effect; empty polls: at most this
  };
  struct PendingSend {
    Extent span;
    ValueId value;
  };
  struct Finding {
    std::string_view type;
    std::vector<std::uint64_t> events;
    std::string text;
  };

  Status read(KeyId key);
  bool read_elements(ValueId list);
  void show(std::size_t offset, ValueId value, std::uint64_t event);
  void assign_pending();
  void add_sightings(std::vector<std::uint64_t>& events) const;
  void judge(bool want_order);
  void found(std::string_view type, std::vector<std::uint64_t> events, std::string text);

  const History& history_;
  std::vector<std::optional<ValueId>> elements_;  ///< of one poll; nothing: a value nobody sent
  std::string scratch_;
  std::vector<Slot> slots_;  ///< by offset
  std::vector<Poll> polls_;
  std::vector<Poll> empty_polls_;
  std::vector<PendingSend> pending_;
  std::optional<Finding> finding_;
  bool ambiguous_ = false;  ///< another assignment of pending sends might fit
  std::vector<std::uint64_t> order_;
};

}  // namespace assay
