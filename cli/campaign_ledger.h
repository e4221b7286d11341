#pragma once
// The ledger of a campaign: what was to be run, and what came of each run, so that a campaign that
// was killed goes on where it stood. <store>/campaigns/<id>/ledger.jsonl: a header, then a line for
// each run that ended, appended and synced before the next one begins (assay.ledger/1).

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "harness/lab/file_lock.h"
#include "harness/run_record.h"
#include "reports/gate/decision.h"

namespace assay::cli {

struct LedgerHeader {
  std::string campaign;  ///< its id: the name and when it began
  std::string name;
  std::string executor;  ///< sim or lab
  std::string digest;    ///< of everything that decides which runs there are and what they do
  std::string policy;    ///< file of the gate's policy; may be empty
  std::string baseline;
  std::vector<gate::Planned> planned;
};

/// A whole ledger as it is on disk. A line that was cut off by a kill is left out.
struct LedgerContents {
  LedgerHeader header;
  std::vector<RunRecord> runs;  ///< those without a verdict have `unfinished`
  bool out_of_budget = false;
};
/// `folder`: of the campaign. Errors: no_input, bad_data.
Result<LedgerContents> read_ledger(const std::string& folder);

/// How long ago a run of it ended, or it began. Nothing if it has no ledger.
std::optional<std::chrono::seconds> quiet_for(const std::string& folder);

/// The newest campaign of the store (of this name, if it is not empty): its folder. Error:
/// no_input.
Result<std::string> newest_campaign(const std::string& store, const std::string& name);

/// Not thread-safe. Held by one process at a time.
class Ledger {
 public:
  /// Begins a campaign and gives it its id. Errors: cannot_write.
  static Result<Ledger> create(const std::string& store, LedgerHeader header);
  /// Goes on with the newest campaign of this name: takes in the runs that ended but were not
  /// written down, and removes those that did not end. Errors: no_input (there is none),
  /// configuration (it was about other runs), busy (it still goes on), cannot_write.
  static Result<Ledger> resume(const std::string& store, const LedgerHeader& header);

  const std::string& campaign() const { return header_.campaign; }
  const std::string& folder() const { return folder_; }
  /// Null if there is none yet.
  const RunRecord* find(const std::string& experiment, std::uint64_t seed) const;
  std::size_t size() const { return runs_.size(); }
  Status append(const RunRecord& record);
  /// Says that the rest is left out because the budget is used up.
  Status out_of_budget();

 private:
  Ledger(std::string folder, LedgerHeader header, FileLock lock)
      : folder_(std::move(folder)), header_(std::move(header)), lock_(std::move(lock)) {}
  Status append_line(const std::string& line);

  std::string folder_;
  LedgerHeader header_;
  FileLock lock_;
  std::map<std::pair<std::string, std::uint64_t>, RunRecord> runs_;
};

}  // namespace assay::cli
