#pragma once
// RegisterMoves: what a search for an order of a register's calls can do next, as far as anything
// can be gained from it. The rules that keep the choice small:
//
// - a read goes into the order as soon as the value is right: it changes nothing for anybody else;
// - a write is put at the end of the order only where the returning call needs it: it is that call,
//   or its value leads to the one that the call found, directly or through cas that are open. One
//   such write a return is enough, because whatever else could have come right before it can still
//   be put there later: that is the excursion;
// - an excursion is a write right before the latest write in the order, with what found its value,
//   and so on through cas. Nobody after that latest write can tell. Everything that was open when
//   the latest write was placed can take part (Branch::free);
// - a call that never returns is used only if somebody finds what it leaves;
// - of equal calls the first to return goes first, one that never returns last; of equal ones that
//   never return only the number of used ones matters (pending_uses.h).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "checker/linearizability/antichain.h"
#include "checker/linearizability/configuration.h"
#include "checker/linearizability/pending_uses.h"
#include "checker/linearizability/schedule.h"
#include "checker/linearizability/trail.h"
#include "checker/models/register.h"

namespace assay {

/// One way to explain a history up to now.
template <std::size_t W>
struct Branch {
  Mask<W> done;              ///< by slot: the open call is in the order
  Mask<W> free;              ///< by slot: it is not, and was open when the latest write was placed
  std::uint32_t value = 0;   ///< of the register, or `unobservable`
  std::uint32_t anchor = 0;  ///< how many pending calls had begun when that write was placed
  PendingUses::Id used = PendingUses::nothing;
  Trail::Node trail = Trail::root;
  bool led = false;  ///< a write was placed for the call that is returning
};

template <std::size_t W>
class RegisterMoves {
 public:
  RegisterMoves(std::span<const RegisterCall> calls, std::size_t value_count,
                const Schedule& schedule, Economy economy, Trail* trail)
      : calls_(calls),
        schedule_(schedule),
        trail_(trail),
        uses_(schedule, std::move(economy)),
        slots_(schedule.slots),
        shadow_(schedule.slots),
        class_shadow_(schedule.classes.size()),
        begun_(schedule.classes.size(), 0),
        ordinals_(schedule.classes.size()),
        denied_at_(schedule.classes.size(), 0),
        value_count_(value_count),
        leads_(value_count),
        tells_(value_count),
        at_will_(value_count) {}

  /// For Antichain. `reads`: the slots of open reads.
  struct Rule {
    static constexpr std::uint64_t any_at_will = ~std::uint64_t{0};
    const RegisterMoves& moves;
    Mask<W> reads;
    bool inside = false;  ///< of an excursion: no other write can be placed there

    bool is_at_will(const Branch<W>& branch) const {
      return !inside && !branch.led && branch.value < moves.value_count_ &&
             moves.at_will_.has(branch.value);
    }

    std::uint64_t group(const Branch<W>& branch) const {
      return is_at_will(branch) ? any_at_will : branch.value;
    }
    std::uint64_t hash(const Branch<W>& branch, std::uint64_t hash) const {
      const auto add = [&hash](std::uint64_t word) {
        hash = (hash ^ word) * 0x9fb21c651e98df25ULL;
        hash ^= hash >> 32U;
      };
      for (const std::uint64_t word : branch.done.words) add(word);
      for (const std::uint64_t word : branch.free.words) add(word);
      add(2 * std::uint64_t{branch.anchor} + (branch.led ? 1 : 0));
      add(moves.uses_.counted(branch.used));
      return hash;
    }
    bool equal(const Branch<W>& a, const Branch<W>& b) const {
      return group(a) == group(b) && a.done == b.done && a.free == b.free && a.anchor == b.anchor &&
             a.led == b.led && moves.uses_.counted(a.used) == moves.uses_.counted(b.used);
    }
    /// Does whatever completes b complete a, too? `a` may lack a write that b has placed if it can
    /// hide it, and have read more. With a value that is to be had at will, everything that deals
    /// in such values can be done or left at will, and a write that frees everything can be placed.
    bool dominates(const Branch<W>& a, const Branch<W>& b) const {
      if (a.led && !b.led) return false;
      const bool at_will = is_at_will(a);
      if (!at_will && a.anchor < b.anchor) return false;
      for (std::size_t i = 0; i < W; ++i) {
        std::uint64_t differs = a.done.words[i] ^ b.done.words[i];
        std::uint64_t harmless = reads.words[i] & a.done.words[i];
        if (at_will) {
          harmless |= moves.at_will_slots_.words[i] | (moves.writes_.words[i] & b.done.words[i]);
        } else {
          differs |= b.free.words[i] & ~a.free.words[i];
          harmless |= a.free.words[i] & moves.writes_.words[i];
        }
        if ((differs & ~harmless) != 0) return false;
      }
      return moves.uses_.at_most(a.used, b.used);
    }
  };
  using Set = Antichain<Branch<W>, Rule>;

