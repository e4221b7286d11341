#pragma once
// The string: get, put, and append to the end, as in the logs of key-value stores under test. One
// object a key.
//
// A state matters only as far as some get can tell it, so the states are the prefixes of what the
// gets returned, as nodes of their prefix tree, and one more for every other string, which only a
// put leads out of.

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "checker/checker.h"
#include "checker/models/model.h"
#include "history/history.h"

namespace assay {

enum class StringFunction : std::uint8_t { get, put, append };

struct StringOp {
  StringFunction function;
  std::uint32_t text;  ///< a number of its argument or result; the same exactly if that is
  bool operator==(const StringOp&) const = default;
};

/// A DatatypeModel. prepare() before the searches; afterwards one thread at a time, because steps
/// are remembered.
class StringModel {
 public:
  using State = std::uint32_t;
  using Op = StringOp;

  StringModel(const History& history, const CheckOptions& options);

  /// Errors: bad_data (the function or value does not fit).
  Result<std::optional<Op>> decode(const Operation& operation);
  void prepare(std::span<const Call<Op>> calls);

  State initial() const { return node_of(initial_text_); }
  std::optional<State> step(const State& state, const Op& op) const {
    switch (op.function) {
      case StringFunction::get:
        return node_of(op.text) == state ? std::optional<State>(state) : std::nullopt;
      case StringFunction::put:
        return node_of(op.text);
      case StringFunction::append:
        break;
    }
    return appended(state, op.text);
  }
  static Effect effect(const Op& op) {
    switch (op.function) {
      case StringFunction::get:
        return Effect::read;
      case StringFunction::put:
        return Effect::overwrite;
      case StringFunction::append:
        break;
    }
    return Effect::blind;
  }
  static std::uint64_t hash(const State& state) { return state * 0x9e3779b97f4a7c15ULL; }
  static std::uint64_t hash_of(const Op& op) {
    return mix_hash(op.text, static_cast<std::uint64_t>(op.function));
  }
  State settled(const State& state, std::int64_t now) const {
    return state != lost && nodes_[state].last_get < now ? lost : state;
  }
  std::int64_t useful_until(const Op&) const { return last_get_; }
  /// Can appends alone lead from `state` to what the get `op` returned?
  bool may_lead_to(const State& state, const Op& op) const {
    if (state == lost) return false;
    const std::uint32_t target = node_of(op.text);
    return nodes_[state].first <= nodes_[target].first &&
           nodes_[target].first <= nodes_[state].last;
  }

  /// Everything before a get may show in it, except that a put hides what came before it.
  static bool needs(const Op& kept, const Op&) { return kept.function == StringFunction::get; }
  std::string words(const Op& op) const;

 private:
  static constexpr State lost = std::numeric_limits<State>::max();

  struct Node {
    std::int64_t last_get = std::numeric_limits<std::int64_t>::min();  ///< of it or an extension
    std::uint32_t parent = 0;
    std::uint32_t first = 0;  ///< numbers of its extensions in preorder: [first, last]
    std::uint32_t last = 0;
  };

  std::uint32_t text_number(std::string text);
  State node_of(std::uint32_t text) const { return node_of_text_[text]; }
  State child(State node, char c) const;
  State walk(State node, std::string_view text) const;
  State appended(State state, std::uint32_t text) const;

  const History& history_;
  bool absent_says_nothing_;
  std::map<std::string, std::uint32_t, std::less<>> numbers_;
  std::vector<const std::string*> texts_;  ///< by number
  std::uint32_t initial_text_ = 0;
  std::int64_t last_get_ = std::numeric_limits<std::int64_t>::min();

  std::vector<Node> nodes_;                                  ///< 0 is the empty string
  std::unordered_map<std::uint64_t, State> children_;        ///< by node and character
  std::vector<State> node_of_text_;                          ///< by text; lost if there is none
  mutable std::unordered_map<std::uint64_t, State> walked_;  ///< by node and text
};

}  // namespace assay
