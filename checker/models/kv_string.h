#pragma once
// The string: get, put, and append to the end, as in the logs of key-value stores under test. One
// object a key.
//
// A state matters only as far as some get can tell it, so the states are the prefixes of what the
// gets returned, as nodes of their prefix tree, and one more for every other string, which only a
// put leads out of.

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "checker/models/model.h"

namespace assay {

enum class StringFunction : std::uint8_t { get, put, append };

struct StringOp {
  StringFunction function;
  std::uint32_t text;  ///< the number of its argument or result; the same exactly if that is
  bool operator==(const StringOp&) const = default;
};
using StringCall = Call<StringOp>;

/// A SequentialModel of one string.
class StringModel {
 public:
  using State = std::uint32_t;
  using Op = StringOp;

  /// `texts`: by number; they outlive the model. O(total length * log) for what the gets returned.
  StringModel(std::span<const std::string_view> texts, std::string_view initial,
              std::span<const StringCall> calls);

  State initial() const { return initial_; }
  std::optional<State> step(const State& state, const Op& op) const {
    switch (op.function) {
      case StringFunction::get:
        return node_of(op.text) == state ? std::optional<State>(state) : std::nullopt;
      case StringFunction::put:
        return node_of(op.text);
      case StringFunction::append:
        break;
    }
    return walk(state, texts_[op.text]);
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
  static State settled(const State& state, std::int64_t) { return state; }
  /// A put of what no get shows, and an append that fits nowhere, help nobody.
  std::int64_t useful_until(const Op& op) const { return useful_until_[op.text]; }
  static State hidden() { return lost; }
  bool may_lead_to(const State& state, const Op& op) const {
    if (state == lost) return false;
    const State target = node_of(op.text);
    return state <= target && target <= last_[state];
  }

 private:
  static constexpr State lost = std::numeric_limits<State>::max();

  void make_tree(std::span<const StringCall> calls);
  void find_last_gets(std::span<const StringCall> calls);
  void find_uses(std::span<const StringCall> calls);
  std::int64_t last_get_with(std::uint32_t appended) const;
  State node_of(std::uint32_t text) const { return node_of_text_[text]; }
  State child(State node, char c) const;
  State walk(State node, std::string_view text) const;

  std::span<const std::string_view> texts_;
  State initial_ = lost;

  // The prefix tree, its nodes numbered in preorder: 0 is the empty string, and a node's first
  // child is the next node.
  std::vector<char> character_;         ///< by node: the last of its string
  std::vector<State> last_;             ///< by node: its extensions are node … last_[node]
  std::vector<std::int64_t> last_end_;  ///< by node: of the gets of it and of its extensions
  std::unordered_map<std::uint64_t, State> branches_;  ///< other children, by node and character

  std::vector<State> node_of_text_;         ///< by text; lost if there is none
  std::vector<std::int64_t> useful_until_;  ///< by text
};

}  // namespace assay
