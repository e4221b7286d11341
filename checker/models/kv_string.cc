#include "checker/models/kv_string.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay {
namespace {

std::uint64_t edge(std::uint32_t node, std::uint32_t label) {
  return (std::uint64_t{node} << 32U) | label;
}

}  // namespace

StringModel::StringModel(const History& history, const CheckOptions&)
    : history_(history), absent_says_nothing_(history.info().nil_read == NilRead::unconstrained) {
  const auto* text = history.info().initial.get_if<std::string>();
  initial_text_ = text_number(text != nullptr ? *text : std::string());
}

std::uint32_t StringModel::text_number(std::string text) {
  const auto [found, added] =
      numbers_.emplace(std::move(text), static_cast<std::uint32_t>(texts_.size()));
  if (added) texts_.push_back(&found->first);
  return found->second;
}

Result<std::optional<StringOp>> StringModel::decode(const Operation& operation) {
  const std::string_view name = history_.function_name(operation.function);
  const auto wrong = [&](const std::string& what) {
    return Error{ErrorKind::bad_data, fmt::format("event {}: {}; name another --datatype",
                                                  operation.invoke_event, what)};
  };
  Op op{StringFunction::get, 0};
  if (name == "put") op.function = StringFunction::put;
  if (name == "append") op.function = StringFunction::append;
  if (name != "get" && op.function == StringFunction::get) {
    return wrong(fmt::format("a string has no function '{}', expected get, put or append", name));
  }
  const bool is_get = op.function == StringFunction::get;
  if (is_get && operation.outcome != Outcome::ok) return std::optional<Op>();
  const Value value = history_.value(is_get ? operation.result : operation.argument);
  // A key that was never put reads as the empty string.
  if (value.is_nil() && is_get) {
    if (absent_says_nothing_) return std::optional<Op>();
    op.text = text_number({});
    return std::optional(op);
  }
  const auto* text = value.get_if<std::string>();
  if (text == nullptr) return wrong("expected a string, got " + to_text(value));
  op.text = text_number(*text);
  return std::optional(op);
}

void StringModel::prepare(std::span<const Call<Op>> calls) {
  nodes_.assign(1, Node{});
  children_.clear();
  const auto node_for = [&](std::string_view text) {
    State node = 0;
    for (const char c : text) {
      const auto [found, added] = children_.emplace(edge(node, static_cast<unsigned char>(c)),
                                                    static_cast<State>(nodes_.size()));
      if (added) {
        nodes_.emplace_back();
        nodes_.back().parent = node;
      }
      node = found->second;
    }
    return node;
  };
  std::vector<State> get_node(texts_.size(), lost);
  for (const Call<Op>& call : calls) {
    if (call.op.function != StringFunction::get) continue;
    State& node = get_node[call.op.text];
    if (node == lost) node = node_for(*texts_[call.op.text]);
    nodes_[node].last_get = std::max(nodes_[node].last_get, call.end);
    last_get_ = std::max(last_get_, call.end);
  }
  // Parents have smaller numbers than their children.
  std::vector<std::uint32_t> size(nodes_.size(), 1);
  for (State node = static_cast<State>(nodes_.size()); --node > 0;) {
    Node& parent = nodes_[nodes_[node].parent];
    parent.last_get = std::max(parent.last_get, nodes_[node].last_get);
    size[nodes_[node].parent] += size[node];
  }
  std::vector<std::uint32_t> next(nodes_.size(), 1);
  for (State node = 0; node < nodes_.size(); ++node) {
    const State parent = nodes_[node].parent;
    if (node != 0) {
      nodes_[node].first = nodes_[parent].first + next[parent];
      next[parent] += size[node];
    }
    nodes_[node].last = nodes_[node].first + size[node] - 1;
  }
  node_of_text_.resize(texts_.size());
  for (std::uint32_t text = 0; text < texts_.size(); ++text) {
    node_of_text_[text] = walk(0, *texts_[text]);
  }
}

StringModel::State StringModel::child(State node, char c) const {
  const auto found = children_.find(edge(node, static_cast<unsigned char>(c)));
  return found == children_.end() ? lost : found->second;
}

StringModel::State StringModel::walk(State node, std::string_view text) const {
  for (std::size_t i = 0; i < text.size() && node != lost; ++i) node = child(node, text[i]);
  return node;
}

StringModel::State StringModel::appended(State state, std::uint32_t text) const {
  if (state == lost) return lost;
  const auto [found, added] = walked_.emplace(edge(state, text), lost);
  if (added) found->second = walk(state, *texts_[text]);
  return found->second;
}

std::string StringModel::words(const Op& op) const {
  const std::string text = to_text(Value(*texts_[op.text]));
  switch (op.function) {
    case StringFunction::get:
      return "got " + text;
    case StringFunction::put:
      return "put " + text;
    case StringFunction::append:
      break;
  }
  return "appended " + text;
}

}  // namespace assay
