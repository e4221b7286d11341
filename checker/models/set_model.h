#pragma once
// Sets by their specification, for the searches: what decides when whole sets are read and elements
// are removed or asked for too.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "checker/checker.h"
#include "checker/models/model.h"
#include "history/history.h"

namespace assay {

enum class SetFunction : std::uint8_t { add, remove, contains, read };

struct SetOp {
  SetFunction function;
  std::int8_t told;  ///< 1 changed or present, 0 not, -1 did not say
  std::uint32_t element;
  std::vector<std::uint32_t> elements;  ///< read: ascending
  bool operator==(const SetOp&) const = default;
};

/// A DatatypeModel.
class SetModel : public ModelDefaults<std::vector<std::uint32_t>, SetOp> {
 public:
  SetModel(const History& history, const CheckOptions&) : history_(history) {}

  Result<std::optional<Op>> decode(const Operation& operation);
  State initial() const { return {}; }
  std::optional<State> step(const State& state, const Op& op) const;

  static Effect effect(const Op& op) {
    const bool looks = op.function == SetFunction::read || op.function == SetFunction::contains;
    if (looks) return Effect::read;
    return op.told < 0 ? Effect::blind : op.told == 0 ? Effect::read : Effect::update;
  }
  static std::uint64_t hash(const State& state) {
    std::uint64_t hash = state.size();
    for (const std::uint32_t element : state) hash = mix_hash(hash, element);
    return hash;
  }
  static std::uint64_t hash_of(const Op& op) {
    return mix_hash(hash(op.elements),
                    mix_hash(op.element, static_cast<std::uint64_t>(op.function)));
  }
  static bool needs(const Op& kept, const Op& other) {
    const bool observes = kept.told >= 0 || kept.function == SetFunction::read;
    const bool changes = effect(other) != Effect::read;
    return observes && changes &&
           (kept.function == SetFunction::read || kept.element == other.element);
  }
  std::string words(const Op& op) const;

 private:
  std::uint32_t number(const Value& value);

  const History& history_;
  std::map<Value, std::uint32_t> numbers_;
  std::vector<const Value*> values_;  ///< by number: keys of numbers_, which never move
};

}  // namespace assay
