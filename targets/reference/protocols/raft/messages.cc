#include "targets/reference/protocols/raft/messages.h"

namespace assay::reference {

void put(ByteWriter& w, const VoteRequest& m) {
  w.boolean(m.pre);
  w.u64(m.term);
  w.u64(m.last_index);
  w.u64(m.last_term);
}
void get(ByteReader& r, VoteRequest& m) {
  m.pre = r.boolean();
  m.term = r.u64();
  m.last_index = r.u64();
  m.last_term = r.u64();
}

void put(ByteWriter& w, const VoteReply& m) {
  w.boolean(m.pre);
  w.u64(m.term);
  w.boolean(m.granted);
}
void get(ByteReader& r, VoteReply& m) {
  m.pre = r.boolean();
  m.term = r.u64();
  m.granted = r.boolean();
}

}  // namespace assay::reference
