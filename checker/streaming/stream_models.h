#pragma once
// Counters, sets and locks, by their specifications, for the search that follows a growing history.
// The batch checks (linearizability/counter, sets, locks) are the reference for what they mean.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "checker/linearizability/extent.h"
#include "checker/streaming/stream_model.h"
#include "history/history.h"
#include "history/value.h"

namespace assay {

/// Add amounts, read the sum. Sums wrap around as 64-bit numbers do.
class CounterStreamModel {
 public:
  struct Op {
    std::int64_t number = 0;  ///< the amount, or what a read returned
    bool reads = false;
    bool operator==(const Op&) const = default;
  };
  using State = std::int64_t;
  using Result = Value;

  explicit CounterStreamModel(const HistoryInfo& info) {
    if (const auto* number = info.initial.get_if<std::int64_t>()) initial_ = *number;
  }

  static std::optional<Op> begin(std::string_view function, const Value& argument, std::int32_t) {
    if (function == "read") return Op{0, true};
    const auto* number = argument.get_if<std::int64_t>();
    if (number == nullptr && !argument.is_nil()) return std::nullopt;
    const std::int64_t given = number == nullptr ? 1 : *number;
    if (has_word("add increment inc incr", function)) return Op{given, false};
    if (has_word("decrement dec decr sub", function)) return Op{minus(given), false};
    return std::nullopt;
  }
  static Told tell(Op& op, const Value& result) {
    if (!op.reads) return Told::fine;
    if (result.is_nil()) return Told::nothing;
    const auto* number = result.get_if<std::int64_t>();
    if (number == nullptr) return Told::unfit;
    op.number = *number;
    return Told::fine;
  }

  State initial() const { return initial_; }
  static Effect effect(const Op& op) { return op.reads ? Effect::read : Effect::blind; }
  static bool changes_nothing(const Op& op) { return op.reads; }
  static bool allows(const State& state, const Op& op) { return !op.reads || op.number == state; }
  static State after(const State& state, const Op& op) {
    return op.reads ? state
                    : static_cast<State>(static_cast<std::uint64_t>(state) +
                                         static_cast<std::uint64_t>(op.number));
  }
  static std::uint64_t hash(const State& state) {
    return mix_hash(static_cast<std::uint64_t>(state), 0);
  }

 private:
  static std::int64_t minus(std::int64_t number) {
    return number == std::numeric_limits<std::int64_t>::min() ? number : -number;
  }
  State initial_ = 0;
};

/// Add and remove elements, ask for one, read all. A state is what it has more or less than a base
/// that all states share; whole sets are compared by their size and the sum of their elements'
/// hashes, so that a read costs nothing more than its own length.
class SetStreamModel {
 public:
  enum class Function : std::uint8_t { add, remove, contains, read };
  struct Sum {
    std::uint64_t count = 0;
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    bool operator==(const Sum&) const = default;
  };
  struct Op {
    Function function = Function::read;
    std::int8_t told = -1;  ///< 1 changed or present, 0 not, -1 did not say
    StreamValue element;
    Sum all;  ///< of a read
    bool operator==(const Op&) const = default;
  };
  struct State {
    Sum all;
    std::vector<std::pair<StreamValue, bool>> changes;  ///< in the base or not; any order
    bool operator==(const State& other) const {
      // What is in the set is in the sum, whatever the order of the changes.
      return all == other.all && changes.size() == other.changes.size();
    }
  };
  using Result = Value;

  explicit SetStreamModel(const HistoryInfo&) {}

  static std::optional<Op> begin(std::string_view function, const Value& argument, std::int32_t) {
    Op op;
    op.element = stream_value(argument);
    if (function == "read") {
      op.element = {};
    } else if (function == "add") {
      op.function = Function::add;
    } else if (function == "remove") {
      op.function = Function::remove;
    } else if (function == "contains") {
      op.function = Function::contains;
    } else {
      return std::nullopt;
    }
    // Whether something changed cannot be told from an element that is a truth value itself.
    if (argument.is<bool>() && function != "read") return std::nullopt;
    return op;
  }
  static Told tell(Op& op, const Value& result) {
    if (op.function == Function::read) return tell_all(op, result);
    const auto* flag = result.get_if<bool>();
    if (flag != nullptr) op.told = *flag ? 1 : 0;
    return op.function == Function::contains && flag == nullptr ? Told::nothing : Told::fine;
  }

  static State initial() { return {}; }
  static Effect effect(const Op& op) {
    if (changes_nothing(op)) return Effect::read;
    return op.told < 0 ? Effect::blind : op.told == 0 ? Effect::read : Effect::update;
  }
  static bool changes_nothing(const Op& op) {
    return op.function == Function::read || op.function == Function::contains;
  }
  bool allows(const State& state, const Op& op) const {
    if (op.function == Function::read) return state.all == op.all;
    if (op.told < 0) return true;
    const bool present = has(state, op.element);
    const bool yes =
        op.function == Function::contains ? present : present != (op.function == Function::add);
    return yes == (op.told == 1);
  }
  State after(const State& state, const Op& op) const {
    const bool adds = op.function == Function::add;
    if (changes_nothing(op) || has(state, op.element) == adds) return state;
    State next = state;
    add_to(next.all, op.element, adds);
    const auto at = std::find_if(next.changes.begin(), next.changes.end(),
                                 [&](const auto& change) { return change.first == op.element; });
    if (at != next.changes.end()) {
      // Back to what the base has.
      *at = next.changes.back();
      next.changes.pop_back();
    } else {
      next.changes.emplace_back(op.element, adds);
    }
    return next;
  }
  static std::uint64_t hash(const State& state) { return mix_hash(state.all.low, state.all.count); }

