#pragma once
// What the members say to each other about transactions. A transaction is named by its request.

#include <cstdint>
#include <vector>

#include "targets/reference/protocols/codec.h"
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
  bool operator==(const ShardWork&) const = default;
};
/// ok: yes (or committed, if alone), with what each step returns. Anything else: no, and why.
struct ShardVote {
  RequestId id;
  Outcome outcome = Outcome::ok;
  std::vector<Datum> results;
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
struct ShardDecision {
  RequestId id;
  TransactionState state = TransactionState::unknown;
  std::uint64_t stamp = 0;  ///< committed: of the versions that it leaves
  bool operator==(const ShardDecision&) const = default;
};
/// The decision (or the precommit) is on this participant's disk.
struct ShardAcknowledge {
  RequestId id;
  TransactionState state = TransactionState::unknown;
  bool operator==(const ShardAcknowledge&) const = default;
};
/// What became of it?
struct ShardInquiry {
  RequestId id;
  bool operator==(const ShardInquiry&) const = default;
};
/// A participant's answer to another one.
struct ShardState {
  RequestId id;
  TransactionState state = TransactionState::unknown;
  bool operator==(const ShardState&) const = default;
};

/// Asks the clock for a stamp: of a snapshot, or of a commit.
struct ShardClockRequest {
  RequestId id;
  bool commit = false;
  bool operator==(const ShardClockRequest&) const = default;
};
struct ShardClock {
  RequestId id;
  bool commit = false;
  std::uint64_t stamp = 0;
  bool operator==(const ShardClock&) const = default;
};

void put(ByteWriter& w, const ShardClockRequest& m);
void get(ByteReader& r, ShardClockRequest& m);
void put(ByteWriter& w, const ShardClock& m);
void get(ByteReader& r, ShardClock& m);
void put(ByteWriter& w, const ShardWork& m);
void get(ByteReader& r, ShardWork& m);
void put(ByteWriter& w, const ShardVote& m);
void get(ByteReader& r, ShardVote& m);
void put(ByteWriter& w, const ShardDecision& m);
void get(ByteReader& r, ShardDecision& m);
void put(ByteWriter& w, const ShardAcknowledge& m);
void get(ByteReader& r, ShardAcknowledge& m);
void put(ByteWriter& w, const ShardInquiry& m);
void get(ByteReader& r, ShardInquiry& m);
void put(ByteWriter& w, const ShardState& m);
void get(ByteReader& r, ShardState& m);

}  // namespace assay::reference
