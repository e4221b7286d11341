#include "checker/certificate/rules.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "checker/certificate/refuse.h"

namespace assay {
namespace {

/// What an operation on a log says: the elements it shows, and how long the log was just before
/// and after it.
struct LogFacts {
  std::map<std::int64_t, Value> elements;
  std::int64_t at_least = 0;  ///< before it
  std::int64_t at_most = std::numeric_limits<std::int64_t>::max();
  std::int64_t afterwards = 0;  ///< at least
  bool known = false;
};

LogFacts facts_of(const Act& act) {
  LogFacts facts;
  if (!act.returned) return facts;
  if (act.f == "send") {
    const auto* offset = act.result.get_if<std::int64_t>();
    if (offset == nullptr || *offset < 0) return facts;
    facts.elements.emplace(*offset, act.argument);
    facts.at_least = facts.at_most = *offset;
    facts.afterwards = *offset + 1;
    facts.known = true;
    return facts;
  }
  const auto* from = act.argument.get_if<std::int64_t>();
  const std::int64_t first = from == nullptr ? 0 : std::max<std::int64_t>(0, *from);
  const auto* found = act.result.get_if<Value::List>();
  if (act.f != "poll" || found == nullptr) return facts;
  for (std::size_t i = 0; i < found->size(); ++i) {
    facts.elements.emplace(first + static_cast<std::int64_t>(i), (*found)[i]);
  }
  facts.at_most = first + static_cast<std::int64_t>(found->size());
  facts.at_least = found->empty() ? 0 : facts.at_most;
  facts.afterwards = facts.at_least;
  facts.known = true;
  return facts;
}

std::uint64_t magnitude(std::int64_t number) {
  return number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
}

/// Offsets of sends that did not tell theirs, by element: from what the acts show, if every other
/// send of the element did tell, and told another.
std::map<Value, std::int64_t> learn_offsets(const std::vector<Act>& acts, const EachAct& each) {
  std::map<Value, std::size_t> untold;
  std::map<Value, std::set<std::int64_t>> told;
  each([&](const Act& act) {
    if (act.f != "send") return;
    if (!act.returned) ++untold[act.argument];
    if (const auto* offset = act.result.get_if<std::int64_t>()) told[act.argument].insert(*offset);
  });
  std::map<Value, std::int64_t> learned;
  for (const Act& act : acts) {
    for (const auto& [offset, element] : facts_of(act).elements) {
      if (untold[element] == 1 && !told[element].contains(offset)) learned[element] = offset;
    }
  }
  return learned;
}

/// Can the offsets below `length` have been filled by the time `act` returned? Every send fills one
/// at most, and those whose offset is known that one.
bool filled(const Act& act, std::int64_t length, const std::map<Value, std::int64_t>& learned,
            const EachAct& each) {
  std::set<std::int64_t> known;
  std::int64_t unknown = 0;
  each([&](const Act& other) {
    if (other.f != "send" || other.index == act.index || other.start > act.end) return;
    const auto at = learned.find(other.argument);
    const auto* offset = other.result.get_if<std::int64_t>();
    if (!other.returned) {
      if (at != learned.end()) offset = &at->second;
      unknown += offset == nullptr ? 1 : 0;
    }
    if (offset != nullptr && *offset < length) known.insert(*offset);
  });
  return static_cast<std::int64_t>(known.size()) + unknown >= length;
}

/// Were the elements that the acts show sent often enough, and in time?
bool sent(const std::vector<Act>& acts, const EachAct& each) {
  std::map<Value, std::set<std::int64_t>> shown;
  std::int64_t latest = std::numeric_limits<std::int64_t>::min();
  for (const Act& act : acts) {
    for (const auto& [offset, element] : facts_of(act).elements) shown[element].insert(offset);
    if (act.returned) latest = std::max(latest, act.end);
  }
  std::map<Value, std::size_t> sends;
  each([&](const Act& act) {
    if (act.f == "send" && act.start <= latest) ++sends[act.argument];
  });
  return std::all_of(shown.begin(), shown.end(),
                     [&](const auto& entry) { return entry.second.size() <= sends[entry.first]; });
}

}  // namespace

Status refute_permits(const EachAct& each, Evidence& evidence) {
  std::int64_t from = never;
  std::int64_t to = std::numeric_limits<std::int64_t>::min();
  std::int64_t acquired = 0;
  std::int64_t released = 0;
  for (const Act& act : evidence.acts) {
    if (!act.returned) return refuse("an operation of the witness did not return");
    from = std::min(from, act.start);
    to = std::max(to, act.end);
    ++(act.f == "acquire" ? acquired : released);
  }
  std::int64_t may_acquire = 0;  // touch the window
  std::int64_t may_release = 0;
  std::int64_t begun = 0;  // acquires before the end of the window
  each([&](const Act& act) {
    const bool acquires = act.f == "acquire";
    begun += acquires && act.start <= to ? 1 : 0;
    if (act.start <= to && act.end >= from) ++(acquires ? may_acquire : may_release);
  });
  const auto* number = evidence.info.initial.get_if<std::int64_t>();
  const std::int64_t permits = number == nullptr ? 1 : *number;
  evidence.refuted =
      acquired - may_release > permits || released - may_acquire > permits || released > begun;
  if (evidence.refuted) return {};
  return refuse("the acquires and releases of the witness do not exceed the permits");
}

bool refute_counter(const EachAct& each, Evidence& evidence) {
  const std::vector<Act>& acts = evidence.acts;
  if (acts.size() > 2) return false;
  for (const Act& act : acts) {
    if (act.f != "read" || !act.returned || !act.result.is<std::int64_t>()) return false;
  }
  const Act& last = acts.front().start <= acts.back().start ? acts.back() : acts.front();
  const Act& first = acts.front().start <= acts.back().start ? acts.front() : acts.back();
  const bool pair = acts.size() == 2;
  if (pair && first.end >= last.start) return false;
  // Sums fit: amounts are added as 128-bit numbers.
  __extension__ using Wide = __int128;
  Wide certainly = 0;  // between the two reads, or since the beginning
  Wide at_most = 0;
  std::uint64_t step = 0;
  bool up = true;
  bool down = true;
  bool odd = false;
  each([&](const Act& act) {
    std::int64_t amount = 0;
    if (!adds(act, amount)) {
      odd = odd || act.f != "read";
      return;
    }
    up = up && amount >= 0;
    down = down && amount <= 0;
    step = std::gcd(step, magnitude(amount));
    const bool before_last = act.start <= last.end;
    const bool after_first = !pair || act.end >= first.start;
    if (before_last && after_first) at_most += amount;
    if (act.end < last.start && (!pair || act.start > first.end)) certainly += amount;
  });
  if (odd) return false;
  const auto* initial = evidence.info.initial.get_if<std::int64_t>();
  const Wide base =
      pair ? *first.result.get_if<std::int64_t>() : (initial == nullptr ? 0 : *initial);
  const Wide change = *last.result.get_if<std::int64_t>() - base;
  // Every sum is a multiple of what all amounts are multiples of.
  const Wide distance = change < 0 ? -change : change;
  if (!pair && step != 0 && distance % static_cast<Wide>(step) != 0) evidence.refuted = true;
  if (evidence.refuted || (!up && !down)) return evidence.refuted;
  evidence.refuted =
      up ? (change < certainly || change > at_most) : (change > certainly || change < at_most);
  return evidence.refuted;
}

Status refute_log(const EachAct& each, Evidence& evidence) {
  const std::vector<Act>& acts = evidence.acts;
  const auto learned = learn_offsets(acts, each);
  std::vector<LogFacts> facts;
  for (const Act& act : acts) {
    facts.push_back(facts_of(act));
    const auto at = learned.find(act.argument);
    if (act.f == "send" && !act.returned && at != learned.end()) {
      facts.back().at_least = facts.back().at_most = at->second;
      facts.back().afterwards = at->second + 1;
      facts.back().known = true;
    }
    const std::int64_t length = facts.back().at_least;
    if (act.returned && length > 0 && !filled(act, length, learned, each)) evidence.refuted = true;
  }
  if (!sent(acts, each)) evidence.refuted = true;
  for (std::size_t i = 0; i < acts.size(); ++i) {
    const LogFacts& a = facts[i];
    for (std::size_t j = 0; j < acts.size(); ++j) {
      const LogFacts& b = facts[j];
      if (i == j || !a.known || !b.known) continue;
      const bool two_sends = acts[i].f == "send" && acts[j].f == "send";
      if (two_sends && a.at_least == b.at_least) evidence.refuted = true;
      for (const auto& [offset, element] : a.elements) {
        const auto other = b.elements.find(offset);
        if (other != b.elements.end() && !(other->second == element)) evidence.refuted = true;
      }
      if (acts[i].end < acts[j].start && a.afterwards > b.at_most) evidence.refuted = true;
    }
  }
  if (evidence.refuted) return {};
  return refuse("the operations of the witness agree on the log");
}

}  // namespace assay
