#pragma once
// The replicated state machine: registers by key, and for every client its last request with the
// result, so that a retry is answered but not applied again.
// Source of sessions: Ongaro, "Consensus: bridging theory and practice", 2014, section 6.3.

#include <cstdint>
#include <unordered_map>

#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// Deterministic: equal sequences of commands give equal states and results.
class RegisterMachine {
 public:
  /// Without sessions a repeated request is applied once more: a bug that can be switched on.
  explicit RegisterMachine(bool sessions = true) : has_sessions_(sessions) {}

  /// Applies a write, cas or noop. A request that its client has made before is not applied again:
  /// the latest gets its result once more, an older one `in_doubt` (its client has moved on).
  Reply apply(const Command& command);
  /// The register's value; nil if nobody wrote it.
  Datum read(const Datum& key) const;
  const std::unordered_map<Datum, Datum>& registers() const { return registers_; }

 private:
  struct Session {
    std::uint64_t sequence = 0;
    Outcome outcome = Outcome::ok;
  };
  Outcome change(const Command& command);

  bool has_sessions_;
  std::unordered_map<Datum, Datum> registers_;
  std::unordered_map<std::uint64_t, Session> sessions_;
};

}  // namespace assay::reference
