#include "checker/certificate/rules.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>

namespace assay {
namespace {

Error refuse(const char* why) { return {ErrorKind::bad_data, std::string("certificate: ") + why}; }

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

}  // namespace

Status refute_permits(const EachAct& each, Evidence& evidence) {
  std::int64_t from = never;
  std::int64_t to = std::numeric_limits<std::int64_t>::min();
  for (const Act& act : evidence.acts) {
    from = std::min(from, act.start);
    if (act.returned) to = std::max(to, act.end);
  }
  std::int64_t acquired = 0;  // began and returned in the window
  std::int64_t released = 0;
  std::int64_t may_acquire = 0;  // touch the window
  std::int64_t may_release = 0;
  bool from_the_start = true;
  each([&](const Act& act) {
    const bool inside = act.returned && from <= act.start && act.end <= to;
    const bool touches = act.start <= to && act.end >= from;
    if (act.end < from) from_the_start = false;
    if (act.f == "acquire") {
      acquired += inside ? 1 : 0;
      may_acquire += touches ? 1 : 0;
    } else {
      released += inside ? 1 : 0;
      may_release += touches ? 1 : 0;
    }
  });
  const auto* number = evidence.info.initial.get_if<std::int64_t>();
  const std::int64_t permits = number == nullptr ? 1 : *number;
  const std::int64_t held_before = from_the_start ? 0 : permits;
  evidence.refuted = acquired - may_release > permits || released - may_acquire > held_before;
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
    const bool before_last = act.start <= last.end;
    const bool after_first = !pair || act.end >= first.start;
    if (before_last && after_first) at_most += amount;
    if (act.end < last.start && (!pair || act.start > first.end)) certainly += amount;
  });
  if (odd || (!up && !down)) return false;
  const auto* initial = evidence.info.initial.get_if<std::int64_t>();
  const Wide base =
      pair ? *first.result.get_if<std::int64_t>() : (initial == nullptr ? 0 : *initial);
  const Wide change = *last.result.get_if<std::int64_t>() - base;
  evidence.refuted =
      up ? (change < certainly || change > at_most) : (change > certainly || change < at_most);
  return evidence.refuted;
}

Status refute_log(const EachAct& each, Evidence& evidence) {
  const std::vector<Act>& acts = evidence.acts;
  for (std::size_t i = 0; i < acts.size(); ++i) {
    const LogFacts a = facts_of(acts[i]);
    if (!a.known) continue;
    for (std::size_t j = 0; j < acts.size(); ++j) {
      const LogFacts b = facts_of(acts[j]);
      if (i == j || !b.known) continue;
      const bool two_sends = acts[i].f == "send" && acts[j].f == "send";
      if (two_sends && a.at_least == b.at_least) evidence.refuted = true;
      for (const auto& [offset, element] : a.elements) {
        const auto other = b.elements.find(offset);
        if (other != b.elements.end() && !(other->second == element)) evidence.refuted = true;
      }
      if (acts[i].end < acts[j].start && a.afterwards > b.at_most) evidence.refuted = true;
    }
    // An element that nobody sent in time.
    std::set<Value> shown;
    for (const auto& [offset, element] : a.elements) shown.insert(element);
    if (acts[i].f == "poll") {
      each([&](const Act& act) {
        if (act.f == "send" && act.start <= acts[i].end) shown.erase(act.argument);
      });
      if (!shown.empty()) evidence.refuted = true;
    }
  }
  if (evidence.refuted) return {};
  return refuse("the operations of the witness agree on the log");
}

}  // namespace assay
