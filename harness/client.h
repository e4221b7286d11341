#pragma once
// Client: one process's connection to the system under test.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "history/event.h"
#include "history/value.h"

namespace assay {

/// What a generator asks for: an invocation without its time and process.
struct Invocation {
  std::string f;
  std::optional<Value> key;
  Value value;
};

/// The error of an operation that had no effect because what it requires does not hold (the value
/// that a cas expects, a free lock): a definite answer of a system that works.
inline constexpr std::string_view unmet_precondition = "precondition failed";

/// What came of it. In doubt: info.
struct Completion {
  EventType type = EventType::info;  ///< ok, fail or info
  Value value;                       ///< ok: the result; else ignored
  std::string error;                 ///< why fail or info
};

/// Used by one worker thread at a time. A client whose operation ended info is closed and a new
/// one is opened for the next process.
class Client {
 public:
  virtual ~Client() = default;
  /// Returns within about `timeout`; must not throw.
  virtual Completion invoke(const Invocation& invocation, Nanos timeout) = 0;
};

}  // namespace assay
