#include "checker/linearizability/strings/string_witness.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string_view>
#include <utility>

#include "checker/linearizability/strings/string_search.h"

namespace assay {
namespace {

constexpr std::int64_t long_ago = std::numeric_limits<std::int64_t>::min();
/// A part of the history for which a search takes longer is no witness that one could follow.
constexpr std::uint64_t steps_for_a_part = 200'000;
/// Timing is worked out for witnesses that a person can read.
constexpr std::size_t readable_witness = 24;

bool is_get(const StringCall& call) { return call.op.function == StringFunction::get; }

void sort_unique(std::vector<std::uint32_t>& numbers) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
}

}  // namespace

StringWitnessFinder::StringWitnessFinder(const StringObject& object, const TokenTable& tokens,
                                         const SearchLimits& limits)
    : object_(object), tokens_(tokens), limits_(limits), begins_(object.texts.size(), false) {
  begins_[object.initial] = !object.texts[object.initial].empty();
  for (std::uint32_t i = 0; i < object.calls.size(); ++i) {
    const StringCall& call = object.calls[i];
    if (call.op.function == StringFunction::put) begins_[call.op.text] = true;
    if (!is_get(call)) changes_.push_back(i);
  }
}

StringWitness StringWitnessFinder::find(std::uint32_t failed_call, const StringSuspects& suspects) {
  StringWitness witness;
  for (const std::uint32_t get : suspects.gets) {
    if (is_unmakeable(get, witness)) return witness;
  }
  if (is_get(object_.calls[failed_call]) && is_unmakeable(failed_call, witness)) return witness;
  if (!suspects.gets.empty() && is_refuted(suspects)) return shrunk(suspects);
  limits_.steps = steps_for_a_part;
  for (std::size_t gets = 4; !limits_.time_is_up(); gets *= 4) {
    const StringSuspects subject = window(failed_call, gets);
    for (const std::uint32_t get : subject.gets) {
      if (tokens_.prefix_free() && made_of(get) == nullptr && is_unmakeable(get, witness)) {
        return witness;
      }
    }
    const bool whole = subject.gets.size() < gets;
    if (whole) limits_.steps = 0;
    if (is_refuted(subject)) return shrunk(subject);
    if (whole) break;
  }
  witness.calls.resize(object_.calls.size());
  std::iota(witness.calls.begin(), witness.calls.end(), 0U);
  return witness;
}

bool StringWitnessFinder::is_unmakeable(std::uint32_t get, StringWitness& witness) {
  const StringCall& call = object_.calls[get];
  if (!unmakeable_from(object_, object_.texts[call.op.text], call.end).has_value()) return false;
  witness.calls = {get};
  witness.refuted = true;
  witness.minimal = true;
  witness.unmakeable = true;
  return true;
}

/// nullptr: of nothing that was written.
const std::vector<std::uint32_t>* StringWitnessFinder::made_of(std::uint32_t get) {
  const std::uint32_t text = object_.calls[get].op.text;
  const auto found = made_.find(text);
  if (found != made_.end()) return &found->second;
  auto tokens = tokens_.parse(object_.texts[text]);
  if (!tokens.has_value()) return nullptr;
  return &made_.emplace(text, *std::move(tokens)).first->second;
}

/// The last gets that returned before the failure, with all tokens that were about then.
StringSuspects StringWitnessFinder::window(std::uint32_t failed_call, std::size_t gets) {
  // The search looks ahead: it may be a get that was open then which nothing explains.
  std::int64_t failure = object_.calls[failed_call].end;
  for (const StringCall& call : object_.calls) {
    if (call.start > object_.calls[failed_call].end) break;
    if (is_get(call)) failure = std::max(failure, call.end);
  }
  StringSuspects subject;
  for (std::uint32_t i = 0; i < object_.calls.size(); ++i) {
    const StringCall& call = object_.calls[i];
    if (is_get(call) && call.end <= failure) subject.gets.push_back(i);
  }
  std::stable_sort(subject.gets.begin(), subject.gets.end(), [&](std::uint32_t a, std::uint32_t b) {
    return object_.calls[a].end < object_.calls[b].end;
  });
  std::int64_t begin = long_ago;
  if (subject.gets.size() > gets) {
    subject.gets.erase(subject.gets.begin(),
                       subject.gets.end() - static_cast<std::ptrdiff_t>(gets));
    begin = failure;
    for (const std::uint32_t get : subject.gets) begin = std::min(begin, object_.calls[get].start);
  }
  std::sort(subject.gets.begin(), subject.gets.end());
  for (const std::uint32_t get : subject.gets) {
    if (!tokens_.prefix_free()) break;
    if (const Numbers* made = made_of(get)) {
      subject.tokens.insert(subject.tokens.end(), made->begin(), made->end());
    }
  }
  for (const std::uint32_t change : changes_) {
    const StringCall& call = object_.calls[change];
    if (call.start <= failure && call.end >= begin) {
      subject.tokens.push_back(tokens_.prefix_free() ? call.op.text : change);
    }
  }
  sort_unique(subject.tokens);
  return subject;
}

/// Could the change have a part in what the get found, as far as texts tell?
bool StringWitnessFinder::concerns(std::uint32_t change, std::uint32_t get,
                                   const Parts& parts) const {
  const StringOp& op = object_.calls[change].op;
  const bool put = op.function == StringFunction::put;
  const std::string_view text = object_.texts[op.text];
  if (text.empty()) return put;
  if (parts.restricts) return parts.keeps[op.text];
  if (parts.keeps[change]) return true;
  const std::string_view found = object_.texts[object_.calls[get].op.text];
  return put ? found.starts_with(text) : found.find(text) != std::string_view::npos;
}

