#pragma once
// FrontierStream: the frontier search (linearizability/frontier.h) of one object, event by event.
// Of a register it decides what ZoneStream cannot: values written more than once.
//
// What an operation returns is known only at its return, and guessing it beforehand is hopeless. So
// the search stands still at the start of the oldest open operation, where every operation that
// began is known: its configurations there (`cut`) stand for everything before, and the operations
// since then (`tail`) are kept. Returns search the tail again from the cut, on a copy, with
// whatever is open taken for pending: that answers for the prefix. A tail longer than `short_tail`
// is searched only each time it has grown by a quarter, or when look() asks.
//
// Source: Lowe, "Testing for linearizability", 2017 (just-in-time linearization).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "checker/linearizability/limits.h"
#include "checker/streaming/stream_model.h"
#include "checker/streaming/stream_search.h"

namespace assay {

struct StreamLimits {
  std::size_t clusters_max = std::size_t{1} << 16U;  ///< values kept for one slow operation
  std::size_t tail_max = std::size_t{1} << 13U;      ///< operations kept for one, in a search
  std::size_t short_tail = 64;  ///< as long, it is searched again after every return
  /// Configurations that looking ahead may visit; what it then has not found may be found later.
  std::uint64_t steps_ahead = std::uint64_t{1} << 16U;
  SearchLimits search;
};

/// The calls of an object up to some moment, if somebody else followed it until then.
template <class Op>
struct CallsSoFar {
  std::vector<GrowingCall<Op>> returned;  ///< unsorted
  std::vector<GrowingCall<Op>> open;      ///< by start
  std::vector<GrowingCall<Op>> pending;   ///< will never return
  std::vector<std::uint64_t> placed;      ///< open, but known to have taken effect
  std::vector<std::uint64_t> abandoned;   ///< open, but no longer waited for
};

/// Times must not go back from call to call, and within a tick every start comes before every
/// return. The model outlives it. Not thread-safe.
template <StreamModel M>
class FrontierStream {
 public:
  using Op = typename M::Op;
  using Call = GrowingCall<Op>;

  FrontierStream(const StreamLimits& limits, const M& model)
      : model_(&model), cut_(model), ahead_(model), limits_(limits) {}

  /// What was seen before. REQUIRES that nothing else was said.
  void take_over(const CallsSoFar<Op>& seen) {
    for (const Call& call : seen.returned) tail_.push_back({call, State::returned});
    for (const Call& call : seen.open) tail_.push_back({call, State::open});
    for (const Call& call : seen.pending) tail_.push_back({call, State::pending});
    std::stable_sort(tail_.begin(), tail_.end(), [](const TailCall& a, const TailCall& b) {
      return a.call.start < b.call.start;
    });
    placed_.insert(seen.placed.begin(), seen.placed.end());
    abandoned_.insert(seen.abandoned.begin(), seen.abandoned.end());
  }

  void invoke(const Call& call) { tail_.push_back({call}); }

  StreamAnswer complete(std::uint64_t token, Outcome outcome, std::int64_t time,
                        const typename M::Result& result) {
    if (placed_.erase(token) != 0) {
      return outcome == Outcome::fail ? StreamAnswer::violation : StreamAnswer::fine;
    }
    if (abandoned_.erase(token) != 0) {
      if (outcome == Outcome::info) return StreamAnswer::fine;
      reason_ = "an operation returned that had been open for longer than the checker could wait";
      return StreamAnswer::unknown;
    }
    const auto at = std::find_if(tail_.begin(), tail_.end(), [&](const TailCall& tail) {
      return tail.call.token == token && tail.state == State::open;
    });
    ASSAY_ASSERT(at != tail_.end());
    Op& op = at->call.op;
    if (outcome == Outcome::ok) {
      const Told told = model_->tell(op, result);
      if (told == Told::unfit) {
        reason_ = "an operation returned what is no value of the datatype";
        return StreamAnswer::unknown;
      }
      if (told == Told::nothing) outcome = Outcome::info;
    }
    if (outcome == Outcome::ok) {
      at->state = State::returned;
      at->call.end = time;
      ++not_looked_at_;
    } else {
      const bool may_happen = outcome == Outcome::info && !M::changes_nothing(op);
      // What explained a return may be gone with it.
      if (outcome == Outcome::fail && !M::changes_nothing(op)) ++not_looked_at_;
      at->state = may_happen ? State::pending : State::gone;
    }
    if (const auto answer = advance(); answer != StreamAnswer::fine) return answer;
    const bool is_long = tail_.size() > limits_.short_tail;
    if (is_long && not_looked_at_ * 4 < tail_.size()) return StreamAnswer::fine;
    return look();
  }

