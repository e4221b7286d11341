#pragma once
// What only the members of single-leader replication say to each other: reads that a replica
// answers.

#include <tuple>

#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// A read, and what its session must see: the write `after` (client 0: none) and the log up to
/// `index`. `anew`: the session's past was forgotten, so the primary must show all that there is.
struct ReplicaRead {
  Command command;
  RequestId after;
  LogIndex index = 0;
  bool anew = false;
  static auto fields(auto& m) { return std::tie(m.command, m.after, m.index, m.anew); }
  bool operator==(const ReplicaRead&) const = default;
};
/// `index`: how much of the log it shows.
struct ReplicaReadReply {
  Reply reply;
  LogIndex index = 0;
  bool anew = false;
  static auto fields(auto& m) { return std::tie(m.reply, m.index, m.anew); }
  bool operator==(const ReplicaReadReply&) const = default;
};

}  // namespace assay::reference
