#pragma once
// What the members say to each other about transactions. A transaction is named by its request.

#include <cstdint>
#include <tuple>
#include <vector>

#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// Do these steps. `alone`: no other shard takes part, so commit and answer; else vote. The other
/// participants are named because they may have to find out together what was decided.
struct ShardWork {
  RequestId id;
  bool alone = false;
  std::uint64_t snapshot = 0;  ///< the stamp to read at, if reads are of snapshots
  std::vector<NodeId> participants;
  std::vector<Command> steps;
  static auto fields(auto& m) {
    return std::tie(m.id, m.alone, m.snapshot, m.participants, m.steps);
  }
  bool operator==(const ShardWork&) const = default;
};
/// ok: yes (or committed, if alone), with what each step returns. Anything else: no, and why.
struct ShardVote {
  RequestId id;
  Outcome outcome = Outcome::ok;
  std::vector<Datum> results;
  static auto fields(auto& m) { return std::tie(m.id, m.outcome, m.results); }
  bool operator==(const ShardVote&) const = default;
};

/// Where a transaction stands; a coordinator announces it, participants tell each other.
enum class TransactionState : std::uint8_t {
  unknown = 0,
  prepared = 1,
  precommitted = 2,  ///< three-phase commit only: everybody has voted yes
  committed = 3,
  aborted = 4,
};
constexpr TransactionState last_of(TransactionState) { return TransactionState::aborted; }
struct ShardDecision {
  RequestId id;
  TransactionState state = TransactionState::unknown;
  std::uint64_t stamp = 0;  ///< committed: of the versions that it leaves
  static auto fields(auto& m) { return std::tie(m.id, m.state, m.stamp); }
  bool operator==(const ShardDecision&) const = default;
};
/// The decision (or the precommit) is on this participant's disk.
struct ShardAcknowledge {
  RequestId id;
  TransactionState state = TransactionState::unknown;
  static auto fields(auto& m) { return std::tie(m.id, m.state); }
  bool operator==(const ShardAcknowledge&) const = default;
};
/// What became of it?
struct ShardInquiry {
  RequestId id;
  static auto fields(auto& m) { return std::tie(m.id); }
  bool operator==(const ShardInquiry&) const = default;
};
/// A participant's answer to another one.
struct ShardState {
  RequestId id;
  TransactionState state = TransactionState::unknown;
  static auto fields(auto& m) { return std::tie(m.id, m.state); }
  bool operator==(const ShardState&) const = default;
};

/// Asks the clock for a stamp: of a snapshot, or of a commit.
struct ShardClockRequest {
  RequestId id;
  bool commit = false;
  static auto fields(auto& m) { return std::tie(m.id, m.commit); }
  bool operator==(const ShardClockRequest&) const = default;
};
struct ShardClock {
  RequestId id;
  bool commit = false;
  std::uint64_t stamp = 0;
  static auto fields(auto& m) { return std::tie(m.id, m.commit, m.stamp); }
  bool operator==(const ShardClock&) const = default;
};

}  // namespace assay::reference
