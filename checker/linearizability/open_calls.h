#pragma once
// OpenCalls: which calls are open at one point of a search that walks through the starts and
// returns of a history, and what a configuration can do next there. Both searches use it: the
// frontier goes forward only, the descent also back.
//
// It holds the reductions that make the searches fast (see frontier.h for why they are right):
// a read that the state allows is placed at once; an overwrite that nobody can tell is not placed;
// of equal open calls the first to return goes first; equal pending calls are counted.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "checker/linearizability/configuration.h"
#include "checker/linearizability/schedule.h"
#include "checker/models/model.h"

namespace assay {

template <SequentialModel M, std::size_t W>
class OpenCalls {
 public:
  using Op = typename M::Op;
  using Entry = Configuration<typename M::State, W>;

  OpenCalls(const M& model, std::span<const Call<Op>> calls, const Schedule& schedule)
      : model_(model),
        calls_(calls),
        schedule_(schedule),
        slots_(schedule.slots),
        shadow_(schedule.slots),
        class_shadow_(schedule.classes.size()),
        available_(schedule.classes.size(), 0) {
    find_last_sources();
    find_horizons();
  }

  const Mask<W>& reads() const { return reads_; }
  const Mask<W>& overwrites() const { return overwrites_; }
  Mask<W> mutations() const { return updates_ | overwrites_ | blinds_; }
  const std::array<std::uint64_t, W>& guards() const { return guards_; }
  const std::vector<std::uint32_t>& classes() const { return active_; }
  std::uint32_t call_in(std::size_t slot) const { return slots_[slot]; }
  const Op& op_in(std::size_t slot) const { return calls_[slots_[slot]].op; }

  /// The end of the next return: everything that starts until then has been started.
  void set_time(std::int64_t now) { now_ = now; }
  void start(std::uint32_t call) {
    if (calls_[call].pending()) {
      const std::uint32_t c = schedule_.place[call];
      if (available_[c]++ == 0) enlist(c);
      return;
    }
    open(call);
    if (M::effect(calls_[call].op) == Effect::read) look_ahead(++reads_started_);
  }
  void undo_start(std::uint32_t call) {
    if (calls_[call].pending()) {
      const std::uint32_t c = schedule_.place[call];
      if (--available_[c] == 0) deactivate(c);
      return;
    }
    close(call);
    if (M::effect(calls_[call].op) == Effect::read) look_ahead(--reads_started_);
  }
  void finish(std::uint32_t call) { close(call); }
  void undo_finish(std::uint32_t call) { open(call); }

  /// The class cannot matter any more; its counter must be cleared from all configurations.
  void deactivate(std::uint32_t c) {
    for (std::size_t i = 0; i < active_.size(); ++i) {
      if (active_[i] != c) continue;
      guards_[schedule_.classes[c].field.word] &= ~schedule_.classes[c].field.guard();
      active_.erase(active_.begin() + static_cast<std::ptrdiff_t>(i));
      return;
    }
  }
  /// Undoes that.
  void reactivate(std::uint32_t c) {
    if (available_[c] != 0) enlist(c);
  }

  /// Places every open read that the entry's state allows; tells `placed` each call.
  template <class Placed>
  void place_reads(Entry& entry, Placed placed) const {
    (reads_ - entry.done).each([&](std::size_t slot) {
      if (!model_.step(entry.state, op_in(slot)).has_value()) return;
      entry.done.set(slot);
      placed(slots_[slot]);
    });
    hide(entry);
  }

  /// Once no read can tell the state any more, it does not matter, and open blind calls may be put
  /// in without visible effect.
  void hide(Entry& entry) const {
    if constexpr (HidingModel<M>) {
      if (is_live(entry, entry.state)) return;
      entry.state = model_.hidden();
      entry.free = entry.free | (blinds_ - entry.done);
    }
  }

  /// Can an open or a later read tell this state, or what blind calls make of it? If later reads do
  /// so before the next overwrite, the first of them starts before any later read returns, because
  /// it comes before all of these.
  bool is_live(const Entry& entry, const typename M::State& state) const {
    if constexpr (HidingModel<M>) {
      if (state == model_.hidden()) return false;
      bool live = std::any_of(upcoming_.begin(), upcoming_.end(), [&](std::uint32_t read) {
        return model_.may_lead_to(state, calls_[read].op);
      });
      if (live) return true;
      (reads_ - entry.done).each([&](std::size_t slot) {
        live = live || model_.may_lead_to(state, op_in(slot));
      });
      return live;
    }
    return true;
  }

  /// Is there an open read that the entry can never explain? That is, nothing leads to it from the
  /// present state, nor from an overwrite that is open or starts before the read returns.
  bool is_doomed(const Entry& entry) const {
    bool doomed = false;
    if constexpr (HidingModel<M>) {
      (reads_ - entry.done).each([&](std::size_t slot) {
        doomed = doomed || !may_explain(entry, slots_[slot]);
      });
    }
    return doomed;
  }

