#pragma once
// What only the members of Raft say to each other: elections.

#include <cstdint>

#include "targets/reference/protocols/codec.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

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

void put(ByteWriter& w, const VoteRequest& m);
void get(ByteReader& r, VoteRequest& m);
void put(ByteWriter& w, const VoteReply& m);
void get(ByteReader& r, VoteReply& m);

}  // namespace assay::reference
