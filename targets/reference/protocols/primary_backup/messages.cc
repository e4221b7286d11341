#include "targets/reference/protocols/primary_backup/messages.h"

namespace assay::reference {

void put(ByteWriter& w, const ReplicaRead& m) {
  w.command(m.command);
  w.u64(m.after.client);
  w.u64(m.after.sequence);
  w.u64(m.index);
  w.boolean(m.anew);
}
void get(ByteReader& r, ReplicaRead& m) {
  m.command = r.command();
  m.after.client = r.u64();
  m.after.sequence = r.u64();
  m.index = r.u64();
  m.anew = r.boolean();
}

void put(ByteWriter& w, const ReplicaReadReply& m) {
  w.reply(m.reply);
  w.u64(m.index);
  w.boolean(m.anew);
}
void get(ByteReader& r, ReplicaReadReply& m) {
  m.reply = r.reply();
  m.index = r.u64();
  m.anew = r.boolean();
}

}  // namespace assay::reference