  /// Need the blind call in `slot`, which does not return yet, not be placed next? What no read can
  /// tell afterwards is as well placed when it returns: until then the present state can do all
  /// that the hidden one could.
  bool can_wait(const Entry& entry, std::size_t slot) const {
    if constexpr (HidingModel<M>) {
      return blinds_.has(slot) && !is_live(entry, *model_.step(entry.state, op_in(slot)));
    }
    return false;
  }
  /// Nobody can tell any more where a blind call takes effect.
  bool is_hidden(const Entry& entry) const {
    if constexpr (HidingModel<M>) return entry.state == model_.hidden();
    return false;
  }

  /// May the call in `slot` go next, as far as equal calls are concerned?
  bool leads(const Entry& entry, std::size_t slot) const {
    return (shadow_[slot] - entry.done).none();
  }

  /// The call in `slot` is placed next although it is free: then of the equal blind calls that are
  /// not, the first to return becomes so. Where equal calls took effect is a matching between them
  /// and places in the order. There is one that has all places and all calls that are not free
  /// exactly if there is one of all places and one of all such calls (Mendelsohn and Dulmage, "Some
  /// generalizations of the problem of distinct representatives", 1958), and for each of these
  /// alone it is best to take the first to return.
  std::optional<std::size_t> relieved(const Entry& entry, std::size_t slot) const {
    if (!blinds_.has(slot) || !entry.free.has(slot)) return std::nullopt;
    std::optional<std::size_t> first;
    (blinds_ - entry.done - entry.free).each([&](std::size_t other) {
      if (!(op_in(other) == op_in(slot))) return;
      if (!first.has_value() || returns_first(slots_[other], slots_[*first])) first = other;
    });
    return first;
  }

  /// The entry with the call in `slot` placed next, if the state allows it. Its reads are not
  /// placed yet.
  std::optional<Entry> after(const Entry& entry, std::size_t slot) const {
    auto state = model_.step(entry.state, op_in(slot));
    if (!state.has_value()) return std::nullopt;
    Entry next = entry;
    next.state = *std::move(state);
    next.done.set(slot);
    next.free.clear(slot);
    if (const auto other = relieved(entry, slot)) next.free.set(*other);
    if (overwrites_.has(slot)) next.free = (overwrites_ | blinds_) - next.done;
    return next;
  }

  /// The entry with the first unused call of the pending class `c` placed next, if there is one
  /// and it can make a difference. `call`: which.
  std::optional<Entry> after_pending(const Entry& entry, std::uint32_t c,
                                     std::uint32_t& call) const {
    const PendingClass& cls = schedule_.classes[c];
    const std::uint64_t used = entry.count(cls.field);
    if (used >= available_[c] || !(class_shadow_[c] - entry.done).none()) return std::nullopt;
    const Op& op = calls_[cls.representative].op;
    auto state = model_.step(entry.state, op);
    if (!state.has_value()) return std::nullopt;
    const bool overwrites = M::effect(op) == Effect::overwrite;
    // Even one that leaves the state as it is makes open overwrites free.
    if (!overwrites && *state == entry.state) return std::nullopt;
    if (overwrites && !is_visible(entry, op)) return std::nullopt;
    if (!overwrites && !is_live(entry, *state)) return std::nullopt;
    Entry next = entry;
    next.used[cls.field.word] += std::uint64_t{1} << cls.field.shift;
    next.state = *std::move(state);
    if (overwrites) next.free = (overwrites_ | blinds_) - next.done;
    call = cls.members[used];
    return next;
  }

  /// Can something open tell that the overwrite `op` came next?
  bool is_visible(const Entry& entry, const Op& op) const {
    const auto state = model_.step(entry.state, op);
    bool visible = false;
    ((reads_ | updates_ | blinds_) - entry.done).each([&](std::size_t slot) {
      visible = visible || tells(entry, *state, op_in(slot));
    });
    for (std::size_t i = 0; i < active_.size() && !visible; ++i) {
      const PendingClass& cls = schedule_.classes[active_[i]];
      const Op& other = calls_[cls.representative].op;
      visible = M::effect(other) != Effect::overwrite &&
                entry.count(cls.field) < available_[active_[i]] && tells(entry, *state, other);
    }
    return visible;
  }

  std::size_t pending_used(const Entry& entry) const {
    std::size_t used = 0;
    for (const std::uint32_t c : active_) used += entry.count(schedule_.classes[c].field);
    return used;
  }

 private:
  bool may_explain(const Entry& entry, std::uint32_t call) const {
    const Op& read = calls_[call].op;
    bool possible = last_source_[call] > now_ || model_.may_lead_to(entry.state, read);
    const auto try_overwrite = [&](const Op& op) {
      possible = possible || model_.may_lead_to(*model_.step(entry.state, op), read);
    };
    (overwrites_ - entry.done).each([&](std::size_t slot) { try_overwrite(op_in(slot)); });
    for (std::size_t i = 0; i < active_.size() && !possible; ++i) {
      const PendingClass& cls = schedule_.classes[active_[i]];
      const Op& op = calls_[cls.representative].op;
      if (M::effect(op) != Effect::overwrite) continue;
      if (entry.count(cls.field) < available_[active_[i]]) try_overwrite(op);
    }
    return possible;
  }

