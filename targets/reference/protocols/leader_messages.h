#pragma once
// What a leader and its followers say to each other in every protocol that ships a log: entries,
// heartbeats, and requests that are handed to the leader.

#include <cstdint>
#include <tuple>
#include <vector>

#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// Entries that follow (prev_index, prev_term).
struct AppendRequest {
  Term term = 0;
  LogIndex prev_index = 0;
  Term prev_term = 0;
  LogIndex commit = 0;
  std::vector<Entry> entries;
  static auto fields(auto& m) {
    return std::tie(m.term, m.prev_index, m.prev_term, m.commit, m.entries);
  }
  bool operator==(const AppendRequest&) const = default;
};
/// Sent only after the entries are durable. A refusal says where the logs may still agree.
struct AppendReply {
  Term term = 0;
  bool success = false;
  LogIndex prev_index = 0;      ///< of the request
  LogIndex match = 0;           ///< success: the log is known to agree up to here
  Term conflict_term = 0;       ///< refusal: term of the entry at prev_index; 0: there is none
  LogIndex conflict_index = 0;  ///< refusal: first index of that term, or the end of the log + 1
  static auto fields(auto& m) {
    return std::tie(m.term, m.success, m.prev_index, m.match, m.conflict_term, m.conflict_index);
  }
  bool operator==(const AppendReply&) const = default;
};

/// Keeps followers quiet and, by `round`, confirms that the sender still leads.
struct Heartbeat {
  Term term = 0;
  LogIndex commit = 0;
  std::uint64_t round = 0;
  static auto fields(auto& m) { return std::tie(m.term, m.commit, m.round); }
  bool operator==(const Heartbeat&) const = default;
};
struct HeartbeatReply {
  Term term = 0;
  std::uint64_t round = 0;
  static auto fields(auto& m) { return std::tie(m.term, m.round); }
  bool operator==(const HeartbeatReply&) const = default;
};

/// A client's request, passed to the member that led `term`.
struct ForwardRequest {
  Term term = 0;
  Command command;
  static auto fields(auto& m) { return std::tie(m.term, m.command); }
  bool operator==(const ForwardRequest&) const = default;
};
struct ForwardReply {
  Term term = 0;          ///< of the request
  bool rejected = false;  ///< not led by the sender; outcome no_leader: it never appended it
  Reply reply;
  static auto fields(auto& m) { return std::tie(m.term, m.rejected, m.reply); }
  bool operator==(const ForwardReply&) const = default;
};

}  // namespace assay::reference
