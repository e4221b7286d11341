#pragma once
// What the checkers of a growing history are told about its operations.

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "checker/models/register.h"
#include "checker/streaming/stream_value.h"
#include "history/history.h"

namespace assay {

/// A register operation over values of unlimited number. For a read, `value` is what it returned.
struct StreamOp {
  StreamValue value;
  StreamValue expected;  ///< cas: what it replaces
  RegisterFunction function = RegisterFunction::read;

  bool mutates() const { return function != RegisterFunction::read; }
  bool observes() const { return function != RegisterFunction::write; }
  const StreamValue& observed() const {
    return function == RegisterFunction::cas ? expected : value;
  }
  bool operator==(const StreamOp&) const = default;
};

/// An operation on one object; `token` names it: the event index of its invocation.
template <class Op>
struct GrowingCall {
  std::uint64_t token = 0;
  std::int64_t start = 0;
  std::int64_t end = never;  ///< of its return, if it returned
  Op op;
};
using StreamCall = GrowingCall<StreamOp>;

/// What a checker of one object says after each event.
enum class StreamAnswer : std::uint8_t {
  fine,        ///< what was seen is linearizable, or not known not to be
  violation,   ///< it is not, whatever comes
  not_unique,  ///< only of zones: a value was written that is written already
  unknown,     ///< this checker must give up; reason() says why
};

}  // namespace assay
