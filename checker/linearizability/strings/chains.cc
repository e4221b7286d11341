#include "checker/linearizability/strings/chains.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace assay {
namespace {

constexpr std::uint32_t none = TokenTable::none;

/// The longest string seen that begins with some token, and where its tokens end.
struct Chain {
  std::string_view text;
  std::uint32_t get = none;  ///< the call that returned it
  std::vector<std::uint32_t> tokens;
  std::vector<std::size_t> ends;
};

class ChainReader {
 public:
  ChainReader(const StringObject& object, const TokenTable& tokens)
      : object_(object),
        tokens_(tokens),
        writers_(object.texts.size(), 0),
        put_(object.texts.size(), false),
        before_(object.texts.size(), none),
        state_of_text_(object.texts.size(), unknown),
        chain_of_(object.texts.size(), none) {}

  std::optional<StringChains> read() {
    for (const StringCall& call : object_.calls) {
      if (call.op.function == StringFunction::get) continue;
      if (object_.texts[call.op.text].empty()) return std::nullopt;
      if (writers_[call.op.text] < 2) ++writers_[call.op.text];
      if (call.op.function == StringFunction::put) put_[call.op.text] = true;
    }
    // The initial text was there once already.
    if (has_initial()) ++writers_[object_.initial];
    result_.proof_of.assign(object_.texts.size(), none);
    for (std::uint32_t i = 0; i < object_.calls.size(); ++i) {
      const StringOp& op = object_.calls[i].op;
      if (op.function != StringFunction::get || state_of_text_[op.text] != unknown) continue;
      if (!follow(i)) break;
    }
    if (ambiguous_) return std::nullopt;
    if (!result_.conflict.has_value()) write_calls();
    return std::move(result_);
  }

 private:
  static constexpr std::uint32_t unknown = none - 1;

  bool has_initial() const { return !object_.texts[object_.initial].empty(); }

  /// Must a string with this token begin with it?
  bool begins(std::uint32_t token) const {
    return put_[token] || (has_initial() && token == object_.initial);
  }

  bool conflict(std::vector<std::uint32_t> gets, std::vector<std::uint32_t> tokens) {
    std::erase(gets, none);
    std::erase(tokens, none);
    result_.conflict = StringSuspects{std::move(gets), std::move(tokens)};
    return false;
  }

  bool ambiguous() {
    ambiguous_ = true;
    return false;
  }

  Chain& chain_beginning_with(std::uint32_t token) {
    // Whatever does not begin with a put grew from the empty text.
    std::uint32_t& chain = begins(token) ? chain_of_[token] : grown_;
    if (chain == none) {
      chain = static_cast<std::uint32_t>(chains_.size());
      chains_.emplace_back();
    }
    return chains_[chain];
  }

  /// Finds the state that the get `call` saw. False: the reading ends here.
  bool follow(std::uint32_t call) {
    const std::uint32_t text = object_.calls[call].op.text;
    const std::string_view string = object_.texts[text];
    if (string.empty()) {
      state_of_text_[text] = none;
      return !has_initial() || conflict({call}, {});
    }
    const std::uint32_t first = tokens_.at(string);
    if (first == none) return conflict({call}, {});
    if (writers_[first] > 1) return ambiguous();
    if (has_initial() && !begins(first)) return conflict({call}, {});
    Chain& chain = chain_beginning_with(first);
    const std::size_t common = std::min(chain.text.size(), string.size());
    if (std::memcmp(chain.text.data(), string.data(), common) != 0) return diverges(chain, call);
    if (string.size() > chain.text.size()) return extend(chain, call);
    const auto end = std::lower_bound(chain.ends.begin(), chain.ends.end(), string.size());
    if (end == chain.ends.end() || *end != string.size()) return conflict({call}, {});
    state_of_text_[text] = chain.tokens[static_cast<std::size_t>(end - chain.ends.begin())];
    return true;
  }

  bool extend(Chain& chain, std::uint32_t call) {
    const std::uint32_t text = object_.calls[call].op.text;
    const std::string_view string = object_.texts[text];
    std::size_t at = chain.text.size();
    while (at < string.size()) {
      const std::uint32_t token = tokens_.at(string.substr(at));
      if (token == none) return conflict({call}, {});
      if (writers_[token] > 1) return ambiguous();
      const std::uint32_t last = chain.tokens.empty() ? none : chain.tokens.back();
      if (result_.proof_of[token] != none || (begins(token) && last != none)) {
        return conflict({call, result_.proof_of[token]}, {token, last});
      }
      before_[token] = last;
      result_.proof_of[token] = call;
      at += object_.texts[token].size();
      chain.tokens.push_back(token);
      chain.ends.push_back(at);
    }
    chain.text = string;
    chain.get = call;
    state_of_text_[text] = chain.tokens.back();
    return true;
  }

  /// Two strings with the same beginning neither of which goes on as the other does.
  bool diverges(const Chain& chain, std::uint32_t call) {
    const std::string_view string = object_.texts[object_.calls[call].op.text];
    std::size_t at = 0;
    for (const std::uint32_t token : chain.tokens) {
      const std::uint32_t here = tokens_.at(string.substr(at));
      if (here != token) return conflict({call, chain.get}, {token, here});
      at += object_.texts[token].size();
    }
    return conflict({call, chain.get}, {});
  }

  /// 0 is the initial value; a token's value means that the string ends with it.
  std::uint32_t value_of(std::uint32_t token) const {
    return token == none || (has_initial() && token == object_.initial) ? 0 : token + 1;
  }

  void write_calls() {
    result_.value_count = object_.texts.size() + 1;
    result_.calls.reserve(object_.calls.size());
    result_.call_of.reserve(object_.calls.size());
    for (std::uint32_t i = 0; i < object_.calls.size(); ++i) {
      const StringCall& call = object_.calls[i];
      const std::uint32_t text = call.op.text;
      const bool shown = result_.proof_of[text] != none;
      RegisterOp op{value_of(text), 0, RegisterFunction::write};
      if (call.op.function == StringFunction::get) {
        op = {value_of(state_of_text_[text]), 0, RegisterFunction::read};
      } else if (call.op.function == StringFunction::append && shown) {
        op = {value_of(text), value_of(before_[text]), RegisterFunction::cas};
      }
      if (call.pending() && !shown) continue;
      result_.calls.push_back({call.start, call.end, call.event, op});
      result_.call_of.push_back(i);
    }
  }

  const StringObject& object_;
  const TokenTable& tokens_;
  std::vector<std::uint8_t> writers_;         ///< by text: how often it was written, at most 2
  std::vector<bool> put_;                     ///< by text
  std::vector<std::uint32_t> before_;         ///< by text: the token before it; none: none
  std::vector<std::uint32_t> state_of_text_;  ///< by text that a get returned: its last token
  std::vector<std::uint32_t> chain_of_;       ///< by text that a string begins with
  std::uint32_t grown_ = none;
  std::vector<Chain> chains_;
  StringChains result_;
  bool ambiguous_ = false;
};

}  // namespace

std::optional<StringChains> read_chains(const StringObject& object, const TokenTable& tokens) {
  if (!tokens.prefix_free()) return std::nullopt;
  return ChainReader(object, tokens).read();
}

}  // namespace assay
