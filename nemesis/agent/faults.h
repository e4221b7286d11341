#pragma once
// Faults: what the agent can do to its node and undo again. Everything goes through the ledger, in
// this order: write the record, inject; heal, remove the record.

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "nemesis/agent/ledger.h"

namespace assay::agent {

/// The firewall table that belongs to the agent. No other table is ever touched.
inline constexpr const char* firewall_table = "assay_nemesis";

/// Not thread-safe.
class Faults {
 public:
  /// `keep_waiting` is asked while a command that injects runs: false gives the command up.
  Faults(Ledger ledger, std::function<bool()> keep_waiting)
      : ledger_(std::move(ledger)), keep_waiting_(std::move(keep_waiting)) {}

  /// Kinds and their words:
  ///   partition ADDRESS…        drop packets from these addresses
  ///   command INJECT HEAL       run INJECT now, HEAL to heal
  ///   pause PID_FILE            SIGSTOP the server and its descendants
  ///   clock PID_FILE OFFSET_NS  skew their wall clocks
  /// Returns a remark for people, often empty. After an error nothing is in force, except that a
  /// half-done command is healed like a whole one.
  Result<std::string> inject(const std::string& id, const std::string& kind, const Words& words);

  /// Undoes one fault; a fault that is not in force is healed already.
  Status heal(const std::string& id);
  /// Undoes all, those first that take no time. Goes on after errors and reports them all.
  Status heal_all();

  const std::vector<Record>& in_force() const { return ledger_.records(); }

 private:
  Result<std::string> inject_partition(const std::string& id, const Words& words);
  Result<std::string> inject_command(const std::string& id, const Words& words);
  Result<std::string> inject_pause(const std::string& id, const Words& words);
  Result<std::string> inject_clock(const std::string& id, const Words& words);
  Status undo(const Record& record);
  Status apply_cut(const std::string& without_id);

  Ledger ledger_;
  std::function<bool()> keep_waiting_;
};

}  // namespace assay::agent
