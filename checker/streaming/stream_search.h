#pragma once
// StreamSearch: the frontier search at one point of a history that grows; copied to look ahead. Its
// reductions are those of linearizability/open_calls.h, as far as they need not know the future.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "checker/linearizability/antichain.h"
#include "checker/linearizability/configuration.h"
#include "checker/linearizability/limits.h"
#include "checker/streaming/stream_model.h"

namespace assay {

/// The model outlives the search.
template <StreamModel M>
class StreamSearch {
 public:
  using Op = typename M::Op;
  using Call = GrowingCall<Op>;
  static constexpr std::size_t words = 8;
  static constexpr std::size_t slots_max = 64 * words;
  static constexpr std::size_t classes_max = 8 * words;

  explicit StreamSearch(const M& model) : model_(&model) {
    Entry first;
    first.state = model.initial();
    frontier_.insert(first, Rule{reads_, guards_});
  }

  /// A call that will be completed. False if there is no room for it.
  bool start(const Call& call) {
    std::size_t slot = 0;
    while (slot < slots_max && taken_.has(slot)) ++slot;
    if (slot == slots_max) return false;
    if (slot >= slots_.size()) {
      slots_.resize(slot + 1);
      shadow_.resize(slot + 1);
    }
    // Of equal open calls the first to return goes first.
    shadow_[slot] = {};
    taken_.each([&](std::size_t other) {
      if (!(slots_[other].op == call.op)) return;
      if (slots_[other].end <= call.end) {
        shadow_[slot].set(other);
      } else {
        shadow_[other].set(slot);
      }
    });
    slots_[slot] = call;
    taken_.set(slot);
    mask_of(call.op).set(slot);
    if (M::effect(call.op) == Effect::read) {
      for (Entry& entry : frontier_.entries()) place_reads(entry);
    }
    return true;
  }

  /// One that will not: it may take effect at any time from here on, or never. False if there is no
  /// room for it.
  bool start_pending(const Op& op) {
    std::size_t free = classes_.size();
    for (std::size_t c = 0; c < classes_.size(); ++c) {
      PendingClass& cls = classes_[c];
      if (cls.available == 0) free = std::min(free, c);
      if (cls.available == 0 || !(cls.op == op)) continue;
      if (cls.available < count_max) {
        ++cls.available;
      } else {
        cls.clipped = true;
      }
      return true;
    }
    if (free == classes_max) return false;
    if (free == classes_.size()) classes_.emplace_back();
    classes_[free] = {op, 1, false};
    guards_[field(free).word] |= field(free).guard();
    return true;
  }

  /// False if nothing explains the return, or if a limit was reached: then stopped() says so.
  /// REQUIRES that it was started.
  bool complete(const Call& call, const SearchLimits& limits) {
    std::size_t slot = 0;
    while (!taken_.has(slot) || slots_[slot].token != call.token ||
           slots_[slot].start != call.start || !(slots_[slot].op == call.op)) {
      ++slot;
    }
    next_.clear();
    explored_.clear();
    missed_clipped_ = false;
    for (auto& level : levels_) level.clear();
    for (const Entry& entry : frontier_.entries()) {
      const std::size_t level = level_of(entry);
      if (level >= levels_.size()) levels_.resize(level + 1);
      levels_[level].push_back(entry);
    }
    came_in_.clear();
    for (const auto& level : levels_) came_in_.push_back(level.size());
    for (std::size_t level = 0; level < levels_.size(); ++level) {
      for (std::size_t i = 0; i < levels_[level].size(); ++i) {
        if (limit_reached(limits)) return false;
        const Entry entry = levels_[level][i];
        if (entry.done.has(slot)) {
          settle(entry, slot);
          continue;
        }
        // An entry reached with this call free is the same as one that places it now and goes on.
        if (entry.free.has(slot) && level < came_in_.size() && i < came_in_[level]) {
          settle(entry, slot);
        }
        expand(entry, slot, level);
      }
    }
    std::swap(frontier_, next_);
    taken_.clear(slot);
    mask_of(call.op).clear(slot);
    taken_.each([&](std::size_t other) { shadow_[other].clear(slot); });
    if (frontier_.empty() && missed_clipped_) {
      stopped_ = "more than 127 equal indeterminate operations may still take effect";
    }
    return !frontier_.empty();
  }

  /// Why it must give up; empty: it need not.
  const std::string& stopped() const { return stopped_; }
  std::uint64_t steps() const { return steps_; }
  std::uint64_t bytes() const { return frontier_.bytes() + next_.bytes() + explored_.bytes(); }

  /// Counts each pending call that every configuration has used as gone.
  void forget_used() {
    for (std::size_t c = 0; c < classes_.size(); ++c) {
      PendingClass& cls = classes_[c];
      if (cls.available == 0) continue;
      std::uint64_t least = cls.available;
      for (const Entry& entry : frontier_.entries()) least = std::min(least, entry.count(field(c)));
      if (least == 0) continue;
      for (Entry& entry : frontier_.entries()) {
        entry.used[field(c).word] -= least << field(c).shift;
      }
      cls.available -= least;
      if (cls.available == 0) guards_[field(c).word] &= ~field(c).guard();
    }
  }

  /// The state, if it is certain and no pending call can change it any more.
  const typename M::State* certain() const {
    if (frontier_.size() != 1 || !taken_.none()) return nullptr;
    for (const PendingClass& cls : classes_) {
      if (cls.available != 0) return nullptr;
    }
    return &frontier_.entries().front().state;
  }

  /// All states that explain what was seen.
  template <class Visit>
  void each_state(Visit visit) {
    for (Entry& entry : frontier_.entries()) visit(entry.state);
  }

