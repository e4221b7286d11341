#pragma once
// The frontier search: decides linearizability against any sequential specification. It walks the
// starts and returns of the calls in time order and keeps the set of all configurations that
// explain everything returned so far; a call is put into the order only when a return forces it.
// When no configuration survives a return, that return ends the longest linearizable prefix.
//
// Source: Lowe, "Testing for linearizability", 2017 (just-in-time linearization), here breadth
// first, with these reductions:
// - a read that the state allows is placed at once: it changes nothing for anybody else;
// - an overwrite right before another overwrite is invisible, so one that is still open when
//   another is placed counts as `free`: it may return without being placed. Overwrites are placed
//   only if something open can tell, or if they are returning;
// - equal pending calls are counted, not distinguished; of equal open calls the first to return
//   goes first; configurations with more pending calls used than needed are dropped while the
//   search goes on, fewest first.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "checker/linearizability/antichain.h"
#include "checker/linearizability/configuration.h"
#include "checker/linearizability/limits.h"
#include "checker/linearizability/open_calls.h"
#include "checker/linearizability/schedule.h"
#include "checker/linearizability/search.h"
#include "checker/linearizability/trail.h"

namespace assay {

/// Which calls are overwrites, for the Trail.
template <SequentialModel M>
std::vector<bool> overwrites_of(std::span<const Call<typename M::Op>> calls) {
  std::vector<bool> result(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    result[i] = M::effect(calls[i].op) == Effect::overwrite;
  }
  return result;
}

/// W: words for the slots, and as many for the counters.
template <SequentialModel M, std::size_t W>
class Frontier {
 public:
  using Op = typename M::Op;

  /// `calls` sorted by start; they and the schedule outlive the search.
  Frontier(const M& model, std::span<const Call<Op>> calls, const Schedule& schedule,
           const SearchLimits& limits, bool want_order)
      : model_(model),
        calls_(calls),
        schedule_(schedule),
        limits_(limits),
        want_order_(want_order),
        trail_(want_order ? overwrites_of<M>(calls) : std::vector<bool>{}),
        open_(model, calls, schedule) {}

  SearchResult run() {
    Entry first;
    first.state = model_.initial();
    frontier_.insert(first, Rule{open_.reads(), open_.guards()});
    std::size_t next_start = 0;
    for (std::size_t next_return = 0; next_return < schedule_.returns.size(); ++next_return) {
      const std::uint32_t returning = schedule_.returns[next_return];
      for (; next_start < schedule_.starts.size(); ++next_start) {
        const std::uint32_t starting = schedule_.starts[next_start];
        if (calls_[starting].start > calls_[returning].end) break;
        on_start(starting);
      }
      if (!on_return(returning)) return stopped(returning, next_return);
    }
    SearchResult result;
    result.answer = SearchAnswer::linearizable;
    result.configurations = steps_;
    result.calls_explained = schedule_.returns.size();
    if (want_order_) result.order = trail_.finish(frontier_.entries().front().trail);
    return result;
  }

 private:
  using Entry = Configuration<typename M::State, W>;
  using Rule = ConfigurationRule<M, W>;
  using Set = Antichain<Entry, Rule>;

  void on_start(std::uint32_t call) {
    open_.start(call);
    if (calls_[call].pending()) return;
    const Effect effect = M::effect(calls_[call].op);
    if (effect != Effect::read && effect != Effect::blind) return;
    for (Entry& entry : frontier_.entries()) place_reads(entry);
  }

  void place_in_trail(Entry& entry, std::uint32_t call) {
    if (want_order_) entry.trail = trail_.place(entry.trail, call);
  }
  void place_reads(Entry& entry) {
    open_.place_reads(entry, [&](std::uint32_t call) { place_in_trail(entry, call); });
  }

  /// False if no configuration survives, or if a limit was reached (then reason_ says which).
  bool on_return(std::uint32_t call) {
    const std::uint32_t slot = schedule_.place[call];
    begin_return(call);
    for (Entry& entry : frontier_.entries()) {
      if (open_.is_doomed(entry)) continue;
      for (std::size_t i = 0; i < W; ++i) entry.used[i] &= ~retired_[i];
      const std::size_t level = open_.pending_used(entry);
      if (level >= levels_.size()) levels_.resize(level + 1);
      levels_[level].push_back(entry);
    }
    came_in_.clear();
    for (const auto& level : levels_) came_in_.push_back(level.size());
    const std::uint64_t steps_before = steps_;
    for (std::size_t level = 0; level < levels_.size(); ++level) {
      for (std::size_t i = 0; i < levels_[level].size(); ++i) {
        if (limit_reached()) return false;
        if (enough(steps_ - steps_before)) break;
        const Entry entry = levels_[level][i];
        if (entry.done.has(slot)) {
          settle(entry, slot);
          continue;
        }
        // An entry that the closure reached with this call free is the same as one that places
        // the call now and goes on later, so only those that came in with it return for free.
        if (entry.free.has(slot) && level < came_in_.size() && i < came_in_[level]) {
          Entry returned = entry;
          if (want_order_) {
            returned.trail = open_.is_hidden(entry) ? trail_.place(entry.trail, call)
                                                    : trail_.absorb(entry.trail, call);
          }
          settle(returned, slot);
        }
        expand(entry, slot, level);
      }
    }
    for (auto& level : levels_) level.clear();
    std::swap(frontier_, next_);
    open_.finish(call);
    return !frontier_.empty();
  }

