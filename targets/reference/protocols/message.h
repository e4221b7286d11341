#pragma once
// The list of all messages that members send to each other. What a message holds and how it is
// encoded stands in its protocol's folder, or, if several protocols share it, in a file beside this
// one; each protocol ignores what is not its own. The encoding begins with a version byte, so that
// a member refuses what it cannot read.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "targets/reference/protocols/causal/messages.h"
#include "targets/reference/protocols/leader_messages.h"
#include "targets/reference/protocols/membership/messages.h"
#include "targets/reference/protocols/paxos/messages.h"
#include "targets/reference/protocols/primary_backup/messages.h"
#include "targets/reference/protocols/quorum/messages.h"
#include "targets/reference/protocols/raft/messages.h"
#include "targets/reference/protocols/sharded/messages.h"
#include "targets/reference/protocols/updates/update.h"

namespace assay::reference {

inline constexpr std::uint8_t wire_version = 2;

/// Each alternative names its fields (fields.h); its position is its type on the wire.
using Message = std::variant<
    // leader_messages.h
    AppendRequest, AppendReply, Heartbeat, HeartbeatReply, ForwardRequest, ForwardReply,
    // raft/messages.h
    VoteRequest, VoteReply, InstallSnapshot, InstallSnapshotReply, TimeoutNow,
    // quorum/messages.h
    QuorumRead, QuorumReadReply, QuorumWrite, QuorumWriteReply, QuorumDigest,
    // updates/update.h
    UpdateDigest, UpdateBatch,
    // causal/messages.h
    CausalRead, CausalReadReply,
    // primary_backup/messages.h
    ReplicaRead, ReplicaReadReply,
    // membership/messages.h
    AliveBeat, Probe,
    // paxos/messages.h
    PaxosPrepare, PaxosPromise, PaxosAccept, PaxosAccepted, PaxosLearn, PaxosChosen,
    // sharded/messages.h
    ShardWork, ShardVote, ShardDecision, ShardAcknowledge, ShardInquiry, ShardState,
    ShardClockRequest, ShardClock>;

/// Appends the encoding of the message.
void encode(const Message& message, std::string& out);
/// Nothing if the bytes are not exactly one message of this version.
std::optional<Message> decode_message(std::string_view bytes);

}  // namespace assay::reference
