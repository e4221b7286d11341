#include "targets/reference/protocols/sharded/messages.h"

namespace assay::reference {
namespace {

constexpr std::size_t command_bytes_min = 1 + 16 + 3;

void put(ByteWriter& w, const RequestId& id) {
  w.u64(id.client);
  w.u64(id.sequence);
}
void get(ByteReader& r, RequestId& id) {
  id.client = r.u64();
  id.sequence = r.u64();
}

void get(ByteReader& r, TransactionState& state) {
  const auto number = r.u8();
  if (number > static_cast<std::uint8_t>(TransactionState::aborted)) r.fail();
  state = static_cast<TransactionState>(number);
}

/// How many follow, each of at least so many bytes.
std::size_t count(ByteReader& r, std::size_t bytes_min) {
  const std::size_t claimed = r.u32();
  if (claimed > r.left() / bytes_min) r.fail();
  return r.ok() ? claimed : 0;
}

template <class M>
void put_state(ByteWriter& w, const M& m) {
  put(w, m.id);
  w.u8(static_cast<std::uint8_t>(m.state));
}
template <class M>
void get_state(ByteReader& r, M& m) {
  get(r, m.id);
  get(r, m.state);
}

}  // namespace

void put(ByteWriter& w, const ShardWork& m) {
  put(w, m.id);
  w.boolean(m.alone);
  w.u64(m.snapshot);
  w.u32(static_cast<std::uint32_t>(m.participants.size()));
  for (const NodeId node : m.participants) w.u32(static_cast<std::uint32_t>(node));
  w.u32(static_cast<std::uint32_t>(m.steps.size()));
  for (const Command& step : m.steps) w.command(step);
}
void get(ByteReader& r, ShardWork& m) {
  get(r, m.id);
  m.alone = r.boolean();
  m.snapshot = r.u64();
  m.participants.resize(count(r, 4));
  for (NodeId& node : m.participants) node = r.node();
  m.steps.resize(count(r, command_bytes_min));
  for (Command& step : m.steps) step = r.command();
}

void put(ByteWriter& w, const ShardVote& m) {
  put(w, m.id);
  w.u8(static_cast<std::uint8_t>(m.outcome));
  w.u32(static_cast<std::uint32_t>(m.results.size()));
  for (const Datum& result : m.results) w.datum(result);
}
void get(ByteReader& r, ShardVote& m) {
  get(r, m.id);
  const auto outcome = r.u8();
  if (outcome > static_cast<std::uint8_t>(Outcome::bad_request)) r.fail();
  m.outcome = static_cast<Outcome>(outcome);
  m.results.resize(count(r, 1));
  for (Datum& result : m.results) result = r.datum();
}

void put(ByteWriter& w, const ShardDecision& m) {
  put_state(w, m);
  w.u64(m.stamp);
}
void get(ByteReader& r, ShardDecision& m) {
  get_state(r, m);
  m.stamp = r.u64();
}
void put(ByteWriter& w, const ShardAcknowledge& m) { put_state(w, m); }
void get(ByteReader& r, ShardAcknowledge& m) { get_state(r, m); }
void put(ByteWriter& w, const ShardState& m) { put_state(w, m); }
void get(ByteReader& r, ShardState& m) { get_state(r, m); }

void put(ByteWriter& w, const ShardClockRequest& m) {
  put(w, m.id);
  w.boolean(m.commit);
}
void get(ByteReader& r, ShardClockRequest& m) {
  get(r, m.id);
  m.commit = r.boolean();
}

void put(ByteWriter& w, const ShardClock& m) {
  put(w, m.id);
  w.boolean(m.commit);
  w.u64(m.stamp);
}
void get(ByteReader& r, ShardClock& m) {
  get(r, m.id);
  m.commit = r.boolean();
  m.stamp = r.u64();
}

void put(ByteWriter& w, const ShardInquiry& m) { put(w, m.id); }
void get(ByteReader& r, ShardInquiry& m) { get(r, m.id); }

}  // namespace assay::reference
