#pragma once
// Sets as an ObjectChecker: element by element if every operation names one, by the chain of reads
// if the set only grows and is read as a whole, by search otherwise.

#include <memory>
#include <vector>

#include "checker/linearizability/id_numbering.h"
#include "checker/linearizability/object_checker.h"
#include "checker/linearizability/sets/elements.h"
#include "checker/linearizability/sets/whole_reads.h"

namespace assay {

class SetChecker final : public ObjectChecker {
 public:
  /// `search` decides sets with whole reads and removes; may be null.
  SetChecker(const History& history, std::unique_ptr<ObjectChecker> search);

  Result<KeyOutcome> decide(KeyId key, const SearchLimits& limits, bool want_order) override;
  ExplainedAnomaly explain(KeyId key, const KeyOutcome& outcome,
                           const SearchLimits& limits) override;

 private:
  struct Call {
    ElementCall call;
    std::uint32_t element;
  };
  Status read(KeyId key);
  Status read_whole(const Operation& operation, const Extent& span);
  KeyOutcome decide_elements(const SearchLimits& limits, bool want_order);
  /// The calls of one element, in the order of their starts.
  std::vector<ElementCall> calls_of(std::uint32_t element) const;
  ExplainedAnomaly explain_element(KeyId key, std::uint32_t element, const SearchLimits& limits);
  WholeReadsOutcome about(const std::vector<std::uint64_t>& reads,
                          const std::vector<std::uint32_t>& elements) const;
  void make_minimal(WholeReadsOutcome& outcome) const;
  std::vector<ElementAdd> adds_of(const std::vector<std::uint64_t>& reads,
                                  const std::vector<std::uint32_t>& elements) const;
  ExplainedAnomaly explain_reads(KeyId key, WholeReadsOutcome outcome);

  const History& history_;
  std::unique_ptr<ObjectChecker> search_;
  enum class Function : std::uint8_t { unknown, add, remove, contains, read };
  std::vector<Function> functions_;
  ValueId yes_;
  ValueId no_;
  IdNumbering numbers_;
  std::vector<ValueId> values_;   ///< by element
  std::vector<Value> strangers_;  ///< elements of reads that occur nowhere else
  std::vector<Call> calls_;
  std::vector<WholeRead> reads_;
  std::vector<ElementAdd> adds_;
  bool plain_adds_ = true;  ///< only adds, none of which told whether it changed anything
};

}  // namespace assay
