#include "targets/reference/protocols/paxos/messages.h"

namespace assay::reference {
namespace {

// The smallest entry: term, kind, request id, three nil data. Bounds what a length may claim.
constexpr std::size_t entry_bytes_min = 8 + 1 + 16 + 3;

void put(ByteWriter& w, const std::vector<Entry>& entries) {
  w.u32(static_cast<std::uint32_t>(entries.size()));
  for (const auto& entry : entries) w.entry(entry);
}
void get(ByteReader& r, std::vector<Entry>& entries) {
  const std::size_t count = r.u32();
  if (count > r.left() / entry_bytes_min) r.fail();
  for (std::size_t i = 0; i < count && r.ok(); ++i) entries.push_back(r.entry());
}

/// Decrees are numbered from 1.
LogIndex decree(ByteReader& r) {
  const LogIndex index = r.u64();
  if (index == 0) r.fail();
  return index;
}

}  // namespace

void put(ByteWriter& w, const PaxosPrepare& m) {
  w.u64(m.ballot);
  w.u64(m.first);
}
void get(ByteReader& r, PaxosPrepare& m) {
  m.ballot = r.u64();
  m.first = decree(r);
}

void put(ByteWriter& w, const PaxosPromise& m) {
  w.u64(m.ballot);
  w.u64(m.promised);
  w.u64(m.first);
  w.u64(m.last);
  put(w, m.entries);
}
void get(ByteReader& r, PaxosPromise& m) {
  m.ballot = r.u64();
  m.promised = r.u64();
  m.first = decree(r);
  m.last = r.u64();
  get(r, m.entries);
}

void put(ByteWriter& w, const PaxosAccept& m) {
  w.u64(m.ballot);
  w.u64(m.first);
  put(w, m.entries);
}
void get(ByteReader& r, PaxosAccept& m) {
  m.ballot = r.u64();
  m.first = decree(r);
  get(r, m.entries);
}

void put(ByteWriter& w, const PaxosAccepted& m) {
  w.u64(m.ballot);
  w.u64(m.promised);
  w.u64(m.first);
  w.u64(m.count);
}
void get(ByteReader& r, PaxosAccepted& m) {
  m.ballot = r.u64();
  m.promised = r.u64();
  m.first = decree(r);
  m.count = r.u64();
}

void put(ByteWriter& w, const PaxosLearn& m) { w.u64(m.first); }
void get(ByteReader& r, PaxosLearn& m) { m.first = decree(r); }

void put(ByteWriter& w, const PaxosChosen& m) {
  w.u64(m.first);
  put(w, m.entries);
}
void get(ByteReader& r, PaxosChosen& m) {
  m.first = decree(r);
  get(r, m.entries);
}

}  // namespace assay::reference
