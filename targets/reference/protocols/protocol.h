#pragma once
// The contract of a replication protocol: a pure state machine. Inputs come in as calls, each with
// the present monotonic time; everything the protocol wants done comes out as Effects. It opens no
// socket, starts no thread, reads no clock and draws only from the Random it was given, so a host
// (a process, or a simulated world) decides alone what happens when.
//
// A host promises: writes become durable in the order of their tokens, and `written` is called
// after they did, never before; after a crash, `start` gets what was durable and perhaps more
// (a prefix of the writes that were issued); messages may be lost, repeated, delayed and reordered,
// but are never invented. A protocol promises: no message or reply leaves through Effects before
// the writes it depends on are durable.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "targets/reference/protocols/client_message.h"
#include "targets/reference/protocols/message.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// Numbers the writes of one life of a member upwards from 1.
using WriteToken = std::uint64_t;

struct HardState {
  Term term = 0;
  NodeId voted_for = NodeId::none;
  bool operator==(const HardState&) const = default;
};

/// What a machine held after the entry `index`, in place of the entries up to there.
struct Snapshot {
  LogIndex index = 0;           ///< 0: there is none
  Term term = 0;                ///< of that entry
  std::vector<NodeId> members;  ///< of the cluster as of that entry; empty: as at first
  std::string state;            ///< the machine, encoded
  bool operator==(const Snapshot&) const = default;
};

/// What must be on disk before `written(token)` may be called.
struct Write {
  WriteToken token = 0;
  std::optional<HardState> hard_state;
  /// 0: the log is unchanged. Else the log ends before this index, then `entries` follow.
  LogIndex first = 0;
  std::vector<Entry> entries;
  /// Takes the place of all that was written before: the hard state and the entries after it are in
  /// this write too.
  std::optional<Snapshot> snapshot = std::nullopt;
  bool operator==(const Write&) const = default;
};

/// What a member finds on its disk. entries[0] is the one after the snapshot.
struct Recovered {
  HardState hard_state;
  std::vector<Entry> entries;
  Snapshot snapshot = {};
};

/// One member of a cluster.
struct Membership {
  NodeId self = NodeId::none;
  std::vector<NodeId> members;  ///< all of them, self included
};

struct Send {
  NodeId to = NodeId::none;
  Message message;
};

/// What the protocol wants done. The host appends nothing and may take the parts in any order.
struct Effects {
  std::vector<Write> writes;
  std::vector<Send> messages;
  std::vector<Reply> replies;  ///< to the clients of this member
  void clear() {
    writes.clear();
    messages.clear();
    replies.clear();
  }
};

/// Of an entry in the log. Along one log positions ascend, also over changes of the leader.
struct Position {
  Term term = 0;
  LogIndex index = 0;
  auto operator<=>(const Position&) const = default;
};

/// What one member's own copy shows, whoever leads and whether or not others are reached.
class OwnCopy {
 public:
  virtual ~OwnCopy() = default;
  /// REQUIRES: the command only reads.
  virtual Reply query(const Command& command) const = 0;
  /// The last entry that it shows.
  virtual Position applied() const = 0;
  enum class Spread : std::uint8_t {
    own,       ///< here, and for all that is known nowhere else
    majority,  ///< on so many disks that no later leader can lack it
    lost,      ///< here no longer: another leader did not have it
  };
  /// Of an entry that applied() has told.
  virtual Spread spread_of(const Position& position) const = 0;
};

/// Not thread-safe. Each input may be followed by others before `flush`; the host must call `flush`
/// after any input or group of inputs, which is what batches entries into messages and writes.
class Protocol {
 public:
  virtual ~Protocol() = default;
  virtual std::string_view name() const = 0;

  /// First input of a life.
  virtual void start(Nanos now, Recovered recovered) = 0;
  virtual void receive(Nanos now, NodeId from, Message message) = 0;
  /// A request of one of this member's clients; exactly one Reply follows, sooner or later.
  /// A request that repeats the id of one still waiting is the same request.
  virtual void request(Nanos now, Command command) = 0;
  /// All writes up to this token are durable.
  virtual void written(Nanos now, WriteToken token) = 0;
  /// Time has passed. Needed at `deadline()`; harmless at any other time.
  virtual void tick(Nanos now) = 0;
  /// Moves what is to be done into `out` (which is appended to).
  virtual void flush(Nanos now, Effects& out) = 0;

  virtual Nanos deadline() const = 0;
  virtual StatusReport status() const = 0;
  /// Null: its members show clients nothing by themselves.
  virtual const OwnCopy* own_copy() const { return nullptr; }
};

}  // namespace assay::reference