  Rule rule() const { return {*this, reads_}; }
  /// Without the read that is returning.
  Rule rule_without(std::size_t slot) const {
    Rule rule = this->rule();
    rule.reads.clear(slot);
    return rule;
  }
  PendingUses& uses() { return uses_; }
  const std::vector<std::uint32_t>& classes() const { return active_; }
  std::uint64_t bytes() const { return uses_.bytes() + inside_.bytes(); }

  void start(std::uint32_t call) {
    if (!calls_[call].pending()) {
      open(call);
      return;
    }
    const std::uint32_t c = schedule_.place[call];
    if (begun_[c]++ == 0) {
      active_.push_back(c);
      uses_.add_class(c);
    }
    ordinals_[c].push_back(pending_begun_++);
  }
  void finish(std::uint32_t call) {
    const std::uint32_t slot = schedule_.place[call];
    mask_of(calls_[call].op).clear(slot);
    all().each([&](std::size_t other) { shadow_[other].clear(slot); });
    if (schedule_.twin[call] != Schedule::no_class) {
      class_shadow_[schedule_.twin[call]].clear(slot);
    }
  }
  /// Forgets the pending calls that cannot matter to returns at `now` and later.
  void retire(std::int64_t now, std::span<PendingUses::Id* const> live) {
    const auto gone = std::remove_if(active_.begin(), active_.end(), [&](std::uint32_t c) {
      return schedule_.classes[c].useful_until < now;
    });
    if (gone == active_.end() && uses_.size() < 4096 + 4 * live.size()) return;
    active_.erase(gone, active_.end());
    uses_.rebuild(live, active_);
  }

  /// Was no class that is not counted ever short of calls?
  bool exact() const { return exact_; }
  /// The classes that had no call left for some branch, the latest first.
  std::vector<std::uint32_t> short_classes() const {
    std::vector<std::uint32_t> result;
    for (std::uint32_t c = 0; c < denied_at_.size(); ++c) {
      if (denied_at_[c] != 0) result.push_back(c);
    }
    std::stable_sort(result.begin(), result.end(), [&](std::uint32_t a, std::uint32_t b) {
      return denied_at_[a] > denied_at_[b];
    });
    return result;
  }

  /// Can the returning call be done at will, whatever it needs? Then nothing else is worth trying.
  bool returns_at_will(const Branch<W>& branch) const {
    return at_will_slots_.has(aim_) && rule().is_at_will(branch);
  }

  /// Places every open read of the branch's value.
  void place_reads(Branch<W>& branch) const {
    (reads_ - branch.done).each([&](std::size_t slot) {
      if (op_in(slot).value != branch.value) return;
      put(branch, slot);
      note(branch, slots_[slot], false);
    });
  }

