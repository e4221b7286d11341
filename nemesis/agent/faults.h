#pragma once
// Faults: what the agent can do to its node and undo again. Everything goes through the ledger, in
// this order: write the record, inject; heal, remove the record.

#include <functional>
#include <string>

#include "base/result.h"
#include "nemesis/agent/kinds.h"
#include "nemesis/agent/ledger.h"

namespace assay::agent {

/// Not thread-safe.
class Faults {
 public:
  /// `keep_waiting` is asked while something that injects takes its time: false gives it up.
  Faults(Ledger ledger, std::string folder, std::function<bool()> keep_waiting);

  /// A kind of kinds.h and its words. `id` is made of letters, digits and dashes. Returns a remark
  /// for people, often empty. After an error nothing is in force, except that a half-done command
  /// is healed like a whole one.
  Result<std::string> inject(const std::string& id, const std::string& kind, const Words& words);

  /// Undoes one fault and tells the effect that was measured; a fault that is not in force is
  /// healed already.
  Result<std::string> heal(const std::string& id);
  /// Undoes all, those first that take no time, and gives the id and the effect of each. Goes on
  /// after errors and reports them all.
  Result<Words> heal_all();

  const std::vector<Record>& in_force() const { return ledger_.records(); }

 private:
  Ledger ledger_;
  Host host_;
};

}  // namespace assay::agent
