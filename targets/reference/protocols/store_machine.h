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
#include "targets/reference/protocols/state_machine.h"

namespace assay::reference {

/// A command that does not fit the object (an increment of a list) is a bad request and has no
/// effect.
class StoreMachine final : public StateMachine {
 public:
  /// Without sessions a repeated request is applied once more: a bug that can be switched on.
  explicit StoreMachine(bool sessions = true) : has_sessions_(sessions) {}

  Reply apply(const Command& command) override;
  Reply query(const Command& command) const override;
  Datum read(const Datum& key) const override;
  std::string encode(bool with_sessions = true) const override;
  bool decode(std::string_view bytes) override;
  std::size_t size() const override { return objects_.size(); }

  /// Whether this client's request, or a later one of its, has been applied. True without sessions.
  bool has_applied(const RequestId& id) const;

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
