#pragma once
// FrontierStream: the frontier search (linearizability/frontier.h) of one register, event by event.
// It decides what ZoneStream cannot: values written more than once.
//
// What a read returns is known only at its return, and guessing it beforehand is hopeless. So the
// search stands still at the start of the oldest open operation, where every operation that began
// is known: its configurations there (`cut`) stand for everything before, and the operations since
// then (`tail`) are kept. Each return searches the tail again from the cut, on a copy, with
// whatever is open taken for pending: that answers for the prefix. A long tail, behind an operation
// that stays open for long, is searched only each time it has grown by a quarter.
//
// Source: Lowe, "Testing for linearizability", 2017 (just-in-time linearization); the reductions
// are those of linearizability/frontier.h, which has the future to look at as well.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <unordered_set>
#include <vector>

#include "checker/linearizability/configuration.h"
#include "checker/linearizability/limits.h"
#include "checker/streaming/stream_call.h"
#include "checker/streaming/zone_stream.h"

namespace assay {

struct StreamLimits {
  std::size_t clusters_max = std::size_t{1} << 16U;  ///< values kept for one slow operation
  std::size_t tail_max = std::size_t{1} << 13U;      ///< operations kept for one, in a search
  std::size_t short_tail = 64;  ///< as long, it is searched again after every return
  SearchLimits search;
};

/// The search at one point of time; copied to look ahead.
class StreamSearch {
 public:
  static constexpr std::size_t words = 8;
  static constexpr std::size_t slots_max = 64 * words;
  static constexpr std::size_t classes_max = 8 * words;

  explicit StreamSearch(const StreamValue& initial);

  /// False if there is no room for it.
  bool start(const StreamCall& call);
  /// Started calls that will not return: one more of its kind. False if there is no room for it.
  bool start_pending(const StreamOp& op);
  /// False if nothing explains the return, or if a limit was reached: then stopped() says so.
  /// REQUIRES that it was started.
  bool complete(const StreamCall& call, const SearchLimits& limits);

  const std::string& stopped() const { return stopped_; }
  std::uint64_t steps() const { return steps_; }
  std::size_t size() const { return frontier_.size(); }
  std::uint64_t bytes() const { return frontier_.bytes() + next_.bytes() + explored_.bytes(); }
  /// Counts each pending call that every configuration has used as gone.
  void forget_used();
  /// The value, if it is certain and no pending call can change it any more.
  const StreamValue* certain() const;

 private:
  using Entry = Configuration<StreamValue, words>;
  using Set = ConfigurationSet<StreamValue, words>;
  using Slots = Mask<words>;

  struct PendingClass {
    StreamOp op;
    std::uint64_t available = 0;  ///< 0: free
    bool clipped = false;         ///< there are more than can be counted
  };

  static std::uint64_t hash(const StreamValue& value) { return StreamValueHash()(value); }
  static CounterField field(std::size_t cls) {
    return {static_cast<std::uint32_t>(cls / 8), static_cast<std::uint32_t>(cls % 8 * 8), 8};
  }
  static bool step(StreamValue& state, const StreamOp& op);
  void place_reads(Entry& entry) const;
  void settle(Entry entry, std::size_t slot);
  void reach(const Entry& entry, std::size_t slot, std::size_t level);
  void expand(const Entry& entry, std::size_t slot, std::size_t level);
  bool placed(Entry& entry, std::size_t slot) const;
  bool is_visible(const Entry& entry, const StreamOp& op) const;
  std::size_t level_of(const Entry& entry) const;
  bool limit_reached(const SearchLimits& limits);

  Set frontier_;
  Set next_;
  Set explored_;
  std::vector<std::vector<Entry>> levels_;
  std::vector<std::size_t> came_in_;
  std::vector<StreamCall> slots_;  ///< by slot
  std::vector<Slots> shadow_;      ///< by slot: equal open calls that go first
  Slots taken_, reads_, updates_, overwrites_;
  std::vector<PendingClass> classes_;
  std::array<std::uint64_t, words> guards_{};
  bool missed_clipped_ = false;  ///< one of those might have helped
  std::uint64_t steps_ = 0;
  std::string stopped_;
};

/// Times must not go back from call to call, and within a tick every start comes before every
/// return. Not thread-safe.
class FrontierStream {
 public:
  explicit FrontierStream(const StreamLimits& limits, const StreamValue& initial)
      : cut_(initial), limits_(limits) {}

  /// What was seen before. REQUIRES that nothing else was said.
  void take_over(const ZoneStream::Export& seen);

  void invoke(const StreamCall& call);
  StreamAnswer complete(std::uint64_t token, Outcome outcome, std::int64_t time,
                        const StreamValue& value);
  /// At the end of the history: looks at all of the tail.
  StreamAnswer finish();

  /// The register's value if nothing is open and nothing else is possible, so that ZoneStream can
  /// go on from there.
  const StreamValue* certain() const {
    const bool waits = !tail_.empty() || !placed_.empty() || !abandoned_.empty();
    return waits ? nullptr : cut_.certain();
  }

  const std::string& reason() const { return reason_; }
  std::uint64_t bytes() const;
  std::uint64_t steps() const { return cut_.steps() + steps_ahead_; }

 private:
  enum class State : std::uint8_t { open, returned, pending, gone };
  struct TailCall {
    StreamCall call;
    State state = State::open;
    bool started = false;  ///< in cut_
  };

  StreamAnswer advance();
  /// Tells `search` of the starts and returns before `until` that it does not know of; `ahead`:
  /// open operations count as pending.
  StreamAnswer play(StreamSearch& search, std::int64_t until, bool ahead) const;
  StreamAnswer look_ahead();
  void forget_before(std::int64_t until);
  void stop_waiting();
  void explain(const StreamSearch& search);

  StreamSearch cut_;
  std::vector<TailCall> tail_;                   ///< by start
  std::unordered_set<std::uint64_t> placed_;     ///< open, but took effect
  std::unordered_set<std::uint64_t> abandoned_;  ///< open, but no longer waited for
  std::size_t not_looked_at_ = 0;                ///< returns since the last look ahead
  std::int64_t cut_at_ = std::numeric_limits<std::int64_t>::min();
  StreamLimits limits_;
  std::uint64_t steps_ahead_ = 0;
  std::string reason_;
};

}  // namespace assay
