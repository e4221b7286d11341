#include "checker/streaming/frontier_stream.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace assay {
void FrontierStream::take_over(const ZoneStream::Export& seen) {
  for (const StreamCall& call : seen.returned) tail_.push_back({call, State::returned});
  for (const StreamCall& call : seen.open) tail_.push_back({call, State::open});
  for (const StreamCall& call : seen.pending) tail_.push_back({call, State::pending});
  std::stable_sort(tail_.begin(), tail_.end(), [](const TailCall& a, const TailCall& b) {
    return a.call.start < b.call.start;
  });
  placed_.insert(seen.placed.begin(), seen.placed.end());
  abandoned_.insert(seen.abandoned.begin(), seen.abandoned.end());
}

void FrontierStream::invoke(const StreamCall& call) { tail_.push_back({call}); }

StreamAnswer FrontierStream::complete(std::uint64_t token, Outcome outcome, std::int64_t time,
                                      const StreamValue& value) {
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
  StreamOp& op = at->call.op;
  if (outcome == Outcome::ok) {
    at->state = State::returned;
    at->call.end = time;
    if (!op.mutates()) op.value = value;
    ++not_looked_at_;
  } else {
    const bool may_happen = outcome == Outcome::info && op.mutates();
    at->state = may_happen ? State::pending : State::gone;
    // What explained a return may be gone with it.
    if (outcome == Outcome::fail && op.mutates()) ++not_looked_at_;
  }
  if (const auto answer = advance(); answer != StreamAnswer::fine) return answer;
  return look_ahead();
}

StreamAnswer FrontierStream::advance() {
  for (;;) {
    const auto oldest = std::find_if(
        tail_.begin(), tail_.end(), [](const TailCall& tail) { return tail.state == State::open; });
    const std::int64_t until = oldest == tail_.end() ? never : oldest->call.start;
    if (until > cut_at_) {
      const auto answer = play(cut_, until, false);
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

void FrontierStream::forget_before(std::int64_t until) {
  std::size_t kept = 0;
  for (TailCall& tail : tail_) {
    if (tail.state == State::gone) continue;
    if (tail.state == State::pending && tail.call.start < until) continue;
    if (tail.state == State::returned && tail.call.end < until) continue;
    tail.started = tail.state == State::returned && tail.call.start < until;
    tail_[kept++] = tail;
  }
  tail_.resize(kept);
}

void FrontierStream::stop_waiting() {
  for (TailCall& tail : tail_) {
    if (tail.state != State::open) continue;
    abandoned_.insert(tail.call.token);
    tail.state = tail.call.op.mutates() ? State::pending : State::gone;
    return;
  }
}

StreamAnswer FrontierStream::play(StreamSearch& search, std::int64_t until, bool ahead) const {
  std::vector<const TailCall*> returns;
  for (const TailCall& tail : tail_) {
    if (tail.state == State::returned && tail.call.end < until) returns.push_back(&tail);
  }
  std::stable_sort(returns.begin(), returns.end(),
                   [](const TailCall* a, const TailCall* b) { return a->call.end < b->call.end; });
  auto next = tail_.begin();
  bool room = true;
  const auto start_until = [&](std::int64_t time) {
    for (; next != tail_.end() && next->call.start < until && next->call.start <= time; ++next) {
      if (next->started || next->state == State::gone) continue;
      if (next->state == State::returned) {
        room = search.start(next->call) && room;
      } else if (next->state == State::pending || (ahead && next->call.op.mutates())) {
        room = search.start_pending(next->call.op) && room;
      }
    }
  };
  for (const TailCall* tail : returns) {
    start_until(tail->call.end);
    if (!room) return StreamAnswer::unknown;
    if (search.complete(tail->call, limits_.search)) continue;
    return search.stopped().empty() ? StreamAnswer::violation : StreamAnswer::unknown;
  }
  start_until(never);
  return room ? StreamAnswer::fine : StreamAnswer::unknown;
}

StreamAnswer FrontierStream::look_ahead() {
  if (tail_.empty() || not_looked_at_ == 0) return StreamAnswer::fine;
  if (tail_.size() > limits_.short_tail && not_looked_at_ * 4 < tail_.size())
    return StreamAnswer::fine;
  not_looked_at_ = 0;
  StreamSearch ahead = cut_;
  const StreamAnswer answer = play(ahead, never, true);
  steps_ahead_ += ahead.steps() - cut_.steps();
  // What there is no room for now may have returned when its turn comes.
  return answer == StreamAnswer::violation ? answer : StreamAnswer::fine;
}

StreamAnswer FrontierStream::finish() {
  StreamSearch ahead = cut_;
  const StreamAnswer answer = play(ahead, never, true);
  if (answer == StreamAnswer::unknown) explain(ahead);
  return answer;
}

void FrontierStream::explain(const StreamSearch& search) {
  reason_ = search.stopped().empty()
                ? "more operations are open at once, or may still take effect, than the search "
                  "can follow"
                : search.stopped();
}

std::uint64_t FrontierStream::bytes() const {
  return sizeof(*this) + cut_.bytes() + tail_.capacity() * sizeof(TailCall) +
         (placed_.size() + abandoned_.size()) * 32;
}

}  // namespace assay
