#include "checker/certificate/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "checker/certificate/refuse.h"

namespace assay {
namespace {

/// A put or append of the key.
struct Change {
  OpIndex index;
  std::uint64_t event;
  std::int64_t start;
  std::int64_t end;
  bool put;
  bool in_witness;
  std::string text;
};

/// A get of the witness.
struct Found {
  std::int64_t start;
  std::int64_t end;
  std::string text;
};

std::string text_of(const Value& value) {
  const auto* text = value.get_if<std::string>();
  return text == nullptr ? std::string() : *text;
}

/// The tokens of a key, none the beginning of another, so that a string is made of them in one way.
class Tokens {
 public:
  explicit Tokens(std::set<std::string> tokens) : sorted_(tokens.begin(), tokens.end()) {}

  /// In order, what begins with a token follows it.
  bool distinct() const {
    return std::adjacent_find(sorted_.begin(), sorted_.end(),
                              [](const std::string& a, const std::string& b) {
                                return b.starts_with(a);
                              }) == sorted_.end();
  }
  bool has(const std::string& text) const {
    return std::binary_search(sorted_.begin(), sorted_.end(), text);
  }
  std::optional<std::vector<std::string>> split(std::string_view text) const {
    std::vector<std::string> parts;
    while (!text.empty()) {
      const auto after = std::upper_bound(sorted_.begin(), sorted_.end(), text);
      if (after == sorted_.begin() || !text.starts_with(*(after - 1))) return std::nullopt;
      parts.push_back(*(after - 1));
      text.remove_prefix(parts.back().size());
    }
    return parts;
  }

 private:
  std::vector<std::string> sorted_;
};

class TextClosure {
 public:
  TextClosure(const Witness& witness, const EachAct& each, Evidence& evidence)
      : witness_(witness), evidence_(evidence), initial_(text_of(evidence.info.initial)) {
    each([&](const Act& act) {
      if (act.f == "get") return;
      const bool inside = std::any_of(evidence.acts.begin(), evidence.acts.end(),
                                      [&](const Act& other) { return other.index == act.index; });
      changes_.push_back({act.index, act.event, act.start, act.end, act.f == "put", inside,
                          text_of(act.argument)});
    });
    for (const Act& act : evidence.acts) {
      if (act.f == "get") gets_.push_back({act.start, act.end, text_of(act.result)});
    }
  }

  Status run() {
    for (const Act& act : evidence_.acts) {
      if (act.f == "get" || act.f == "put" || act.f == "append") continue;
      return refuse(fmt::format("event {} is no operation of a string", act.event));
    }
    if (!witness_.values.empty()) {
      if (auto status = restrict_gets(); !status) return status;
    } else if (evidence_.acts.size() == 1 && gets_.size() == 1 && !can_be_made(gets_.front())) {
      evidence_.refuted = true;
      return {};
    }
    for (std::size_t i = 0; i < gets_.size(); ++i) {
      if (auto status = check_get(i); !status) return status;
    }
    return {};
  }

 private:
  /// From the initial text, or a put, by appends, of operations that began before the get returned?
  bool can_be_made(const Found& found) const {
    std::set<std::size_t> ends;  // of beginnings that can be made
    if (found.text.starts_with(initial_)) ends.insert(initial_.size());
    std::set<std::string_view> appended;
    std::set<std::size_t> lengths;
    for (const Change& change : changes_) {
      if (change.start > found.end) continue;
      if (change.put && found.text.starts_with(change.text)) ends.insert(change.text.size());
      if (change.put || change.text.empty()) continue;
      appended.insert(change.text);
      lengths.insert(change.text.size());
    }
    for (; !ends.empty(); ends.erase(ends.begin())) {
      const std::size_t at = *ends.begin();
      if (at == found.text.size()) return true;
      const std::string_view rest = std::string_view(found.text).substr(at);
      for (const std::size_t length : lengths) {
        if (length > rest.size()) break;
        if (appended.contains(rest.substr(0, length))) ends.insert(at + length);
      }
    }
    return false;
  }

  Status restrict_gets() {
    std::set<std::string> all;
    if (!initial_.empty()) all.insert(initial_);
    for (const Change& change : changes_) {
      if (!change.text.empty()) all.insert(change.text);
    }
    const Tokens tokens(std::move(all));
    if (!tokens.distinct()) {
      return refuse("a token of the string begins with another one, so it cannot be restricted");
    }
    for (const Value& value : witness_.values) {
      if (!value.is<std::string>() || !tokens.has(text_of(value))) {
        return refuse(fmt::format("{} is no token of the string", to_text(value)));
      }
      chosen_.insert(text_of(value));
    }
    for (const Change& change : changes_) {
      if (change.in_witness && !change.text.empty() && !chosen_.contains(change.text)) {
        return refuse(fmt::format("event {} is about none of the tokens", change.event));
      }
    }
    std::size_t get = 0;
    for (Act& act : evidence_.acts) {
      if (act.f != "get") continue;
      const auto parts = tokens.split(gets_[get++].text);
      if (!parts.has_value()) {
        return refuse(fmt::format("event {} found what is not made of tokens", act.event));
      }
      if (auto status = check_beginning(act, *parts); !status) return status;
      std::string kept;
      for (const std::string& part : *parts) {
        if (chosen_.contains(part)) kept += part;
      }
      act.result = Value(std::move(kept));
    }
    return {};
  }

  /// The put that a string begins with hides what was before it, so it must not be left out;
  /// neither must the initial text, which nobody put.
  Status check_beginning(const Act& act, const std::vector<std::string>& parts) const {
    if (parts.empty() || chosen_.contains(parts.front())) return {};
    const bool put = parts.front() == initial_ ||
                     std::any_of(changes_.begin(), changes_.end(), [&](const Change& change) {
                       return change.put && change.text == parts.front();
                     });
    if (!put) return {};
    return refuse(fmt::format("what event {} found begins with a put, but not with a chosen token",
                              act.event));
  }

  bool concerns(const Change& change, const Found& found) const {
    if (change.text.empty()) return change.put;
    if (!chosen_.empty()) return chosen_.contains(change.text);
    return change.put ? found.text.starts_with(change.text)
                      : found.text.find(change.text) != std::string::npos;
  }

  /// Whatever could have a part in what the get found must be in the witness, unless it began later
  /// or lies before a put of the witness that lies before the get.
  Status check_get(std::size_t get) const {
    const Found& found = gets_[get];
    std::int64_t hidden_until = std::numeric_limits<std::int64_t>::min();
    for (const Change& change : changes_) {
      if (change.in_witness && change.put && change.end < found.start) {
        hidden_until = std::max(hidden_until, change.start);
      }
    }
    for (const Change& change : changes_) {
      if (change.in_witness || change.start > found.end || change.end < hidden_until) continue;
      if (!concerns(change, found)) continue;
      return refuse(fmt::format(
          "the witness is not closed: event {} could have had a part in what a get found, but is "
          "not in it",
          change.event));
    }
    return {};
  }

  const Witness& witness_;
  Evidence& evidence_;
  std::string initial_;
  std::vector<Change> changes_;
  std::vector<Found> gets_;       ///< with their whole strings
  std::set<std::string> chosen_;  ///< empty: gets are not restricted
};

}  // namespace

Status close_text(const Witness& witness, const EachAct& each, Evidence& evidence) {
  return TextClosure(witness, each, evidence).run();
}

}  // namespace assay
