#pragma once
// The vocabulary of the reference cluster: nodes, log entries, the commands of its store
// and the replies to them. Plain values; nothing here knows of sockets, disks or time.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <tuple>

#include "targets/reference/protocols/datum.h"

namespace assay::reference {

/// Members are numbered from 1.
enum class NodeId : std::uint32_t { none = 0 };

using Term = std::uint64_t;
/// Position in the replicated log; the first entry has index 1, and 0 means "before the first".
using LogIndex = std::uint64_t;

/// Names one request of one client. A client numbers its requests upwards from 1 and repeats the
/// number when it retries, so that a retry can be recognised.
struct RequestId {
  std::uint64_t client = 0;
  std::uint64_t sequence = 0;
  static auto fields(auto& m) { return std::tie(m.client, m.sequence); }
  auto operator<=>(const RequestId&) const = default;
};

/// What is asked of the store; commands.h is the table of them. The numbers are on disks and wires.
enum class CommandKind : std::uint8_t {
  noop = 0,
  read = 1,
  write = 2,
  cas = 3,
  add = 4,
  increment = 5,
  append = 6,
  enqueue = 7,
  dequeue = 8,
  acquire = 9,
  release = 10,
  send = 11,
  poll = 12,
  transfer = 13,
  txn = 14,
  reconfigure = 15,
  hand_over = 16,
  create = 17,
  remove = 18,
  set = 19,
  get = 20,
  exists = 21,
  children = 22,
  compare = 23,
  commit = 24,
  watch = 25,
  renew = 26,
  use = 27,
  elect = 28,
  leader = 29,
  sync = 30,
  close_session = 31,
  expire = 32,
};

struct Command {
  CommandKind kind = CommandKind::noop;
  RequestId id;
  Datum key;
  Datum value;     ///< the argument; of a cas the new value, of a txn its steps
  Datum expected;  ///< cas: the value it must find
  bool operator==(const Command&) const = default;
};

struct Entry {
  Term term = 0;
  Command command;
  bool operator==(const Entry&) const = default;
};

/// What became of a request. Only `in_doubt` leaves open whether it took or will take effect.
enum class Outcome : std::uint8_t {
  ok = 0,
  mismatch = 1,     ///< what it requires does not hold; it had no effect
  no_leader = 2,    ///< refused before it was appended anywhere
  busy = 3,         ///< refused before it was appended: too many requests wait
  in_doubt = 4,     ///< may have happened, may still, may never
  bad_request = 5,  ///< refused: malformed
  unavailable = 6,  ///< refused before it had an effect: too few members answered
};
constexpr Outcome last_of(Outcome) { return Outcome::unavailable; }

struct Reply {
  RequestId id;
  Outcome outcome = Outcome::in_doubt;
  Datum value;  ///< outcome ok: what the command returns
  bool operator==(const Reply&) const = default;
};

struct RequestIdHash {
  std::size_t operator()(const RequestId& id) const noexcept {
    return std::hash<std::uint64_t>{}(id.client * 0x9E3779B97F4A7C15ULL + id.sequence);
  }
};

}  // namespace assay::reference
