#pragma once
// What each datatype does when one client uses it alone, for the verifier: small state machines on
// Values. Written independently of every search, which works on numbers and intervals; this and
// verify.cc are what a verdict rests on.

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "history/history.h"

namespace assay {

/// One operation as a specification sees it.
struct Act {
  OpIndex index = 0;
  std::uint64_t event = 0;
  std::int64_t start = 0;
  std::int64_t end = never;
  bool returned = false;   ///< if not, `result` means nothing unless `completed`
  bool completed = false;  ///< did not return, but `result` is what it is taken to have returned
  std::int32_t process = 0;
  std::string_view f;
  Value argument;
  Value result;

  /// Must the result fit?
  bool tells() const { return returned || completed; }
};

class Specification {
 public:
  virtual ~Specification() = default;
  virtual std::unique_ptr<Specification> clone() const = 0;
  /// Applies the operation. False: its result does not fit here, and the state means nothing any
  /// more.
  virtual bool apply(const Act& act) = 0;
  /// Equal states, and only those, have equal encodings.
  virtual std::string encode() const = 0;
  /// The results that an operation that did not return may have had here, if its effect depends on
  /// which; else none.
  virtual std::vector<Value> choices(const Act& act) const;
  /// The latest operation took effect at this time or later: something had to run out first.
  virtual std::int64_t not_before() const { return std::numeric_limits<std::int64_t>::min(); }
};

template <class Derived>
class Machine : public Specification {
 public:
  std::unique_ptr<Specification> clone() const override {
    return std::make_unique<Derived>(static_cast<const Derived&>(*this));
  }
};

/// The initial state. nullptr: there is no specification of this datatype.
std::unique_ptr<Specification> make_specification(std::string_view datatype,
                                                  const HistoryInfo& info);

/// What an operation is to its datatype; the vocabulary of closure.h and rules.cc.
bool puts_in(std::string_view f);         ///< containers
bool takes_out(std::string_view f);       ///< containers
bool looks_in(std::string_view f);        ///< containers: sees the next element, leaves it there
bool found_nothing(const Value& result);  ///< of a removal
/// The amount that a counter operation adds: add n, increment, decrement, …
bool adds(const Act& act, std::int64_t& amount);
/// An operation that says nothing about the state and does nothing to it.
bool says_nothing(std::string_view datatype, const HistoryInfo& info, const Act& act);

}  // namespace assay
