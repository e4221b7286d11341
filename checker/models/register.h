#pragma once
// The register: read, write, and cas [old new], which takes effect only if the value is old. The
// values of one object are numbered densely; 0 is the initial value.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "checker/models/model.h"

namespace assay {

enum class RegisterFunction : std::uint8_t { read, write, cas };

struct RegisterOp {
  std::uint32_t value;     ///< read: what it returned; write, cas: what it leaves behind
  std::uint32_t expected;  ///< cas: what it replaces; else 0
  RegisterFunction function;

  bool mutates() const { return function != RegisterFunction::read; }
  bool observes() const { return function != RegisterFunction::write; }
  /// The value it found. REQUIRES observes().
  std::uint32_t observed() const { return function == RegisterFunction::cas ? expected : value; }
  bool operator==(const RegisterOp&) const = default;
};

using RegisterCall = Call<RegisterOp>;

/// A SequentialModel. Immutable after construction.
class RegisterModel {
 public:
  using State = std::uint32_t;
  using Op = RegisterOp;

  /// `calls` are all calls that will be asked about: a value that none of them observes any more
  /// need not be told from others like it.
  RegisterModel(std::span<const RegisterCall> calls, std::size_t value_count)
      : last_observed_(value_count, std::numeric_limits<std::int64_t>::min()) {
    for (const RegisterCall& call : calls) {
      if (!call.op.observes()) continue;
      std::int64_t& last = last_observed_[call.op.observed()];
      last = std::max(last, call.end);
    }
  }

  State initial() const { return 0; }

  std::optional<State> step(const State& state, const Op& op) const {
    switch (op.function) {
      case RegisterFunction::read:
        return op.value == state ? std::optional<State>(state) : std::nullopt;
      case RegisterFunction::write:
        return op.value;
      case RegisterFunction::cas:
        break;
    }
    return op.expected == state ? std::optional<State>(op.value) : std::nullopt;
  }

  static Effect effect(const Op& op) {
    switch (op.function) {
      case RegisterFunction::read:
        return Effect::read;
      case RegisterFunction::write:
        return Effect::overwrite;
      case RegisterFunction::cas:
        break;
    }
    return Effect::update;
  }

  static std::uint64_t hash(const State& state) { return state * 0x9e3779b97f4a7c15ULL; }
  static std::uint64_t hash_of(const Op& op) {
    const std::uint64_t pair = (std::uint64_t{op.value} << 32U) | op.expected;
    return (pair ^ (std::uint64_t{static_cast<std::uint8_t>(op.function)} << 61U)) *
           0x9e3779b97f4a7c15ULL;
  }

  State settled(const State& state, std::int64_t now) const {
    return state != unobservable && last_observed_[state] < now ? unobservable : state;
  }
  std::int64_t useful_until(const Op& op) const { return last_observed_[op.value]; }

 private:
  static constexpr State unobservable = std::numeric_limits<State>::max();
  std::vector<std::int64_t> last_observed_;  ///< by value: the last return of an observer
};

static_assert(SequentialModel<RegisterModel>);

}  // namespace assay
