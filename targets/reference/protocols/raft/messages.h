#pragma once
// What only the members of Raft say to each other: elections, snapshots and
// the hand-over of leadership.

#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// Asks for a vote, or whether one would be given (`pre`; then `term` is the term it would be).
struct VoteRequest {
  bool pre = false;
  Term term = 0;
  LogIndex last_index = 0;
  Term last_term = 0;
  bool handed_over =
      false;  ///< the leader asked for this election: that one hears it is no objection
  static auto fields(auto& m) {
    return std::tie(m.pre, m.term, m.last_index, m.last_term, m.handed_over);
  }
  bool operator==(const VoteRequest&) const = default;
};
struct VoteReply {
  bool pre = false;
  Term term = 0;  ///< pre and granted: the term asked for; else the voter's own
  bool granted = false;
  static auto fields(auto& m) { return std::tie(m.pre, m.term, m.granted); }
  bool operator==(const VoteReply&) const = default;
};

/// A part of the leader's snapshot, for a follower whose next entries are compacted.
struct InstallSnapshot {
  Term term = 0;
  LogIndex index = 0;  ///< the last entry that it holds
  Term index_term = 0;
  std::vector<NodeId> members;
  std::size_t offset = 0;  ///< where the bytes belong
  std::string bytes;
  bool last = false;
  static auto fields(auto& m) {
    return std::tie(m.term, m.index, m.index_term, m.members, m.offset, m.bytes, m.last);
  }
  bool operator==(const InstallSnapshot&) const = default;
};
/// `installed` is sent only after the whole snapshot is durable.
struct InstallSnapshotReply {
  Term term = 0;
  LogIndex index = 0;        ///< of the snapshot
  std::size_t received = 0;  ///< bytes that the follower has
  bool installed = false;    ///< the logs agree up to index
  static auto fields(auto& m) { return std::tie(m.term, m.index, m.received, m.installed); }
  bool operator==(const InstallSnapshotReply&) const = default;
};

/// From the leader of this term to the member that shall take its place, at once.
struct TimeoutNow {
  Term term = 0;
  static auto fields(auto& m) { return std::tie(m.term); }
  bool operator==(const TimeoutNow&) const = default;
};

}  // namespace assay::reference