  /// Are there returns that have not been looked at?
  bool unsure() const { return not_looked_at_ != 0 && !tail_.empty(); }
  /// Looks at all of the tail, within `steps_ahead`.
  StreamAnswer look() {
    if (!unsure()) return StreamAnswer::fine;
    not_looked_at_ = 0;
    ahead_ = cut_;
    SearchLimits limits = limits_.search;
    limits.steps = cut_.steps() + limits_.steps_ahead;
    const StreamAnswer answer = play(ahead_, never, true, limits);
    steps_ahead_ += ahead_.steps() - cut_.steps();
    // What there is no room for now may have returned when its turn comes.
    return answer == StreamAnswer::violation ? answer : StreamAnswer::fine;
  }

  /// At the end of the history: looks at all of the tail, as long as it takes.
  StreamAnswer finish() {
    ahead_ = cut_;
    const StreamAnswer answer = play(ahead_, never, true, limits_.search);
    if (answer == StreamAnswer::unknown) explain(ahead_);
    return answer;
  }

  /// The object's state if nothing is open and nothing else is possible.
  const typename M::State* certain() const {
    const bool waits = !tail_.empty() || !placed_.empty() || !abandoned_.empty();
    return waits ? nullptr : cut_.certain();
  }

  const std::string& reason() const { return reason_; }
  std::uint64_t bytes() const {
    return sizeof(*this) + cut_.bytes() + ahead_.bytes() + tail_.capacity() * sizeof(TailCall) +
           (placed_.size() + abandoned_.size()) * 32;
  }
  std::uint64_t steps() const { return cut_.steps() + steps_ahead_; }
  /// All states that explain what came before the oldest open operation.
  template <class Visit>
  void each_state(Visit visit) {
    cut_.each_state(visit);
  }

 private:
  enum class State : std::uint8_t { open, returned, pending, gone };
  struct TailCall {
    Call call;
    State state = State::open;
    bool started = false;  ///< in cut_
  };

  StreamAnswer advance() {
    for (;;) {
      const auto oldest = std::find_if(tail_.begin(), tail_.end(), [](const TailCall& tail) {
        return tail.state == State::open;
      });
      const std::int64_t until = oldest == tail_.end() ? never : oldest->call.start;
      if (until > cut_at_) {
        const auto answer = play(cut_, until, false, limits_.search);
        if (answer == StreamAnswer::unknown) explain(cut_);
        if (answer != StreamAnswer::fine) return answer;
        forget_before(until);
        cut_.forget_used();
        if (until != never) cut_at_ = until;
      }
      if (oldest == tail_.end() || tail_.size() <= limits_.tail_max) return StreamAnswer::fine;
      stop_waiting();
    }
  }

  /// Tells `search` of the starts and returns before `until` that it does not know of; `ahead`:
  /// open operations count as pending.
  StreamAnswer play(StreamSearch<M>& search, std::int64_t until, bool ahead,
                    const SearchLimits& limits) const {
    std::vector<const TailCall*> returns;
    for (const TailCall& tail : tail_) {
      if (tail.state == State::returned && tail.call.end < until) returns.push_back(&tail);
    }
    std::stable_sort(returns.begin(), returns.end(), [](const TailCall* a, const TailCall* b) {
      return a->call.end < b->call.end;
    });
    auto next = tail_.begin();
    bool room = true;
    const auto start_until = [&](std::int64_t time) {
      for (; next != tail_.end() && next->call.start < until && next->call.start <= time; ++next) {
        if (next->started || next->state == State::gone) continue;
        if (next->state == State::returned) {
          room = search.start(next->call) && room;
        } else if (next->state == State::pending || (ahead && !M::changes_nothing(next->call.op))) {
          room = search.start_pending(next->call.op) && room;
        }
      }
    };
    for (const TailCall* tail : returns) {
      start_until(tail->call.end);
      if (!room) return StreamAnswer::unknown;
      if (search.complete(tail->call, limits)) continue;
      return search.stopped().empty() ? StreamAnswer::violation : StreamAnswer::unknown;
    }
    start_until(never);
    return room ? StreamAnswer::fine : StreamAnswer::unknown;
  }

  void forget_before(std::int64_t until) {
    std::size_t kept = 0;
    for (TailCall& tail : tail_) {
      if (tail.state == State::gone) continue;
      if (tail.state == State::pending && tail.call.start < until) continue;
      if (tail.state == State::returned && tail.call.end < until) continue;
      tail.started = tail.state == State::returned && tail.call.start < until;
      if (&tail != &tail_[kept]) tail_[kept] = std::move(tail);
      ++kept;
    }
    tail_.erase(tail_.begin() + static_cast<std::ptrdiff_t>(kept), tail_.end());
  }

  void stop_waiting() {
    for (TailCall& tail : tail_) {
      if (tail.state != State::open) continue;
      abandoned_.insert(tail.call.token);
      tail.state = M::changes_nothing(tail.call.op) ? State::gone : State::pending;
      return;
    }
  }

  void explain(const StreamSearch<M>& search) {
    reason_ = search.stopped().empty()
                  ? "more operations are open at once, or may still take effect, than the search "
                    "can follow"
                  : search.stopped();
  }

  const M* model_;
  StreamSearch<M> cut_;
  StreamSearch<M> ahead_;                        ///< a member for its memory
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
