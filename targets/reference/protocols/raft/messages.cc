#include "targets/reference/protocols/raft/messages.h"

#include "targets/reference/protocols/frame.h"

namespace assay::reference {

void put(ByteWriter& w, const VoteRequest& m) {
  w.boolean(m.pre);
  w.u64(m.term);
  w.u64(m.last_index);
  w.u64(m.last_term);
  w.boolean(m.handed_over);
}
void get(ByteReader& r, VoteRequest& m) {
  m.pre = r.boolean();
  m.term = r.u64();
  m.last_index = r.u64();
  m.last_term = r.u64();
  m.handed_over = r.boolean();
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

void put(ByteWriter& w, const InstallSnapshot& m) {
  w.u64(m.term);
  w.u64(m.index);
  w.u64(m.index_term);
  w.nodes(m.members);
  w.u64(m.offset);
  w.text(m.bytes);
  w.boolean(m.last);
}
void get(ByteReader& r, InstallSnapshot& m) {
  m.term = r.u64();
  m.index = r.u64();
  m.index_term = r.u64();
  m.members = r.nodes();
  m.offset = r.u64();
  m.bytes = r.text(frame_payload_bytes_max);
  m.last = r.boolean();
}

void put(ByteWriter& w, const InstallSnapshotReply& m) {
  w.u64(m.term);
  w.u64(m.index);
  w.u64(m.received);
  w.boolean(m.installed);
}
void get(ByteReader& r, InstallSnapshotReply& m) {
  m.term = r.u64();
  m.index = r.u64();
  m.received = r.u64();
  m.installed = r.boolean();
}

void put(ByteWriter& w, const TimeoutNow& m) { w.u64(m.term); }
void get(ByteReader& r, TimeoutNow& m) { m.term = r.u64(); }

}  // namespace assay::reference
