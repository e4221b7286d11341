#pragma once
// SetMembers: sets within transactions as registers, one an element. Adding an element writes its
// register, which nothing else ever writes; a read of the set reads the registers of all elements
// that anybody adds to it. So every order of versions is known, and all that holds of registers
// holds of sets.

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "history/history.h"
#include "history/value.h"

namespace assay {

struct SetStep {
  bool adds;
  Value set;
  Value element;                ///< added
  const Value::List* elements;  ///< read; null if the read says nothing
};

/// What a transaction did, or meant to do: a list of [add set element] and [r set elements], where
/// the elements are a list, a set or nil (empty). The steps point into `whole`. Errors: bad_data
/// (names the event).
Result<std::vector<SetStep>> set_steps(const Operation& operation, const Value& whole,
                                       NilRead nil_read);

/// Const functions are thread-safe.
class SetMembers {
 public:
  /// Errors: bad_data. O(steps · log members).
  static Result<SetMembers> of(const History& history);

  /// All elements that anybody adds to the set, committed or not.
  const std::vector<Value>& operator[](const Value& set) const;
  /// Reads of registers that the history's reads of sets amount to.
  std::uint64_t register_reads() const { return register_reads_; }

 private:
  std::map<Value, std::vector<Value>> members_;
  std::uint64_t register_reads_ = 0;
};

}  // namespace assay