StringWitnessFinder::Parts StringWitnessFinder::parts_of(const StringSuspects& subject) {
  Parts parts;
  parts.restricts = tokens_.prefix_free();
  parts.keeps.assign(std::max(object_.texts.size(), object_.calls.size()), false);
  for (const std::uint32_t token : subject.tokens) parts.keeps[token] = true;
  if (parts.restricts) {
    for (const std::uint32_t get : subject.gets) {
      const Numbers* made = made_of(get);
      if (made != nullptr && !made->empty() && begins_[made->front()]) {
        parts.keeps[made->front()] = true;
      }
    }
  }
  std::vector<bool> needed(changes_.size(), false);
  for (const std::uint32_t get : subject.gets) {
    const StringCall& reader = object_.calls[get];
    // What returned before the latest put that surely precedes the get began is hidden from it.
    std::int64_t hidden_until = long_ago;
    for (const std::uint32_t change : changes_) {
      const StringCall& call = object_.calls[change];
      if (call.start >= reader.start) break;
      if (call.op.function == StringFunction::put && call.end < reader.start &&
          concerns(change, get, parts)) {
        hidden_until = std::max(hidden_until, call.start);
      }
    }
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      const StringCall& call = object_.calls[changes_[i]];
      if (call.start > reader.end) break;
      if (call.end >= hidden_until && concerns(changes_[i], get, parts)) needed[i] = true;
    }
  }
  parts.calls = subject.gets;
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    if (needed[i]) parts.calls.push_back(changes_[i]);
  }
  sort_unique(parts.calls);
  return parts;
}

std::string StringWitnessFinder::restricted(std::uint32_t get, const Parts& parts) {
  const Numbers* made = parts.restricts ? made_of(get) : nullptr;
  if (made == nullptr) return std::string(object_.texts[object_.calls[get].op.text]);
  std::string text;
  for (const std::uint32_t token : *made) {
    if (parts.keeps[token]) text += object_.texts[token];
  }
  return text;
}

std::vector<Span> StringWitnessFinder::spans_of(const Numbers& calls) const {
  std::vector<Span> spans;
  for (const std::uint32_t i : calls)
    spans.push_back({object_.calls[i].start, object_.calls[i].end});
  return spans;
}

/// True also if the search did not come to an end.
bool StringWitnessFinder::has_legal_order(const Parts& parts, std::span<const Span> spans) {
  std::vector<std::string> own;
  own.reserve(parts.calls.size());
  std::vector<std::string_view> texts;
  std::unordered_map<std::string_view, std::uint32_t> number_of;
  const auto number = [&](std::string_view text) {
    const auto [at, added] = number_of.emplace(text, static_cast<std::uint32_t>(texts.size()));
    if (added) texts.push_back(text);
    return at->second;
  };
  std::vector<StringCall> calls;
  for (std::size_t i = 0; i < parts.calls.size(); ++i) {
    StringCall call = object_.calls[parts.calls[i]];
    if (is_get(call)) {
      own.push_back(restricted(parts.calls[i], parts));
      call.op.text = number(own.back());
    } else {
      call.op.text = number(object_.texts[call.op.text]);
    }
    call.start = spans[i].start;
    call.end = spans[i].end;
    calls.push_back(call);
  }
  std::stable_sort(calls.begin(), calls.end(),
                   [](const StringCall& a, const StringCall& b) { return a.start < b.start; });
  return search_string(texts, object_.texts[object_.initial], calls, limits_, false).answer !=
         SearchAnswer::not_linearizable;
}

bool StringWitnessFinder::is_refuted(const StringSuspects& subject) {
  const Parts parts = parts_of(subject);
  return !has_legal_order(parts, spans_of(parts.calls));
}

StringWitness StringWitnessFinder::shrunk(const StringSuspects& subject) {
  limits_.steps = steps_for_a_part;
  // Smaller subjects have fewer tokens, so no other changes.
  const Parts widest = parts_of(subject);
  if (widest.restricts) {
    std::erase_if(changes_, [&](std::uint32_t change) {
      const std::uint32_t text = object_.calls[change].op.text;
      return !widest.keeps[text] && !object_.texts[text].empty();
    });
  }
  const std::size_t gets = subject.gets.size();
  const auto chosen = [&](const Subset& units) {
    StringSuspects part;
    for (const std::uint32_t unit : units) {
      if (unit < gets) {
        part.gets.push_back(subject.gets[unit]);
      } else {
        part.tokens.push_back(subject.tokens[unit - gets]);
      }
    }
    return part;
  };
  Subset all(gets + subject.tokens.size());
  std::iota(all.begin(), all.end(), 0U);
  const Shrunk smallest = shrink(
      std::move(all),
      [&](const Subset& candidate, Subset& failing) {
        failing = candidate;
        return is_refuted(chosen(candidate));
      },
      [&] { return limits_.time_is_up(); });
  const Parts parts = parts_of(chosen(smallest.subset));
  StringWitness witness;
  witness.calls = parts.calls;
  witness.refuted = true;
  witness.minimal = smallest.minimal;
  for (std::uint32_t text = 0; text < object_.texts.size(); ++text) {
    if (parts.restricts && parts.keeps[text]) witness.tokens.push_back(text);
  }
  if (witness.calls.size() <= readable_witness) {
    witness.timing = essential_precedences(
        spans_of(witness.calls),
        [&](std::span<const Span> wider) { return !has_legal_order(parts, wider); });
  }
  return witness;
}

}  // namespace assay
