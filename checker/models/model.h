#pragma once
// What a sequential specification must offer to the frontier search. A datatype is one small file
// beside this one: a state, its operations, and a step. Steps are pure, because the search takes
// them on branches that it gives up again.

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>

namespace assay {

/// How an operation treats the state. The search uses it to leave orders out, so it must be right:
/// `read` never changes the state; `overwrite` is possible in every state and always leaves the
/// same one behind; `blind` is possible in every state; `update` is everything else.
enum class Effect : std::uint8_t { read, overwrite, blind, update };

/// One operation of one object, as the searches see it: open in [start, end] ticks;
/// end == never (history/history.h) means that it may take effect at any time after start, or not.
template <class OpType>
struct Call {
  std::int64_t start;
  std::int64_t end;
  std::uint64_t event;  ///< event index of the invocation
  OpType op;

  bool pending() const { return end == std::numeric_limits<std::int64_t>::max(); }
};

template <class M>
concept SequentialModel = requires(const M& model, const typename M::State& state,
                                   const typename M::Op& op, std::int64_t now) {
  { model.initial() } -> std::same_as<typename M::State>;
  /// The state after `op`; nothing if `op` cannot have returned what it did in `state`.
  { model.step(state, op) } -> std::same_as<std::optional<typename M::State>>;
  { M::effect(op) } -> std::same_as<Effect>;
  { M::hash(state) } -> std::same_as<std::uint64_t>;
  /// A representative of all states that no operation returning at `now` or later can tell
  /// from `state`. Returning `state` itself is always right.
  { model.settled(state, now) } -> std::same_as<typename M::State>;
  /// The last tick at which leaving out a pending `op` can make a difference. Never is right.
  { model.useful_until(op) } -> std::same_as<std::int64_t>;
  { M::hash_of(op) } -> std::same_as<std::uint64_t>;
  { state == state } -> std::same_as<bool>;
  { op == op } -> std::same_as<bool>;
};

/// A model all of whose operations are reads, overwrites and blind, and which knows what reads can
/// still tell. Then a state that no read can tell any more, whatever blind operations make of it,
/// is as good as `hidden()`, from which only overwrites lead to another one.
template <class M>
concept HidingModel =
    requires(const M& model, const typename M::State& state, const typename M::Op& read) {
      { model.hidden() } -> std::same_as<typename M::State>;
      /// Could blind operations lead from the state to one that allows the read? True is always
      /// right.
      { model.may_lead_to(state, read) } -> std::same_as<bool>;
    };

/// What is always right for settled and useful_until; models inherit it until they know better.
template <class StateType, class OpType>
struct ModelDefaults {
  using State = StateType;
  using Op = OpType;

  State settled(const State& state, std::int64_t) const { return state; }
  std::int64_t useful_until(const Op&) const { return std::numeric_limits<std::int64_t>::max(); }
};

/// A hash of two numbers, for models' states and operations.
constexpr std::uint64_t mix_hash(std::uint64_t a, std::uint64_t b) {
  std::uint64_t hash = (a ^ (b + 0x9e3779b97f4a7c15ULL)) * 0x9fb21c651e98df25ULL;
  hash ^= hash >> 29U;
  return (hash ^ (b << 32U)) * 0x9e3779b97f4a7c15ULL;
}

}  // namespace assay