  /// Does the beam end here?
  bool enough(std::uint64_t steps) {
    if (limits_.beam == 0 || next_.empty()) return false;
    const bool full = next_.size() >= limits_.beam || steps > 16 * limits_.beam;
    narrowed_ = narrowed_ || full;
    return full;
  }

  void begin_return(std::uint32_t call) {
    next_.clear();
    explored_.clear();
    now_ = calls_[call].end;
    open_.set_time(now_);
    retired_ = {};
    gone_.clear();
    for (const std::uint32_t c : open_.classes()) {
      if (schedule_.classes[c].useful_until < now_) gone_.push_back(c);
    }
    for (const std::uint32_t c : gone_) {
      const CounterField& field = schedule_.classes[c].field;
      retired_[field.word] |= field.mask();
      open_.deactivate(c);
    }
    if (trail_.is_large()) {
      std::vector<Trail::Node*> tips;
      for (Entry& entry : frontier_.entries()) tips.push_back(&entry.trail);
      trail_.collect(tips);
    }
  }

  /// The returning call is placed: the entry survives.
  void settle(Entry entry, std::size_t slot) {
    entry.state = model_.settled(entry.state, now_);
    open_.hide(entry);
    entry.done.clear(slot);
    entry.free.clear(slot);
    Mask<W> reads = open_.reads();
    reads.clear(slot);
    next_.insert(entry, Rule{reads, open_.guards()});
  }

  void reach(Entry entry, std::size_t slot, std::size_t level) {
    place_reads(entry);
    if (entry.done.has(slot)) {
      settle(std::move(entry), slot);
      return;
    }
    if (open_.is_doomed(entry)) return;
    if (!explored_.insert(entry, Rule{open_.reads(), open_.guards()})) return;
    if (level >= levels_.size()) levels_.resize(level + 1);
    levels_[level].push_back(std::move(entry));
  }

  void expand(const Entry& entry, std::size_t slot, std::size_t level) {
    const auto place = [&](std::size_t other) {
      auto after = open_.after(entry, other);
      if (!after.has_value()) return;
      place_in_trail(*after, open_.call_in(other));
      const auto relieved = open_.relieved(entry, other);
      if (want_order_ && relieved.has_value()) {
        after->trail = trail_.lend(after->trail, open_.call_in(*relieved));
      }
      reach(*std::move(after), slot, level);
    };
    if (!open_.reads().has(slot) && open_.leads(entry, slot)) place(slot);
    (open_.mutations() - entry.done).each([&](std::size_t other) {
      if (other == slot || open_.can_wait(entry, other) || !open_.leads(entry, other)) return;
      if (open_.overwrites().has(other) && !open_.is_visible(entry, open_.op_in(other))) return;
      place(other);
    });
    for (const std::uint32_t c : open_.classes()) {
      std::uint32_t call = 0;
      auto after = open_.after_pending(entry, c, call);
      if (!after.has_value()) continue;
      place_in_trail(*after, call);
      reach(*std::move(after), slot, level + 1);
    }
  }

  bool limit_reached() {
    ++steps_;
    if (limits_.steps != 0 && steps_ > limits_.steps) {
      reason_ = "the search took too many steps";
      return true;
    }
    if ((steps_ & 1023U) != 0) return false;
    const std::uint64_t bytes =
        trail_.bytes() + frontier_.bytes() + next_.bytes() + 2 * explored_.bytes();
    reason_ = limits_.exceeded(bytes);
    return !reason_.empty();
  }

  SearchResult stopped(std::uint32_t call, std::size_t calls_explained) {
    SearchResult result;
    if (narrowed_ && reason_.empty()) reason_ = "the search took too many steps";
    result.answer = reason_.empty() ? SearchAnswer::not_linearizable : SearchAnswer::undecided;
    result.failed_call = call;
    result.calls_explained = calls_explained;
    result.reason = reason_;
    result.configurations = steps_;
    return result;
  }

  const M& model_;
  std::span<const Call<Op>> calls_;
  const Schedule& schedule_;
  SearchLimits limits_;
  bool want_order_;
  Trail trail_;
  OpenCalls<M, W> open_;

  Set frontier_;
  Set next_;
  Set explored_;
  std::vector<std::vector<Entry>> levels_;  ///< entries to expand, by pending calls used
  std::vector<std::size_t> came_in_;        ///< by level: how many of them are from frontier_
  std::vector<std::uint32_t> gone_;         ///< classes that retire at this return
  std::array<std::uint64_t, W> retired_{};
  std::int64_t now_ = 0;
  std::uint64_t steps_ = 0;
  bool narrowed_ = false;  ///< configurations were dropped for the beam
  std::string reason_;
};

}  // namespace assay