  /// Has to come before the next two, for every return: what can be of use for it?
  void aim(std::size_t slot) {
    aim_ = slot;
    ++returns_;
    tells_.forget();
    all().each([&](std::size_t s) {
      if (op_in(s).observes()) tells_.insert(op_in(s).observed());
    });
    spread(tells_, /*through_open=*/false);
    if (uses_.economy().endless) find_values_at_will();
    leads_.forget();
    if (!op_in(slot).observes()) return;
    leads_.insert(op_in(slot).observed());
    spread(leads_, /*through_open=*/true);
  }

  /// Gives every branch that has one call more at the end of its order; reads are placed.
  template <class Reach>
  void each_step(const Branch<W>& branch, Reach reach) const {
    const bool observes = op_in(aim_).observes();
    (cases_ - branch.done).each([&](std::size_t slot) {
      const RegisterOp& op = op_in(slot);
      if (op.expected != branch.value || !leads(branch, slot)) return;
      if (branch.led && slot != aim_ && !leads_.has(op.value)) return;
      Branch<W> next = branch;
      put(next, slot);
      next.value = op.value;
      note(next, slots_[slot], false);
      place_reads(next);
      reach(next);
    });
    if (!observes) {
      if (leads(branch, aim_)) reach(after_write(branch, aim_));
    } else if (!branch.led) {
      (writes_ - branch.done).each([&](std::size_t slot) {
        if (leads_.has(op_in(slot).value) && leads(branch, slot)) reach(after_write(branch, slot));
      });
    }
    for (const std::uint32_t c : active_) {
      const std::uint32_t call = schedule_.classes[c].representative;
      const RegisterOp& op = calls_[call].op;
      const bool is_cas = op.function == RegisterFunction::cas;
      if (is_cas) {
        if (op.expected != branch.value || op.value == op.expected || !tells_.has(op.value)) {
          continue;
        }
        if (branch.led && !leads_.has(op.value)) continue;
        if (!(class_shadow_[c] - branch.done - branch.free).none()) continue;
      } else {
        if (!observes || branch.led || !leads_.has(op.value)) continue;
        if (!(class_shadow_[c] - branch.done).none()) continue;
      }
      Branch<W> next = branch;
      if (!use(next, c)) continue;
      next.value = op.value;
      note(next, call, false);
      if (!is_cas) overwritten(next);
      place_reads(next);
      reach(next);
    }
  }

  /// Gives every branch in which the returning call has become part of an excursion.
  template <class Reach>
  void each_excursion(const Branch<W>& branch, Reach reach) {
    inside_.clear();
    const auto add = [&](Branch<W>& next) {
      (reads_ & next.free).each([&](std::size_t slot) {
        if (op_in(slot).value == next.value) join(next, slot);
      });
      inside_.insert(next, Rule{*this, reads_, true});
    };
    const auto add_call = [&](const Branch<W>& from, std::size_t slot) {
      Branch<W> next = from;
      join(next, slot);
      next.value = op_in(slot).value;
      add(next);
    };
    const auto add_pending = [&](const Branch<W>& from, std::uint32_t c) {
      const std::uint32_t call = schedule_.classes[c].representative;
      if (!(class_shadow_[c] & from.free).none()) return;
      Branch<W> next = from;
      if (!use_early(next, c)) return;
      next.value = calls_[call].op.value;
      note(next, call, true);
      add(next);
    };
    const bool observes = op_in(aim_).observes();
    if (!observes) {
      if ((shadow_[aim_] & branch.free).none()) add_call(branch, aim_);
    } else {
      (writes_ & branch.free).each([&](std::size_t slot) {
        if (leads_.has(op_in(slot).value) && (shadow_[slot] & branch.free).none()) {
          add_call(branch, slot);
        }
      });
      for (const std::uint32_t c : active_) {
        const RegisterOp& op = calls_[schedule_.classes[c].representative].op;
        if (op.function == RegisterFunction::write && leads_.has(op.value)) add_pending(branch, c);
      }
    }
    for (std::size_t i = 0; i < inside_.size(); ++i) {
      const Branch<W> at = inside_.entries()[i];
      const bool arrived = at.done.has(aim_);
      if (arrived) {
        Branch<W> outside = at;
        outside.value = branch.value;
        reach(outside);
      }
      (cases_ & at.free).each([&](std::size_t slot) {
        const RegisterOp& op = op_in(slot);
        if (op.expected != at.value || !(shadow_[slot] & at.free).none()) return;
        if (!arrived && slot != aim_ && !leads_.has(op.value)) return;
        add_call(at, slot);
      });
      for (const std::uint32_t c : active_) {
        const RegisterOp& op = calls_[schedule_.classes[c].representative].op;
        if (op.function != RegisterFunction::cas || op.expected != at.value ||
            op.value == op.expected || !tells_.has(op.value)) {
          continue;
        }
        if (arrived || leads_.has(op.value)) add_pending(at, c);
      }
    }
  }

