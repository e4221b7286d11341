#pragma once
// The replicated state machine: objects by key (registers, sets, counters, lists, queues, locks,
// logs, banks), and for every client its last request with the result, so that a retry is answered
// but not applied again.
// Source of sessions: Ongaro, "Consensus: bridging theory and practice", 2014, section 6.3.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "targets/reference/protocols/object.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// Deterministic: equal sequences of commands give equal states and results. A command that does
/// not fit the object (an increment of a list) is a bad request and has no effect. Not thread-safe.
class StoreMachine {
 public:
  /// Without sessions a repeated request is applied once more: a bug that can be switched on.
  explicit StoreMachine(bool sessions = true) : has_sessions_(sessions) {}

  /// Applies any command. A request that its client has made before is not applied again: the
  /// latest gets its result once more, an older one `in_doubt` (its client has moved on).
  Reply apply(const Command& command);
  /// Answers a command that does not mutate (commands.h), outside of the order of the others.
  Reply query(const Command& command) const;
  /// Whether this client's request, or a later one of its, has been applied. True without sessions.
  bool has_applied(const RequestId& id) const;
  /// The object; nil if nobody wrote it.
  Datum read(const Datum& key) const;

  /// The whole state, or (a bug that can be switched on) all but the sessions. O(its size).
  std::string encode(bool with_sessions = true) const;
  /// Takes the place of the state. False, and nothing changes: these are not the bytes of one.
  bool decode(std::string_view bytes);
  /// How many objects it holds.
  std::size_t size() const { return objects_.size(); }

 private:
  struct Session {
    std::uint64_t sequence = 0;
    Answer answer;
  };
  using Objects = std::map<Datum, Datum>;

  Answer run(const Command& command);
  /// The steps one after another on copies of the objects; `changed` is what they left.
  Answer transact(const Command& command, Objects& changed) const;

  bool has_sessions_;
  Objects objects_;
  std::map<std::uint64_t, Session> sessions_;
};

}  // namespace assay::reference