 private:
  using Entry = Configuration<typename M::State, words>;
  using Rule = ConfigurationRule<M, words>;
  using Set = Antichain<Entry, Rule>;
  using Slots = Mask<words>;
  /// The guard bit of a counter stays free.
  static constexpr std::uint64_t count_max = 127;

  struct PendingClass {
    Op op;
    std::uint64_t available = 0;  ///< 0: free
    bool clipped = false;         ///< there are more than can be counted
  };

  static CounterField field(std::size_t cls) {
    return {static_cast<std::uint32_t>(cls / 8), static_cast<std::uint32_t>(cls % 8 * 8), 8};
  }

  Slots& mask_of(const Op& op) {
    switch (M::effect(op)) {
      case Effect::read:
        return reads_;
      case Effect::overwrite:
        return overwrites_;
      case Effect::blind:
        return blinds_;
      case Effect::update:
        break;
    }
    return updates_;
  }

  void place_reads(Entry& entry) const {
    (reads_ - entry.done).each([&](std::size_t slot) {
      if (model_->allows(entry.state, slots_[slot].op)) entry.done.set(slot);
    });
  }

  std::size_t level_of(const Entry& entry) const {
    std::size_t used = 0;
    for (std::size_t c = 0; c < classes_.size(); ++c) used += entry.count(field(c));
    return used;
  }

  /// The returning call is placed: the entry survives.
  void settle(Entry entry, std::size_t slot) {
    entry.done.clear(slot);
    entry.free.clear(slot);
    Slots reads = reads_;
    reads.clear(slot);
    next_.insert(entry, Rule{reads, guards_});
  }

  void reach(Entry entry, std::size_t slot, std::size_t level) {
    place_reads(entry);
    if (entry.done.has(slot)) {
      settle(std::move(entry), slot);
      return;
    }
    if (!explored_.insert(entry, Rule{reads_, guards_})) return;
    if (level >= levels_.size()) levels_.resize(level + 1);
    levels_[level].push_back(std::move(entry));
  }

  /// May the call in `slot` go next, as far as equal calls are concerned? See OpenCalls::leads.
  bool leads(const Entry& entry, std::size_t slot) const {
    return (shadow_[slot] - entry.done - (entry.free & blinds_)).none();
  }

  void expand(const Entry& entry, std::size_t slot, std::size_t level) {
    const auto place = [&](std::size_t other) {
      const Op& op = slots_[other].op;
      if (!model_->allows(entry.state, op)) return;
      Entry next = entry;
      next.state = model_->after(entry.state, op);
      next.done.set(other);
      next.free.clear(other);
      if (overwrites_.has(other)) next.free = (overwrites_ | blinds_) - next.done;
      reach(std::move(next), slot, level);
    };
    if (!reads_.has(slot) && leads(entry, slot)) place(slot);
    const Slots mutations = (updates_ | overwrites_ | blinds_) - entry.done;
    mutations.each([&](std::size_t other) {
      if (other == slot || !leads(entry, other)) return;
      if (overwrites_.has(other) && !is_visible(entry, slots_[other].op)) return;
      place(other);
    });
    for (std::size_t c = 0; c < classes_.size(); ++c) {
      const PendingClass& cls = classes_[c];
      if (entry.count(field(c)) >= cls.available) {
        missed_clipped_ = missed_clipped_ || cls.clipped;
        continue;
      }
      if (!model_->allows(entry.state, cls.op)) continue;
      bool twin_goes_first = false;
      mutations.each([&](std::size_t other) {
        twin_goes_first = twin_goes_first || slots_[other].op == cls.op;
      });
      if (twin_goes_first) continue;
      const bool overwrites = M::effect(cls.op) == Effect::overwrite;
      if (overwrites && !is_visible(entry, cls.op)) continue;
      Entry next = entry;
      next.state = model_->after(entry.state, cls.op);
      // Even one that leaves the state as it is makes open overwrites free.
      if (!overwrites && next.state == entry.state) continue;
      next.used[field(c).word] += std::uint64_t{1} << field(c).shift;
      if (overwrites) next.free = (overwrites_ | blinds_) - next.done;
      reach(std::move(next), slot, level + 1);
    }
  }

  /// Can something open tell that the overwrite `op` came next?
  bool is_visible(const Entry& entry, const Op& op) const {
    const auto state = model_->after(entry.state, op);
    bool visible = false;
    ((reads_ | updates_ | blinds_) - entry.done).each([&](std::size_t slot) {
      visible = visible || model_->allows(state, slots_[slot].op);
    });
    for (std::size_t c = 0; c < classes_.size() && !visible; ++c) {
      const PendingClass& cls = classes_[c];
      visible = M::effect(cls.op) != Effect::overwrite && entry.count(field(c)) < cls.available &&
                model_->allows(state, cls.op);
    }
    return visible;
  }

  bool limit_reached(const SearchLimits& limits) {
    ++steps_;
    if (limits.steps != 0 && steps_ > limits.steps) {
      stopped_ = "the search took too many steps";
    } else if ((steps_ & 1023U) == 0) {
      stopped_ = limits.exceeded(bytes());
    }
    return !stopped_.empty();
  }

  const M* model_;
  Set frontier_;
  Set next_;
  Set explored_;
  std::vector<std::vector<Entry>> levels_;
  std::vector<std::size_t> came_in_;
  std::vector<Call> slots_;    ///< by slot
  std::vector<Slots> shadow_;  ///< by slot: equal open calls that go first
  Slots taken_, reads_, updates_, blinds_, overwrites_;
  std::vector<PendingClass> classes_;
  std::array<std::uint64_t, words> guards_{};
  bool missed_clipped_ = false;  ///< one of those might have helped
  std::uint64_t steps_ = 0;
  std::string stopped_;
};

}  // namespace assay