 private:
  /// A set of values that is emptied for every return.
  class ValueSet {
   public:
    explicit ValueSet(std::size_t value_count) : inserted_(value_count, 0) {}
    void forget() { ++generation_; }
    bool has(std::uint32_t value) const { return inserted_[value] == generation_; }
    bool insert(std::uint32_t value) {
      if (has(value)) return false;
      inserted_[value] = generation_;
      return true;
    }

   private:
    std::vector<std::uint32_t> inserted_;  ///< by value: when
    std::uint32_t generation_ = 1;
  };

  const RegisterOp& op_in(std::size_t slot) const { return calls_[slots_[slot]].op; }
  Mask<W> all() const { return reads_ | writes_ | cases_; }
  Mask<W>& mask_of(const RegisterOp& op) {
    if (op.function == RegisterFunction::read) return reads_;
    return op.function == RegisterFunction::write ? writes_ : cases_;
  }

  void open(std::uint32_t call) {
    const std::uint32_t slot = schedule_.place[call];
    const RegisterOp& op = calls_[call].op;
    slots_[slot] = call;
    shadow_[slot] = {};
    mask_of(op).each([&](std::size_t other) {
      if (!(op_in(other) == op)) return;
      const RegisterCall& that = calls_[slots_[other]];
      if (std::pair(that.end, slots_[other]) < std::pair(calls_[call].end, call)) {
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

  /// Adds every value from which cas lead into the set.
  void spread(ValueSet& set, bool through_open) {
    for (bool changed = true; changed;) {
      changed = false;
      const auto follow = [&](const RegisterOp& op) {
        if (op.function != RegisterFunction::cas || !set.has(op.value)) return;
        changed = set.insert(op.expected) || changed;
      };
      if (through_open) cases_.each([&](std::size_t slot) { follow(op_in(slot)); });
      for (const std::uint32_t c : active_) follow(calls_[schedule_.classes[c].representative].op);
    }
  }

  /// The values that endless calls lead to from every value.
  void find_values_at_will() {
    at_will_.forget();
    for (bool changed = true; changed;) {
      changed = false;
      for (const std::uint32_t c : active_) {
        const RegisterOp& op = calls_[schedule_.classes[c].representative].op;
        if (!uses_.economy().is_endless(c)) continue;
        if (op.function == RegisterFunction::cas && !at_will_.has(op.expected)) continue;
        changed = at_will_.insert(op.value) || changed;
      }
    }
    at_will_slots_ = {};
    all().each([&](std::size_t slot) {
      const RegisterOp& op = op_in(slot);
      const bool finds = !op.observes() || at_will_.has(op.observed());
      if (finds && at_will_.has(op.value)) at_will_slots_.set(slot);
    });
  }

  /// How many calls of the class had begun when so many pending calls had.
  std::size_t begun_before(std::uint32_t c, std::uint32_t anchor) const {
    const auto& ordinals = ordinals_[c];
    return static_cast<std::size_t>(std::lower_bound(ordinals.begin(), ordinals.end(), anchor) -
                                    ordinals.begin());
  }

  /// Uses a call of the class for the end of the order; false if none is left.
  bool use(Branch<W>& branch, std::uint32_t c) const {
    if (uses_.economy().is_endless(c)) return true;
    const std::size_t used = uses_.used(branch.used, c);
    if (used >= begun_[c]) return denied(c);
    // What began later cannot be put in before the latest write, so it is used up first.
    const std::size_t early = uses_.early(branch.used, c);
    const std::size_t begun_late = begun_[c] - begun_before(c, branch.anchor);
    branch.used = uses_.use(branch.used, c, used - early >= begun_late);
    return true;
  }
  /// The same for an excursion.
  bool use_early(Branch<W>& branch, std::uint32_t c) const {
    const std::size_t begun = begun_before(c, branch.anchor);
    if (begun == 0) return false;
    if (uses_.economy().is_endless(c)) return true;
    if (uses_.early(branch.used, c) >= begun) return denied(c);
    branch.used = uses_.use(branch.used, c, true);
    return true;
  }
  bool denied(std::uint32_t c) const {
    denied_at_[c] = returns_;
    exact_ = exact_ && uses_.economy().counted[c];
    return false;
  }

  /// May the call in `slot` go next, as far as equal calls are concerned? An equal cas that is
  /// still free for an excursion must not be spent for one that is not.
  bool leads(const Branch<W>& branch, std::size_t slot) const {
    Mask<W> first = shadow_[slot] - branch.done;
    if (cases_.has(slot) && !branch.free.has(slot)) first = first - branch.free;
    return first.none();
  }

  static void put(Branch<W>& branch, std::size_t slot) {
    branch.done.set(slot);
    branch.free.clear(slot);
  }
  void join(Branch<W>& branch, std::size_t slot) const {
    put(branch, slot);
    note(branch, slots_[slot], true);
  }
  void note(Branch<W>& branch, std::uint32_t call, bool excursion) const {
    if (trail_ == nullptr) return;
    branch.trail =
        excursion ? trail_->absorb(branch.trail, call) : trail_->place(branch.trail, call);
  }
  void overwritten(Branch<W>& branch) const {
    branch.free = all() - branch.done;
    branch.anchor = pending_begun_;
    branch.used = uses_.overwritten(branch.used);
    branch.led = true;
  }
  Branch<W> after_write(const Branch<W>& branch, std::size_t slot) const {
    Branch<W> next = branch;
    put(next, slot);
    next.value = op_in(slot).value;
    note(next, slots_[slot], false);
    overwritten(next);
    place_reads(next);
    return next;
  }

  std::span<const RegisterCall> calls_;
  const Schedule& schedule_;
  Trail* trail_;  ///< null: no order is wanted
  mutable PendingUses uses_;

  std::vector<std::uint32_t> slots_;   ///< by slot: the open call
  Mask<W> reads_, writes_, cases_;     ///< slots of the open calls
  std::vector<Mask<W>> shadow_;        ///< by slot: equal open calls that go first
  std::vector<Mask<W>> class_shadow_;  ///< by class: equal open calls that go first
  std::vector<std::uint32_t> active_;  ///< classes that have begun and can still matter
  std::vector<std::uint32_t> begun_;   ///< by class
  std::uint32_t pending_begun_ = 0;
  std::vector<std::vector<std::uint32_t>> ordinals_;  ///< by class: as how manieth each began

  mutable std::vector<std::size_t> denied_at_;  ///< by class: the return at which it ran short
  mutable bool exact_ = true;
  std::size_t returns_ = 0;
  std::size_t aim_ = 0;
  std::size_t value_count_;
  ValueSet leads_;         ///< values from which cas may lead to what the returning call found
  ValueSet tells_;         ///< values that an open call found, or that pending cas lead there from
  ValueSet at_will_;       ///< values that every branch can have for nothing
  Mask<W> at_will_slots_;  ///< open calls that find and leave such values only
  Set inside_;             ///< excursions of one branch
};

}  // namespace assay