  void find_horizons() {
    if constexpr (HidingModel<M>) {
      for (std::uint32_t i = 0; i < calls_.size(); ++i) {
        if (M::effect(calls_[i].op) == Effect::read) all_reads_.push_back(i);
      }
      horizon_.resize(all_reads_.size());
      std::int64_t first = std::numeric_limits<std::int64_t>::max();
      for (std::size_t i = all_reads_.size(); i-- > 0;) {
        first = std::min(first, calls_[all_reads_[i]].end);
        horizon_[i] = first;
      }
      look_ahead(0);
    }
  }
  void look_ahead(std::size_t started) {
    if constexpr (HidingModel<M>) {
      const auto next = all_reads_.begin() + static_cast<std::ptrdiff_t>(started);
      if (next == all_reads_.end()) {
        upcoming_ = {};
        return;
      }
      const auto last = std::upper_bound(
          next, all_reads_.end(), horizon_[started],
          [&](std::int64_t end, std::uint32_t read) { return end < calls_[read].start; });
      upcoming_ = std::span(next, last);
    }
  }

  /// O(overwrites that start while a read is open), for each read.
  void find_last_sources() {
    if constexpr (HidingModel<M>) {
      last_source_.assign(calls_.size(), std::numeric_limits<std::int64_t>::min());
      std::vector<std::uint32_t> overwrites;
      for (std::uint32_t i = static_cast<std::uint32_t>(calls_.size()); i-- > 0;) {
        const Effect effect = M::effect(calls_[i].op);
        if (effect == Effect::overwrite) overwrites.push_back(i);
        if (effect != Effect::read) continue;
        for (auto o = overwrites.rbegin(); o != overwrites.rend(); ++o) {
          if (calls_[*o].start > calls_[i].end) break;
          const auto left = model_.step(model_.initial(), calls_[*o].op);
          if (model_.may_lead_to(*left, calls_[i].op)) last_source_[i] = calls_[*o].start;
        }
      }
    }
  }

  /// Can something be seen of the state if `op` comes next?
  bool tells(const Entry& entry, const typename M::State& state, const Op& op) const {
    const auto next = model_.step(state, op);
    return next.has_value() && (M::effect(op) != Effect::blind || is_live(entry, *next));
  }

  void enlist(std::uint32_t c) {
    active_.push_back(c);
    guards_[schedule_.classes[c].field.word] |= schedule_.classes[c].field.guard();
  }

  bool returns_first(std::uint32_t a, std::uint32_t b) const {
    return calls_[a].end != calls_[b].end ? calls_[a].end < calls_[b].end : a < b;
  }

  void open(std::uint32_t call) {
    const Op& op = calls_[call].op;
    const std::uint32_t slot = schedule_.place[call];
    slots_[slot] = call;
    shadow_[slot] = {};
    (reads_ | mutations()).each([&](std::size_t other) {
      if (!(op_in(other) == op)) return;
      if (returns_first(slots_[other], call)) {
        shadow_[slot].set(other);
      } else {
        shadow_[other].set(slot);
      }
    });
    if (schedule_.twin[call] != Schedule::no_class) {
      class_shadow_[schedule_.twin[call]].set(slot);
    }
    mask_of(op).set(slot);
  }

  void close(std::uint32_t call) {
    const std::uint32_t slot = schedule_.place[call];
    mask_of(calls_[call].op).clear(slot);
    (reads_ | mutations()).each([&](std::size_t other) { shadow_[other].clear(slot); });
    if (schedule_.twin[call] != Schedule::no_class) {
      class_shadow_[schedule_.twin[call]].clear(slot);
    }
  }

  Mask<W>& mask_of(const Op& op) {
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

  const M& model_;
  std::span<const Call<Op>> calls_;
  const Schedule& schedule_;
  std::int64_t now_ = std::numeric_limits<std::int64_t>::min();
  std::vector<std::uint32_t> slots_;               ///< by slot: the open call
  Mask<W> reads_, updates_, blinds_, overwrites_;  ///< slots of the open calls, by effect
  std::vector<Mask<W>> shadow_;                    ///< by slot: equal open calls that go first
  std::vector<Mask<W>> class_shadow_;              ///< by class: equal open calls that go first
  std::vector<std::uint32_t> available_;           ///< by class: how many have started
  std::vector<std::uint32_t> active_;              ///< classes that started and can still matter
  std::array<std::uint64_t, W> guards_{};
  /// By read: the last start of an overwrite that may lead to it and starts after it, before it
  /// returns.
  std::vector<std::int64_t> last_source_;
  // For hiding models:
  std::vector<std::uint32_t> all_reads_;     ///< by start
  std::vector<std::int64_t> horizon_;        ///< by position there: the first end from there on
  std::size_t reads_started_ = 0;            ///< of all_reads_
  std::span<const std::uint32_t> upcoming_;  ///< the next of them, until one of them returns
};

}  // namespace assay
