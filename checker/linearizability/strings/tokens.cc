#include "checker/linearizability/strings/tokens.h"

#include <algorithm>
#include <set>
#include <unordered_set>
#include <utility>

namespace assay {
namespace {

constexpr std::uint64_t hash_of_nothing = 0xcbf29ce484222325ULL;

std::uint64_t hash_with(std::uint64_t hash, char c) {
  return (hash ^ static_cast<unsigned char>(c)) * 0x9fb21c651e98df25ULL;
}

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = hash_of_nothing;
  for (const char c : text) hash = hash_with(hash, c);
  return hash;
}

}  // namespace

TokenTable::TokenTable(const StringObject& object) : texts_(object.texts) {
  std::vector<bool> is_token(texts_.size(), false);
  is_token[object.initial] = true;
  for (const StringCall& call : object.calls) {
    if (call.op.function != StringFunction::get) is_token[call.op.text] = true;
  }
  std::size_t count = 0;
  std::size_t longest = 0;
  for (std::uint32_t text = 0; text < texts_.size(); ++text) {
    if (texts_[text].empty()) is_token[text] = false;
    if (!is_token[text]) continue;
    ++count;
    longest = std::max(longest, texts_[text].size());
  }
  std::size_t size = 16;
  while (size < 2 * count) size *= 2;
  table_.resize(size);
  filter_.resize(8 * size);
  has_length_.assign(longest + 1, false);
  // Each token's slot is a miss of the cache: a batch of them is fetched at a time.
  constexpr std::size_t batch_size = 32;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> batch;
  const auto insert_batch = [&] {
    for (const auto& [hash, token] : batch) insert(hash, token);
    batch.clear();
  };
  for (std::uint32_t text = 0; text < texts_.size(); ++text) {
    if (!is_token[text]) continue;
    batch.emplace_back(hash_of(texts_[text]), text);
    __builtin_prefetch(&table_[slot_of(batch.back().first)], 1);
    if (batch.size() == batch_size) insert_batch();
  }
  insert_batch();
  for (std::uint32_t text = 0; text < texts_.size() && prefix_free_; ++text) {
    if (is_token[text]) {
      prefix_free_ = at(texts_[text].substr(0, texts_[text].size() - 1)) == none;
    }
  }
}

void TokenTable::insert(std::uint64_t hash, std::uint32_t token) {
  std::size_t i = slot_of(hash);
  while (table_[i].token != none) i = (i + 1) & (table_.size() - 1);
  table_[i] = {static_cast<std::uint32_t>(hash), token};
  filter_[(hash >> 24U) & (filter_.size() - 1)] = true;
  has_length_[texts_[token].size()] = true;
}

std::uint32_t TokenTable::find(std::uint64_t hash, std::string_view text) const {
  if (!filter_[(hash >> 24U) & (filter_.size() - 1)]) return none;
  std::size_t i = slot_of(hash);
  for (; table_[i].token != none; i = (i + 1) & (table_.size() - 1)) {
    if (table_[i].hash == static_cast<std::uint32_t>(hash) && texts_[table_[i].token] == text)
      return table_[i].token;
  }
  return none;
}

std::uint32_t TokenTable::at(std::string_view rest) const {
  std::uint64_t hash = hash_of_nothing;
  const std::size_t longest = std::min(rest.size(), has_length_.size() - 1);
  for (std::size_t length = 1; length <= longest; ++length) {
    hash = hash_with(hash, rest[length - 1]);
    if (!has_length_[length]) continue;
    const std::uint32_t token = find(hash, rest.substr(0, length));
    if (token != none) return token;
  }
  return none;
}

std::optional<std::vector<std::uint32_t>> TokenTable::parse(std::string_view text) const {
  std::vector<std::uint32_t> tokens;
  while (!text.empty()) {
    const std::uint32_t token = at(text);
    if (token == none) return std::nullopt;
    tokens.push_back(token);
    text.remove_prefix(texts_[token].size());
  }
  return tokens;
}

std::optional<std::size_t> unmakeable_from(const StringObject& object, std::string_view text,
                                           std::int64_t end) {
  std::unordered_set<std::string_view> appended;
  std::set<std::size_t> lengths;
  std::vector<bool> reached(text.size() + 1, false);
  const auto begin_with = [&](std::string_view first) {
    if (text.starts_with(first)) reached[first.size()] = true;
  };
  begin_with(object.texts[object.initial]);
  for (const StringCall& call : object.calls) {
    if (call.start > end) break;
    const std::string_view token = object.texts[call.op.text];
    if (call.op.function == StringFunction::put) begin_with(token);
    if (call.op.function != StringFunction::append || token.empty()) continue;
    appended.insert(token);
    lengths.insert(token.size());
  }
  std::size_t furthest = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!reached[at]) continue;
    furthest = at;
    for (const std::size_t length : lengths) {
      if (at + length > text.size()) break;
      if (appended.contains(text.substr(at, length))) reached[at + length] = true;
    }
  }
  if (reached.back()) return std::nullopt;
  return furthest;
}

}  // namespace assay
