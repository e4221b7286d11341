#pragma once
// The replicated log of one member with the bookkeeping of what is on disk: changes are gathered
// between flushes into one Write, and messages that depend on them wait until they are durable.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "targets/reference/protocols/protocol.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// How many entries a message carries at most.
inline constexpr std::size_t batch_entries_max = 1024;

class DurableLog {
 public:
  /// Everything recovered is durable.
  void recover(Recovered recovered);

  const HardState& hard_state() const { return hard_state_; }
  void set_hard_state(HardState state);

  /// The state that takes the place of the first entries; index 0 if nothing was compacted.
  const Snapshot& snapshot() const { return snapshot_; }
  /// The entries up to here are gone.
  LogIndex base() const { return snapshot_.index; }
  LogIndex last() const { return base() + entries_.size(); }
  Term last_term() const { return term_at(last()); }
  /// 0 for index 0. REQUIRES: base() <= index <= last().
  Term term_at(LogIndex index) const;
  /// REQUIRES: base() < index <= last().
  const Entry& at(LogIndex index) const;
  /// Those after the base.
  const std::vector<Entry>& entries() const { return entries_; }
  /// Entries from..to inclusive, cut to a bounded batch of at most so many (not 0), but never empty
  /// if from <= to.
  std::vector<Entry> batch(LogIndex from, LogIndex to, std::size_t entries_max) const;

  LogIndex append(Entry entry);
  /// Removes this entry and all after it. REQUIRES: index > base().
  void truncate_from(LogIndex index);
  /// Puts the snapshot in the place of the entries that it covers. Entries after it stay if they
  /// follow it, that is, if the log holds its last entry; else the log ends with it.
  /// REQUIRES: snapshot.index > base().
  void compact(Snapshot snapshot);

  /// Everything up to here is durable.
  LogIndex durable() const { return durable_; }

  /// Sends once all changes made so far are durable.
  void send_when_durable(NodeId to, Message message);
  /// Sends once term and vote as they are now are durable; entries may still be on their way.
  void send_when_state_durable(NodeId to, Message message);

  void written(WriteToken token);
  /// Emits the gathered changes as one Write, then every message that waits for nothing more.
  void flush(Effects& out);

 private:
  struct Issued {
    WriteToken token = 0;
    LogIndex last = 0;
  };
  struct Deferred {
    WriteToken needs = 0;
    std::uint64_t order = 0;  ///< among those of both queues
    Send send;
  };
  /// What is asked for later never needs less, so those that are ready stand in front: a flush
  /// costs what it emits, however many messages a slow disk keeps waiting.
  using Queue = std::deque<Deferred>;
  bool is_ready(const Queue& queue) const {
    return !queue.empty() && queue.front().needs <= durable_token_;
  }
  void defer(Queue& queue, WriteToken needs, NodeId to, Message message);
  bool dirty() const { return state_dirty_ || snapshot_dirty_ || first_dirty_ != 0; }

  HardState hard_state_;
  Snapshot snapshot_;
  std::vector<Entry> entries_;
  LogIndex durable_ = 0;
  LogIndex first_dirty_ = 0;  // 0: the log is as last issued
  bool state_dirty_ = false;
  bool snapshot_dirty_ = false;
  WriteToken issued_token_ = 0;
  WriteToken durable_token_ = 0;
  WriteToken state_token_ = 0;  // the write that carried the present hard state
  std::deque<Issued> issued_;
  Queue wait_for_log_;
  Queue wait_for_state_;
  std::uint64_t deferred_ = 0;  // how many so far
};

}  // namespace assay::reference