  /// Moves what all states agree on into the base, so that they stay small.
  template <class EachState>
  void rebase(EachState each_state) {
    std::vector<std::pair<StreamValue, bool>> common;
    bool first = true;
    each_state([&](State& state) {
      if (std::exchange(first, false)) {
        common = state.changes;
        return;
      }
      std::erase_if(common, [&](const auto& change) { return !contains(state.changes, change); });
    });
    if (common.empty()) return;
    each_state([&](State& state) {
      std::erase_if(state.changes, [&](const auto& change) { return contains(common, change); });
    });
    for (const auto& [element, present] : common) {
      if (present) {
        base_.insert(element);
      } else {
        base_.erase(element);
      }
    }
  }
  std::uint64_t bytes() const { return base_.size() * 48; }

 private:
  static bool contains(const std::vector<std::pair<StreamValue, bool>>& changes,
                       const std::pair<StreamValue, bool>& change) {
    return std::find(changes.begin(), changes.end(), change) != changes.end();
  }
  bool has(const State& state, const StreamValue& element) const {
    for (const auto& [changed, present] : state.changes) {
      if (changed == element) return present;
    }
    return base_.contains(element);
  }
  static void add_to(Sum& sum, const StreamValue& element, bool adds) {
    const std::uint64_t low = mix_hash(element.low, element.high);
    const std::uint64_t high = mix_hash(element.high ^ low, element.low);
    sum.count += adds ? 1 : ~std::uint64_t{0};
    sum.low += adds ? low : 0 - low;
    sum.high += adds ? high : 0 - high;
  }
  static Told tell_all(Op& op, const Value& result) {
    if (result.is_nil()) return Told::nothing;
    const auto* set = result.get_if<Value::Set>();
    const auto* list = set != nullptr ? &set->elements : result.get_if<Value::List>();
    if (list == nullptr) return Told::unfit;
    for (const Value& element : *list) add_to(op.all, stream_value(element), true);
    return Told::fine;
  }

  std::unordered_set<StreamValue, StreamValueHash> base_;
};

/// A mutex (one permit) or a semaphore; whose a permit is does not matter.
class PermitsStreamModel {
 public:
  struct Op {
    bool acquires = false;
    bool operator==(const Op&) const = default;
  };
  using State = std::int64_t;  ///< permits held
  using Result = Value;

  explicit PermitsStreamModel(std::int64_t permits) : permits_(permits) {}

  static std::optional<Op> begin(std::string_view function, const Value&, std::int32_t) {
    if (function != "acquire" && function != "release") return std::nullopt;
    return Op{function == "acquire"};
  }
  static Told tell(Op&, const Value&) { return Told::fine; }

  static State initial() { return 0; }
  static Effect effect(const Op&) { return Effect::update; }
  static bool changes_nothing(const Op&) { return false; }
  bool allows(const State& state, const Op& op) const {
    return op.acquires ? state < permits_ : state > 0;
  }
  static State after(const State& state, const Op& op) { return state + (op.acquires ? 1 : -1); }
  static std::uint64_t hash(const State& state) {
    return mix_hash(static_cast<std::uint64_t>(state), 1);
  }

 private:
  std::int64_t permits_;
};

/// A lock that only its holder releases; fenced: each acquire returns a larger token than before.
class OwnedLockStreamModel {
 public:
  struct Op {
    std::int32_t process = 0;
    bool acquires = false;
    std::optional<std::int64_t> token;
    bool operator==(const Op&) const = default;
  };
  struct State {
    std::optional<std::int32_t> holder;
    std::optional<std::int64_t> token;
    bool operator==(const State&) const = default;
  };
  using Result = Value;

  explicit OwnedLockStreamModel(bool fenced) : fenced_(fenced) {}

  static std::optional<Op> begin(std::string_view function, const Value&, std::int32_t process) {
    if (function != "acquire" && function != "release") return std::nullopt;
    return Op{process, function == "acquire", {}};
  }
  Told tell(Op& op, const Value& result) const {
    if (!fenced_ || !op.acquires) return Told::fine;
    const auto* token = result.get_if<std::int64_t>();
    if (token == nullptr) return Told::unfit;
    op.token = *token;
    return Told::fine;
  }

  static State initial() { return {}; }
  static Effect effect(const Op&) { return Effect::update; }
  static bool changes_nothing(const Op&) { return false; }
  static bool allows(const State& state, const Op& op) {
    if (!op.acquires) return state.holder == op.process;
    return !state.holder && (!op.token || !state.token || *op.token > *state.token);
  }
  static State after(const State& state, const Op& op) {
    if (!op.acquires) return {std::nullopt, state.token};
    return {op.process, op.token ? op.token : state.token};
  }
  static std::uint64_t hash(const State& state) {
    return mix_hash(static_cast<std::uint64_t>(state.holder.value_or(-1)),
                    static_cast<std::uint64_t>(state.token.value_or(-1)));
  }

 private:
  bool fenced_;
};

static_assert(StreamModel<CounterStreamModel> && StreamModel<SetStreamModel>);
static_assert(StreamModel<PermitsStreamModel> && StreamModel<OwnedLockStreamModel>);

}  // namespace assay
