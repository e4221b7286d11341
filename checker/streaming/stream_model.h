#pragma once
// What a sequential specification must offer to the search that follows a growing history
// (frontier_stream.h). It differs from models/model.h in that nothing is known in advance: values
// are not numbered, what an operation returns is told when it returns, and nobody knows what will
// still be read.

#include <concepts>
#include <cstdint>

#include "checker/models/model.h"
#include "checker/streaming/stream_call.h"

namespace assay {

/// What an operation's return says.
enum class Told : std::uint8_t {
  fine,     ///< the operation is what it was, or now says more
  nothing,  ///< as if it had not returned
  unfit,    ///< no value of this datatype
};

template <class M>
concept StreamModel = requires(const M& model, const typename M::State& state, typename M::Op& op,
                               const typename M::Result& result) {
  { model.initial() } -> std::same_as<typename M::State>;
  { M::effect(op) } -> std::same_as<Effect>;
  /// May an operation that ended indeterminate be left out, because it changes nothing?
  { M::changes_nothing(op) } -> std::same_as<bool>;
  /// An operation starts as one that has not returned; this makes it one that did.
  { model.tell(op, result) } -> std::same_as<Told>;
  /// Is `op` possible in `state`?
  { model.allows(state, op) } -> std::same_as<bool>;
  /// The state after it. REQUIRES allows(state, op).
  { model.after(state, op) } -> std::same_as<typename M::State>;
  { M::hash(state) } -> std::same_as<std::uint64_t>;
  { state == state } -> std::same_as<bool>;
  { op == op } -> std::same_as<bool>;
};

/// The register.
class RegisterStreamModel {
 public:
  using State = StreamValue;
  using Op = StreamOp;
  using Result = StreamValue;

  explicit RegisterStreamModel(const StreamValue& initial) : initial_(initial) {}

  State initial() const { return initial_; }
  static Effect effect(const Op& op) {
    return !op.mutates() ? Effect::read : op.observes() ? Effect::update : Effect::overwrite;
  }
  static bool changes_nothing(const Op& op) { return !op.mutates(); }
  static Told tell(Op& op, const Result& result) {
    if (!op.mutates()) op.value = result;
    return Told::fine;
  }
  static bool allows(const State& state, const Op& op) {
    return !op.observes() || op.observed() == state;
  }
  static State after(const State&, const Op& op) { return op.value; }
  static std::uint64_t hash(const State& state) { return StreamValueHash()(state); }

 private:
  State initial_;
};

static_assert(StreamModel<RegisterStreamModel>);

}  // namespace assay
