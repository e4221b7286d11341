#pragma once
// Leases: locks that are lost when their time is over. A grant (an acquire or a renew) is good for
// its time, counted from the moment when it was asked for, because a client cannot count from any
// other; after that the lock may be given to somebody else, or stay for a while. So a hold contains
// everything from the return of its acquire to the end of its time, to the beginning of its
// release, or to the last renew that succeeded; and a lease is linearizable exactly if two of these
// never overlap, and where an acquire returned only after its time was over, some instant after
// that lies outside of all other holds. O(n log n), exact.
//
// Judged by the time stamps of the history, whatever orders it: without them nothing runs out.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checker/linearizability/extent.h"
#include "checker/linearizability/object_checker.h"

namespace assay {

class LeaseChecker final : public ObjectChecker {
 public:
  explicit LeaseChecker(const History& history);

  Result<KeyOutcome> decide(KeyId key, const SearchLimits& limits, bool want_order) override;
  ExplainedAnomaly explain(KeyId key, const KeyOutcome& outcome,
                           const SearchLimits& limits) override;

 private:
  enum class Function : std::uint8_t { acquire, release, renew };
  struct Call {
    std::int32_t process;
    Function function;
    Extent span;                 ///< in nanoseconds
    std::int64_t until = never;  ///< of a grant: the end of its time
  };
  /// From an acquire, with all renews up to the process's next acquire or release.
  struct Hold {
    std::uint32_t first;  ///< of calls_: the acquire
    std::uint32_t count;  ///< with its renews
    std::int64_t from;    ///< the return of the acquire
    std::int64_t to;      ///< not after `from`: held for an instant of [to, from] at least
    std::int64_t at;      ///< when the acquire takes effect
  };
  /// Holds of one process that overlap, as one: [from, to].
  struct Busy {
    std::int64_t from;
    std::int64_t to;
    std::int32_t process;
  };
  /// Why there is no order. One call: it renews what its process does not hold.
  struct Conflict {
    std::vector<std::uint64_t> events;
    bool unheld = false;
    bool minimal = true;
  };
  /// What one or two grants prove: the process held the lease all through (from, to).
  struct Proof {
    std::int64_t from;
    std::int64_t to;
    std::vector<std::uint64_t> events;
  };

  Status read(KeyId key);
  Result<std::int64_t> time_of(const Operation& operation) const;
  std::optional<Conflict> find_holds();
  std::optional<Conflict> overlap();
  std::optional<Conflict> place_instants();
  std::vector<std::uint64_t> order() const;
  std::vector<Proof> proofs(std::int32_t process) const;

  const History& history_;
  std::optional<std::int64_t> time_;  ///< of grants that name none
  std::vector<Call> calls_;           ///< by process, then by start
  std::vector<Hold> holds_;           ///< by (from, to)
  std::vector<Busy> busy_;
  std::string open_;  ///< why this cannot be decided
};

}  // namespace assay
