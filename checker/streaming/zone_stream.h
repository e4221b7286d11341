#pragma once
// ZoneStream: the zone test (linearizability/zones.h) of one register, event by event, in memory
// bounded by what can still change. Exact for every prefix: the return after which the history is
// no longer linearizable is the one that is answered with `violation`.
//
// A block A (a chain of clusters) is closed when another block B must follow it (f of A < s of B)
// and an operation of B returned before every operation began that can still observe something:
// whoever observes A from now on contradicts B. The blocks that must precede a closed one are
// closed as well, so closed blocks can be put in front of everything else and forgotten; observing
// one is then the same as observing a value that was never written. In the same way the beginning
// of a chain closes when a later cluster of it has returned; it shrinks to its two times.
//
// A value may be written again once its block is closed. Before that the answer is `not_unique`,
// and export_calls() describes the register by a few calls for a search that copes with it: one or
// two for each open cluster, since only the times f and s of a cluster constrain the others.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "checker/streaming/frontier_stream.h"
#include "checker/streaming/stream_call.h"

namespace assay {

/// Times must not go back from call to call, and within a tick every start comes before every
/// return. Not thread-safe.
class ZoneStream {
 public:
  /// With more than `clusters_max` open clusters, the oldest open read or cas is no longer waited
  /// for: if it returns after all, with a value that is forgotten, the answer is `unknown`.
  ZoneStream(const StreamValue& initial, std::size_t clusters_max);

  StreamAnswer invoke(const StreamCall& call);
  /// `value`: what a read returned. O(open blocks).
  StreamAnswer complete(std::uint64_t token, Outcome outcome, std::int64_t time,
                        const StreamValue& value);

  const std::string& reason() const { return reason_; }
  std::uint64_t bytes() const;
  std::size_t open_clusters() const { return clusters_.size(); }
  std::size_t open_calls() const { return open_.size(); }

  /// The register as calls whose linearizations, with whatever comes, are those of everything seen.
  struct Export {
    StreamValue initial;
    CallsSoFar<StreamOp> calls;
  };
  Export export_calls() const;

 private:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  struct Cluster {
    StreamValue value;
    StreamValue expected;  ///< of a cas
    std::uint64_t token = 0;
    std::int64_t f = never;
    std::int64_t s = 0;
    std::uint32_t previous = none;
    std::uint32_t next = none;
    std::uint32_t block = none;  ///< none: nobody knows yet whether it took effect
    bool is_cas = false;
    bool writer_open = false;
    bool closed = false;  ///< the summary of a chain's closed beginning
    bool dead = false;    ///< failed
  };
  struct OpenCall {
    std::uint64_t token;
    std::int64_t start;
    std::uint32_t cluster;  ///< none for a read
    bool observes;
    bool overdue = false;  ///< no longer waited for
    bool placed = false;   ///< a mutation that took effect and whose cluster is forgotten
  };

  std::uint32_t find(const StreamValue& value) const;
  void add_to_index(std::uint32_t cluster);
  StreamAnswer complete_read(const OpenCall& call, std::int64_t time, const StreamValue& value);
  StreamAnswer complete_mutation(const OpenCall& call, Outcome outcome, std::int64_t time);
  StreamAnswer activate(std::uint32_t cluster, bool overdue);
  StreamAnswer not_found(bool overdue);
  void begin_block(std::uint32_t root);
  StreamAnswer test_block(std::uint32_t block);
  void forget_if_many(std::int64_t now);
  bool stop_waiting();
  std::int64_t oldest_observer(std::int64_t now) const;
  void trim(std::int64_t horizon);
  std::vector<bool> kept_blocks(std::int64_t horizon) const;
  void close_beginning(std::uint32_t block, std::int64_t horizon, std::vector<bool>& keep);
  void compact(const std::vector<bool>& keep, const std::vector<bool>& keep_block);

  std::vector<Cluster> clusters_;
  // One entry a block, in parallel so that the test scans numbers.
  std::vector<std::int64_t> block_f_;
  std::vector<std::int64_t> block_s_;
  std::vector<std::uint32_t> block_root_;
  std::vector<OpenCall> open_;                                             ///< by start
  std::unordered_map<StreamValue, std::uint32_t, StreamValueHash> index_;  ///< when there are many
  bool indexed_ = false;
  std::size_t clusters_max_;
  std::size_t trim_at_ = 8;
  std::string reason_;
};

}  // namespace assay
