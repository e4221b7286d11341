#pragma once
// What members say to each other. All protocols share one set of messages; each uses those it
// needs. The encoding begins with a version byte, so that a member refuses what it cannot read.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "targets/reference/protocols/types.h"

namespace assay::reference {

inline constexpr std::uint8_t wire_version = 1;

/// Asks for a vote, or whether one would be given (`pre`; then `term` is the term it would be).
struct VoteRequest {
  bool pre = false;
  Term term = 0;
  LogIndex last_index = 0;
  Term last_term = 0;
  bool operator==(const VoteRequest&) const = default;
};
struct VoteReply {
  bool pre = false;
  Term term = 0;  ///< pre and granted: the term asked for; else the voter's own
  bool granted = false;
  bool operator==(const VoteReply&) const = default;
};

/// Entries that follow (prev_index, prev_term).
struct AppendRequest {
  Term term = 0;
  LogIndex prev_index = 0;
  Term prev_term = 0;
  LogIndex commit = 0;
  std::vector<Entry> entries;
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
  bool operator==(const AppendReply&) const = default;
};

/// Keeps followers quiet and, by `round`, confirms that the sender still leads.
struct Heartbeat {
  Term term = 0;
  LogIndex commit = 0;
  std::uint64_t round = 0;
  bool operator==(const Heartbeat&) const = default;
};
struct HeartbeatReply {
  Term term = 0;
  std::uint64_t round = 0;
  bool operator==(const HeartbeatReply&) const = default;
};

/// A client's request, passed to the member that led `term`.
struct ForwardRequest {
  Term term = 0;
  Command command;
  bool operator==(const ForwardRequest&) const = default;
};
struct ForwardReply {
  Term term = 0;          ///< of the request
  bool rejected = false;  ///< not led by the sender; outcome no_leader: it never appended it
  Reply reply;
  bool operator==(const ForwardReply&) const = default;
};

using Message = std::variant<VoteRequest, VoteReply, AppendRequest, AppendReply, Heartbeat,
                             HeartbeatReply, ForwardRequest, ForwardReply>;

/// Appends the encoding of the message.
void encode(const Message& message, std::string& out);
/// Nothing if the bytes are not exactly one message of this version.
std::optional<Message> decode_message(std::string_view bytes);

}  // namespace assay::reference
