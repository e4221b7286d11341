#pragma once
// What a replicated log is applied to. A protocol that ships a log knows of its machine only this.
// Source: Schneider, "Implementing fault-tolerant services using the state machine approach", 1990.

#include <cstddef>
#include <string>
#include <string_view>

#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// Deterministic: equal sequences of commands give equal states and results. Not thread-safe.
class StateMachine {
 public:
  StateMachine() = default;
  StateMachine(const StateMachine&) = default;
  StateMachine& operator=(const StateMachine&) = default;
  virtual ~StateMachine() = default;

  /// Applies any command. A request that its client has made before is not applied again: the
  /// latest gets its result once more, an older one `in_doubt` (its client has moved on).
  virtual Reply apply(const Command& command) = 0;
  /// Answers a command that does not mutate (commands.h), outside of the order of the others.
  virtual Reply query(const Command& command) const = 0;
  /// The object, or the data of the node; nil if nobody wrote it.
  virtual Datum read(const Datum& key) const = 0;

  /// The whole state, or (a bug that can be switched on) all but the clients' last requests.
  /// O(its size).
  virtual std::string encode(bool with_sessions) const = 0;
  /// Takes the place of the state. False, and nothing changes: these are not the bytes of one.
  virtual bool decode(std::string_view bytes) = 0;
  /// How many objects it holds.
  virtual std::size_t size() const = 0;
};

}  // namespace assay::reference
