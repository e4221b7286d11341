#include "checker/models/kv_string.h"

#include <algorithm>

namespace assay {
namespace {

constexpr std::int64_t long_ago = std::numeric_limits<std::int64_t>::min();

std::uint64_t edge(std::uint32_t node, std::uint32_t label) {
  return (std::uint64_t{node} << 32U) | label;
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const std::size_t length = std::min(a.size(), b.size());
  return static_cast<std::size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(length), b.begin()).first -
      a.begin());
}

}  // namespace

StringModel::StringModel(std::span<const std::string_view> texts, std::string_view initial,
                         std::span<const StringCall> calls)
    : texts_(texts), node_of_text_(texts.size(), lost), useful_until_(texts.size(), long_ago) {
  make_tree(calls);
  find_last_gets(calls);
  for (std::uint32_t text = 0; text < texts.size(); ++text) {
    if (node_of_text_[text] == lost) node_of_text_[text] = walk(0, texts[text]);
  }
  initial_ = walk(0, initial);
  find_uses(calls);
}

void StringModel::make_tree(std::span<const StringCall> calls) {
  std::vector<std::uint32_t> got;
  std::vector<bool> seen(texts_.size(), false);
  for (const StringCall& call : calls) {
    if (call.op.function != StringFunction::get || seen[call.op.text]) continue;
    seen[call.op.text] = true;
    got.push_back(call.op.text);
  }
  std::sort(got.begin(), got.end(),
            [&](std::uint32_t a, std::uint32_t b) { return texts_[a] < texts_[b]; });
  character_.assign(1, '\0');
  last_.assign(1, 0);
  // The path to the text before: node_at[length - 1].
  std::vector<State> path;
  std::string_view before;
  const auto close = [&](std::size_t length) {
    for (; path.size() > length; path.pop_back()) {
      last_[path.back()] = static_cast<State>(character_.size() - 1);
    }
  };
  for (const std::uint32_t text : got) {
    const std::string_view now = texts_[text];
    const std::size_t shared = common_prefix(before, now);
    close(shared);
    const State parent = path.empty() ? 0 : path.back();
    if (now.size() > shared && parent + 1 < character_.size()) {
      branches_.emplace(edge(parent, static_cast<unsigned char>(now[shared])),
                        static_cast<State>(character_.size()));
    }
    for (std::size_t i = shared; i < now.size(); ++i) {
      path.push_back(static_cast<State>(character_.size()));
      character_.push_back(now[i]);
      last_.push_back(0);
    }
    node_of_text_[text] = path.empty() ? 0 : path.back();
    before = now;
  }
  close(0);
  last_[0] = static_cast<State>(character_.size() - 1);
}

void StringModel::find_last_gets(std::span<const StringCall> calls) {
  last_end_.assign(character_.size(), long_ago);
  for (const StringCall& call : calls) {
    if (call.op.function != StringFunction::get) continue;
    const State node = node_of(call.op.text);
    last_end_[node] = std::max(last_end_[node], call.end);
  }
  // Up the tree: the children of a node follow one after the other.
  for (State node = static_cast<State>(character_.size()); node-- > 0;) {
    for (State child = node + 1; child <= last_[node]; child = last_[child] + 1) {
      last_end_[node] = std::max(last_end_[node], last_end_[child]);
    }
  }
}

/// Only pending calls ask.
void StringModel::find_uses(std::span<const StringCall> calls) {
  std::vector<bool> asked(texts_.size(), false);
  for (const StringCall& call : calls) {
    const std::uint32_t text = call.op.text;
    if (!call.pending()) continue;
    std::int64_t& useful = useful_until_[text];
    if (call.op.function == StringFunction::put && node_of(text) != lost) {
      useful = std::max(useful, last_end_[node_of(text)]);
    }
    if (call.op.function == StringFunction::append && !asked[text]) {
      asked[text] = true;
      useful = std::max(useful, last_get_with(text));
    }
  }
}

std::int64_t StringModel::last_get_with(std::uint32_t appended) const {
  std::int64_t last = long_ago;
  if (texts_[appended].empty()) return last;
  for (State node = 0; node < character_.size(); ++node) {
    const State next = walk(node, texts_[appended]);
    if (next != lost) last = std::max(last, last_end_[next]);
  }
  return last;
}

StringModel::State StringModel::child(State node, char c) const {
  if (last_[node] == node) return lost;
  if (character_[node + 1] == c) return node + 1;
  if (branches_.empty()) return lost;
  const auto found = branches_.find(edge(node, static_cast<unsigned char>(c)));
  return found == branches_.end() ? lost : found->second;
}

StringModel::State StringModel::walk(State node, std::string_view text) const {
  for (std::size_t i = 0; i < text.size() && node != lost; ++i) node = child(node, text[i]);
  return node;
}

}  // namespace assay
