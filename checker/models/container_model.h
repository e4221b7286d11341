#pragma once
// Bags, queues, stacks and priority queues by their specification, for the searches: what decides
// when values were put in more than once.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "checker/linearizability/containers/container.h"
#include "checker/models/model.h"
#include "history/history.h"

namespace assay {

enum class ContainerFunction : std::uint8_t { put, take, take_any, look, find_empty };

struct ContainerOp {
  ContainerFunction function;
  std::uint32_t value;
  bool operator==(const ContainerOp&) const = default;
};

/// A DatatypeModel. Removals from a bag that never returned are left out, since which element they
/// took is a choice that a step cannot make: right if nobody found the bag empty.
class ContainerModel : public ModelDefaults<std::vector<std::uint32_t>, ContainerOp> {
 public:
  ContainerModel(const History& history, ContainerKind kind) : history_(history), kind_(kind) {}

  Result<std::optional<Op>> decode(const Operation& operation) {
    const auto name = history_.function_name(operation.function);
    if (is_insertion(name)) {
      return std::optional(Op{ContainerFunction::put, number(history_.value(operation.argument))});
    }
    const bool looks = is_look(name);
    if (!looks && !is_removal(name)) {
      return Error{ErrorKind::bad_data, "event " + std::to_string(operation.invoke_event) +
                                            ": a container has no function '" + std::string(name) +
                                            "'"};
    }
    if (operation.outcome == Outcome::info) {
      if (looks || kind_ == ContainerKind::bag) return std::optional<Op>();
      return std::optional(Op{ContainerFunction::take_any, 0});
    }
    const Value result = history_.value(operation.result);
    if (means_empty(result)) return std::optional(Op{ContainerFunction::find_empty, 0});
    return std::optional(
        Op{looks ? ContainerFunction::look : ContainerFunction::take, number(result)});
  }

  State initial() const { return {}; }

  std::optional<State> step(const State& state, const Op& op) const {
    State next = state;
    switch (op.function) {
      case ContainerFunction::put:
        if (kind_ == ContainerKind::bag || kind_ == ContainerKind::priority) {
          const auto smaller = [&](std::uint32_t a, std::uint32_t b) {
            return *values_[a] < *values_[b];
          };
          next.insert(std::upper_bound(next.begin(), next.end(), op.value, smaller), op.value);
        } else {
          next.push_back(op.value);
        }
        return next;
      case ContainerFunction::find_empty:
        return state.empty() ? std::optional(next) : std::nullopt;
      case ContainerFunction::take_any:
        if (!next.empty()) next.erase(out(next, 0));
        return next;
      case ContainerFunction::look:
      case ContainerFunction::take:
        break;
    }
    const auto at = out(next, op.value);
    if (at == next.end() || *at != op.value) return std::nullopt;
    if (op.function == ContainerFunction::take) next.erase(at);
    return next;
  }

  static Effect effect(const Op& op) {
    if (op.function == ContainerFunction::put || op.function == ContainerFunction::take_any) {
      return Effect::blind;
    }
    return op.function == ContainerFunction::take ? Effect::update : Effect::read;
  }
  static std::uint64_t hash(const State& state) {
    std::uint64_t hash = state.size();
    for (const std::uint32_t value : state) hash = mix_hash(hash, value);
    return hash;
  }
  static std::uint64_t hash_of(const Op& op) {
    return mix_hash(op.value, static_cast<std::uint64_t>(op.function));
  }
  /// See `closed`, which is more exact.
  static bool needs(const Op& kept, const Op& other) {
    return kept.function != ContainerFunction::put && effect(other) != Effect::read;
  }
  /// Whole values: who puts one in or takes it out is in a witness with all others who do, but for
  /// those who began after all that tells something had returned. Of the removals that never
  /// returned, as many as values are left over, the earliest: they differ in their starts only.
  static std::vector<std::uint32_t> closed(std::span<const Call<Op>> calls,
                                           const std::vector<std::uint32_t>& chosen);
  std::string words(const Op& op) const {
    switch (op.function) {
      case ContainerFunction::put:
        return "put in " + to_text(*values_[op.value]);
      case ContainerFunction::take:
        return "took out " + to_text(*values_[op.value]);
      case ContainerFunction::look:
        return "saw " + to_text(*values_[op.value]);
      case ContainerFunction::take_any:
        return "took something out";
      case ContainerFunction::find_empty:
        break;
    }
    return "found nothing";
  }

 private:
  State::iterator out(State& state, std::uint32_t value) const {
    if (state.empty()) return state.end();
    if (kind_ == ContainerKind::stack) return state.end() - 1;
    if (kind_ == ContainerKind::bag) return std::find(state.begin(), state.end(), value);
    return state.begin();
  }
  std::uint32_t number(const Value& value) {
    const auto [at, is_new] = numbers_.emplace(value, static_cast<std::uint32_t>(values_.size()));
    if (is_new) values_.push_back(&at->first);
    return at->second;
  }

  const History& history_;
  ContainerKind kind_;
  std::map<Value, std::uint32_t> numbers_;
  std::vector<const Value*> values_;  ///< by number: keys of numbers_, which never move
};

}  // namespace assay
