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

#include "checker/linearizability/limits.h"
#include "checker/linearizability/schedule.h"
#include "checker/linearizability/search.h"
#include "checker/linearizability/trail.h"

namespace assay {

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
        trail_(want_order ? overwrites_of(calls) : std::vector<bool>{}),
        slots_(schedule.slots),
        shadow_(schedule.slots),
        class_shadow_(schedule.classes.size()),
        available_(schedule.classes.size(), 0) {}

  SearchResult run() {
    Entry first;
    first.state = model_.initial();
    frontier_.insert(first, M::hash(first.state), reads_, guards_);
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
  using Set = ConfigurationSet<typename M::State, W>;

  static std::vector<bool> overwrites_of(std::span<const Call<Op>> calls) {
    std::vector<bool> result(calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i) {
      result[i] = M::effect(calls[i].op) == Effect::overwrite;
    }
    return result;
  }

  const Op& op_in(std::size_t slot) const { return calls_[slots_[slot]].op; }

  void place_in_trail(Entry& entry, std::uint32_t call) {
    if (want_order_) entry.trail = trail_.place(entry.trail, call);
  }

  void on_start(std::uint32_t call) {
    const Op& op = calls_[call].op;
    if (calls_[call].pending()) {
      const std::uint32_t c = schedule_.place[call];
      if (available_[c]++ != 0) return;
      active_.push_back(c);
      const CounterField& field = schedule_.classes[c].field;
      guards_[field.word] |= field.guard();
      return;
    }
    const std::uint32_t slot = schedule_.place[call];
    slots_[slot] = call;
    shadow_[slot] = {};
    (reads_ | updates_ | overwrites_).each([&](std::size_t other) {
      if (!(op_in(other) == op)) return;
      if (calls_[slots_[other]].end <= calls_[call].end) {
        shadow_[slot].set(other);
      } else {
        shadow_[other].set(slot);
      }
    });
    if (schedule_.twin[call] != Schedule::no_class) {
      class_shadow_[schedule_.twin[call]].set(slot);
    }
    switch (M::effect(op)) {
      case Effect::read:
        reads_.set(slot);
        for (Entry& entry : frontier_.entries()) place_reads(entry);
        break;
      case Effect::overwrite:
        overwrites_.set(slot);
        break;
      case Effect::update:
        updates_.set(slot);
        break;
    }
  }

  /// Places every open read that the entry's state allows.
  void place_reads(Entry& entry) {
    (reads_ - entry.done).each([&](std::size_t slot) {
      if (!model_.step(entry.state, op_in(slot)).has_value()) return;
      entry.done.set(slot);
      place_in_trail(entry, slots_[slot]);
    });
  }

  /// False if no configuration survives, or if a limit was reached (then reason_ says which).
  bool on_return(std::uint32_t call) {
    const std::uint32_t slot = schedule_.place[call];
    begin_return(call);
    for (Entry& entry : frontier_.entries()) {
      for (std::size_t i = 0; i < W; ++i) entry.used[i] &= ~retired_[i];
      const std::size_t level = level_of(entry);
      if (level >= levels_.size()) levels_.resize(level + 1);
      levels_[level].push_back(entry);
    }
    came_in_.clear();
    for (const auto& level : levels_) came_in_.push_back(level.size());
    for (std::size_t level = 0; level < levels_.size(); ++level) {
      for (std::size_t i = 0; i < levels_[level].size(); ++i) {
        if ((++steps_ & 1023U) == 0 && limit_reached()) return false;
        const Entry entry = levels_[level][i];
        if (entry.done.has(slot)) {
          settle(entry, slot);
          continue;
        }
        // An entry that the closure reached with this call free is the same as one that places
        // the call now and goes on later, so only those that came in with it return for free.
        if (entry.free.has(slot) && level < came_in_.size() && i < came_in_[level]) {
          Entry returned = entry;
          if (want_order_) returned.trail = trail_.absorb(entry.trail, call);
          settle(returned, slot);
        }
        expand(entry, slot, level);
      }
    }
    for (auto& level : levels_) level.clear();
    std::swap(frontier_, next_);
    end_return(call);
    return !frontier_.empty();
  }

  void begin_return(std::uint32_t call) {
    next_.clear();
    explored_.clear();
    now_ = calls_[call].end;
    retired_ = {};
    for (std::size_t i = 0; i < active_.size();) {
      const PendingClass& cls = schedule_.classes[active_[i]];
      if (cls.useful_until >= now_) {
        ++i;
        continue;
      }
      retired_[cls.field.word] |= cls.field.mask();
      guards_[cls.field.word] &= ~cls.field.guard();
      active_[i] = active_.back();
      active_.pop_back();
    }
    if (trail_.is_large()) {
      std::vector<Trail::Node*> tips;
      for (Entry& entry : frontier_.entries()) tips.push_back(&entry.trail);
      trail_.collect(tips);
    }
  }

  void end_return(std::uint32_t call) {
    const std::uint32_t slot = schedule_.place[call];
    reads_.clear(slot);
    updates_.clear(slot);
    overwrites_.clear(slot);
    (reads_ | updates_ | overwrites_).each([&](std::size_t other) { shadow_[other].clear(slot); });
    if (schedule_.twin[call] != Schedule::no_class) {
      class_shadow_[schedule_.twin[call]].clear(slot);
    }
  }

  std::size_t level_of(const Entry& entry) const {
    std::size_t used = 0;
    for (const std::uint32_t c : active_) used += entry.count(schedule_.classes[c].field);
    return used;
  }

  /// The returning call is placed: the entry survives.
  void settle(Entry entry, std::size_t slot) {
    entry.done.clear(slot);
    entry.free.clear(slot);
    entry.state = model_.settled(entry.state, now_);
    Mask<W> reads = reads_;
    reads.clear(slot);
    next_.insert(entry, M::hash(entry.state), reads, guards_);
  }

  void reach(const Entry& entry, std::size_t slot, std::size_t level) {
    if (entry.done.has(slot)) {
      settle(entry, slot);
      return;
    }
    if (!explored_.insert(entry, M::hash(entry.state), reads_, guards_)) return;
    if (level >= levels_.size()) levels_.resize(level + 1);
    levels_[level].push_back(entry);
  }

  void expand(const Entry& entry, std::size_t slot, std::size_t level) {
    if (!reads_.has(slot) && (shadow_[slot] - entry.done).none()) {
      if (auto after = placed(entry, slot)) settle(*after, slot);
    }
    ((updates_ | overwrites_) - entry.done).each([&](std::size_t other) {
      if (other == slot || !(shadow_[other] - entry.done).none()) return;
      if (overwrites_.has(other) && !is_visible(entry, op_in(other))) return;
      if (auto after = placed(entry, other)) reach(*after, slot, level);
    });
    for (const std::uint32_t c : active_) {
      const PendingClass& cls = schedule_.classes[c];
      const std::uint64_t used = entry.count(cls.field);
      if (used >= available_[c] || !(class_shadow_[c] - entry.done).none()) continue;
      const Op& op = calls_[cls.representative].op;
      const auto state = model_.step(entry.state, op);
      if (!state.has_value()) continue;
      if (M::effect(op) == Effect::overwrite && !is_visible(entry, op)) continue;
      Entry after = entry;
      after.used[cls.field.word] += std::uint64_t{1} << cls.field.shift;
      after.state = *state;
      if (M::effect(op) == Effect::overwrite) after.free = overwrites_ - after.done;
      place_in_trail(after, cls.members[used]);
      place_reads(after);
      reach(after, slot, level + 1);
    }
  }

  /// The entry with the call in `slot` placed next, if the state allows it.
  std::optional<Entry> placed(const Entry& entry, std::size_t slot) {
    const Op& op = op_in(slot);
    const auto state = model_.step(entry.state, op);
    if (!state.has_value()) return std::nullopt;
    Entry after = entry;
    after.state = *state;
    after.done.set(slot);
    after.free.clear(slot);
    if (overwrites_.has(slot)) after.free = overwrites_ - after.done;
    place_in_trail(after, slots_[slot]);
    place_reads(after);
    return after;
  }

  /// Can something open tell that the overwrite `op` came next?
  bool is_visible(const Entry& entry, const Op& op) const {
    const auto state = model_.step(entry.state, op);
    bool visible = false;
    ((reads_ | updates_) - entry.done).each([&](std::size_t slot) {
      visible = visible || model_.step(*state, op_in(slot)).has_value();
    });
    for (std::size_t i = 0; i < active_.size() && !visible; ++i) {
      const PendingClass& cls = schedule_.classes[active_[i]];
      const Op& other = calls_[cls.representative].op;
      visible = M::effect(other) == Effect::update &&
                entry.count(cls.field) < available_[active_[i]] &&
                model_.step(*state, other).has_value();
    }
    return visible;
  }

  bool limit_reached() {
    if (limits_.time_is_up()) {
      reason_ = "the time ran out";
      return true;
    }
    const std::uint64_t bytes =
        trail_.bytes() + frontier_.bytes() + next_.bytes() + 2 * explored_.bytes();
    if (limits_.memory_bytes != 0 && bytes > limits_.memory_bytes) {
      reason_ = "the memory limit was reached";
      return true;
    }
    return false;
  }

  SearchResult stopped(std::uint32_t call, std::size_t calls_explained) {
    SearchResult result;
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

  Set frontier_;
  Set next_;
  Set explored_;
  std::vector<std::vector<Entry>> levels_;  ///< entries to expand, by pending calls used
  std::vector<std::size_t> came_in_;        ///< by level: how many of them are from frontier_

  std::vector<std::uint32_t> slots_;      ///< by slot: the open call
  Mask<W> reads_, updates_, overwrites_;  ///< slots of the open calls, by effect
  std::vector<Mask<W>> shadow_;           ///< by slot: equal open calls that go first
  std::vector<Mask<W>> class_shadow_;     ///< by class: equal open calls that go first
  std::vector<std::uint32_t> available_;  ///< by class: how many have started
  std::vector<std::uint32_t> active_;     ///< classes that started and can still matter
  std::array<std::uint64_t, W> guards_{};
  std::array<std::uint64_t, W> retired_{};
  std::int64_t now_ = 0;
  std::uint64_t steps_ = 0;
  std::string reason_;
};

/// Decides whether `calls` (sorted by start) are linearizable. Worst case exponential in the number
/// of calls open at once. With `want_order`, a linearization in SearchResult::order.
template <SequentialModel M>
SearchResult search_frontier(const M& model, std::span<const Call<typename M::Op>> calls,
                             const SearchLimits& limits, bool want_order) {
  const Schedule schedule = make_schedule(model, calls);
  const std::size_t words = std::max((schedule.slots + 63) / 64, schedule.counter_words);
  if (words <= 1) return Frontier<M, 1>(model, calls, schedule, limits, want_order).run();
  if (words <= 2) return Frontier<M, 2>(model, calls, schedule, limits, want_order).run();
  if (words <= 4) return Frontier<M, 4>(model, calls, schedule, limits, want_order).run();
  if (words <= 16) return Frontier<M, 16>(model, calls, schedule, limits, want_order).run();
  SearchResult result;
  result.answer = SearchAnswer::undecided;
  result.reason = "more operations are open at once than the search can follow (1024)";
  return result;
}

}  // namespace assay
