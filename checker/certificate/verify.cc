// Everything here is written a second time on purpose: decoding, the sequential specification and
// the enumeration share nothing with the searches, so that a mistake there cannot excuse itself.
#include "checker/certificate/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "checker/certificate/verify_serial.h"

namespace assay {
namespace {

/// More operations make the enumeration of their orders unbounded in practice.
constexpr std::size_t largest_witness = 24;

Error refuse(const std::string& why) { return {ErrorKind::bad_data, "certificate: " + why}; }

enum class Action : std::uint8_t { read, write, cas };

/// One operation as the register sees it.
struct Act {
  OpIndex index;
  std::uint64_t event;
  std::int64_t start;
  std::int64_t end;
  bool returned;
  Action action;
  Value found;  ///< read, cas: the value it needs
  Value left;   ///< write, cas: the value it leaves

  bool writes() const { return action != Action::read; }
  bool needs() const { return action != Action::write; }
};

class Verifier {
 public:
  Verifier(const History& history, const Certificate& certificate)
      : history_(history), certificate_(certificate) {}

  Status run() {
    if (auto status = check_header(); !status) return status;
    find_events();
    if (certificate_.verdict == "pass") return check_orders();
    return check_witnesses();
  }

 private:
  Status check_header() const {
    const Certificate& c = certificate_;
    if (c.empty()) return refuse("there is none: it proves nothing");
    if (c.verdict != "pass" && c.verdict != "violation") {
      return refuse(fmt::format("verdict is '{}', expected pass or violation", c.verdict));
    }
    if (c.model != "linearizable") {
      return refuse(fmt::format("model is '{}', expected linearizable", c.model));
    }
    if (c.datatype != "register") {
      return refuse(fmt::format("datatype is '{}', expected register", c.datatype));
    }
    if (c.history_digest != history_.digest()) {
      return refuse(fmt::format("it belongs to another history (digest {}, this one has {})",
                                c.history_digest, history_.digest()));
    }
    if (!(c.initial == history_.info().initial)) {
      return refuse(fmt::format("initial value is {}, the history's is {}", to_text(c.initial),
                                to_text(history_.info().initial)));
    }
    if (history_.info().real_time == RealTime::none) {
      return refuse("the history has no real-time order, so linearizability cannot be shown");
    }
    return {};
  }

  /// Invocations ascend with the operations, so events are found by bisection or, where event
  /// numbers are dense, in a table.
  void find_events() {
    const std::size_t n = history_.size();
    events_.resize(n);
    for (OpIndex i = 0; i < n; ++i) events_[i] = history_[i].invoke_event;
    if (n == 0 || events_.back() >= 8 * n + 64) return;
    by_event_.assign(events_.back() + 1, std::numeric_limits<OpIndex>::max());
    for (OpIndex i = 0; i < n; ++i) by_event_[events_[i]] = i;
  }

  std::optional<OpIndex> operation_at(std::uint64_t event) const {
    if (!by_event_.empty()) {
      if (event >= by_event_.size()) return std::nullopt;
      const OpIndex index = by_event_[event];
      if (index == std::numeric_limits<OpIndex>::max()) return std::nullopt;
      return index;
    }
    const auto at = std::lower_bound(events_.begin(), events_.end(), event);
    if (at == events_.end() || *at != event) return std::nullopt;
    return static_cast<OpIndex>(at - events_.begin());
  }

  Result<Act> act(const Operation& operation) const {
    const std::uint64_t event = operation.invoke_event;
    const auto interval = history_.interval(operation.index);
    Act act{operation.index,
            event,
            interval.start,
            interval.end,
            operation.outcome == Outcome::ok,
            Action::read,
            {},
            {}};
    const std::string_view name = history_.function_name(operation.function);
    if (name == "read") {
      if (act.returned) act.found = history_.value(operation.result);
      return act;
    }
    act.left = history_.value(operation.argument);
    act.action = Action::write;
    if (name == "write") return act;
    if (name != "cas") return refuse(fmt::format("event {} is a '{}'", event, name));
    const auto* pair = act.left.get_if<Value::List>();
    if (pair == nullptr || pair->size() != 2) {
      return refuse(fmt::format("event {}: the argument of cas is not a pair", event));
    }
    act.action = Action::cas;
    act.found = (*pair)[0];
    act.left = Value((*pair)[1]);
    return act;
  }

  /// A read that constrains nothing: it never returned, or returned a nil that says nothing.
  bool says_nothing(const Act& act) const {
    if (act.action != Action::read) return false;
    return !act.returned ||
           (act.found.is_nil() && history_.info().nil_read == NilRead::unconstrained);
  }

  Result<KeyId> key_named(const std::optional<Value>& key) {
    if (key.has_value() != history_.keyed()) {
      return refuse(history_.keyed() ? "an entry has no key, but the history is keyed"
                                     : "an entry has a key, but the history is not keyed");
    }
    if (!key.has_value()) return KeyId{0};
    if (keys_.empty()) {
      for (KeyId k = 0; k < history_.key_count(); ++k) keys_.emplace(history_.key(k), k);
    }
    const auto found = keys_.find(*key);
    if (found != keys_.end()) return found->second;
    return refuse(fmt::format("key {} does not occur in the history", to_text(*key)));
  }

  Status check_orders() {
    if (history_.size() == 0 && history_.faults().empty()) {
      return refuse("the history has no operations");
    }
    std::vector<bool> ordered(history_.size(), false);
    std::vector<bool> key_done(history_.key_count(), false);
    for (const LinearOrder& order : certificate_.orders) {
      const auto key = key_named(order.key);
      if (!key) return key.error();
      if (key_done[key.value()]) {
        return refuse(fmt::format("two orders for key {}", to_text(history_.key(key.value()))));
      }
      key_done[key.value()] = true;
      if (auto status = replay(order.order, key.value(), ordered); !status) return status;
    }
    for (OpIndex i = 0; i < history_.size(); ++i) {
      if (ordered[i] || history_[i].outcome != Outcome::ok) continue;
      const auto missing = act(history_[i]);
      if (!missing) return missing.error();
      if (says_nothing(missing.value())) continue;
      return refuse(fmt::format("event {} returned ok but is in no order", events_[i]));
    }
    return {};
  }

  Status replay(const std::vector<std::uint64_t>& order, KeyId key, std::vector<bool>& ordered) {
    Value state = certificate_.initial;
    std::int64_t latest_start = std::numeric_limits<std::int64_t>::min();
    std::uint64_t latest_event = 0;
    for (const std::uint64_t event : order) {
      const auto index = operation_at(event);
      if (!index.has_value()) return refuse(fmt::format("event {} is no invocation", event));
      const Operation operation = history_[*index];
      if (operation.key != key) return refuse(fmt::format("event {} is on another key", event));
      if (operation.outcome == Outcome::fail) {
        return refuse(fmt::format("event {} failed, so it has no place in an order", event));
      }
      if (ordered[*index]) return refuse(fmt::format("event {} occurs twice", event));
      ordered[*index] = true;
      auto next = act(operation);
      if (!next) return next.error();
      if (next.value().end < latest_start) {
        return refuse(fmt::format("event {} returned before event {} began but comes after it",
                                  event, latest_event));
      }
      if (next.value().start > latest_start) {
        latest_start = next.value().start;
        latest_event = event;
      }
      if (next.value().needs() && !says_nothing(next.value()) && !(next.value().found == state)) {
        return refuse(fmt::format("event {} found {}, but in this order the value is {}", event,
                                  to_text(next.value().found), to_text(state)));
      }
      if (next.value().writes()) state = std::move(next.value().left);
    }
    return {};
  }

  Status check_witnesses() {
    if (certificate_.witnesses.empty()) return refuse("a violation without a witness");
    for (const Witness& witness : certificate_.witnesses) {
      const auto key = key_named(witness.key);
      if (!key) return key.error();
      if (auto status = refute(witness.operations, key.value()); !status) return status;
    }
    return {};
  }

  /// Collects the operations of a witness.
  Result<std::vector<Act>> collect(const std::vector<std::uint64_t>& events, KeyId key) const {
    if (events.empty()) return refuse("an empty witness");
    if (events.size() > largest_witness) {
      return refuse(fmt::format("a witness of {} operations; at most {} can be refuted",
                                events.size(), largest_witness));
    }
    std::vector<Act> acts;
    for (const std::uint64_t event : events) {
      const auto index = operation_at(event);
      if (!index.has_value()) return refuse(fmt::format("event {} is no invocation", event));
      const Operation operation = history_[*index];
      if (operation.key != key) return refuse(fmt::format("event {} is on another key", event));
      if (operation.outcome == Outcome::fail) {
        return refuse(fmt::format("event {} failed, so it has no place in a witness", event));
      }
      auto next = act(operation);
      if (!next) return next.error();
      if (says_nothing(next.value())) {
        return refuse(fmt::format("event {} is a read that says nothing", event));
      }
      for (const Act& other : acts) {
        if (other.index == *index) return refuse(fmt::format("event {} occurs twice", event));
      }
      acts.push_back(std::move(next).value());
    }
    return acts;
  }

  Status refute(const std::vector<std::uint64_t>& events, KeyId key) const {
    auto collected = collect(events, key);
    if (!collected) return collected.error();
    std::vector<Act>& acts = collected.value();
    if (auto status = close_under_writers(acts, key); !status) return status;
    if (has_legal_order(acts)) {
      return refuse(fmt::format("the operations of the witness (first event {}) have a legal order",
                                events.front()));
    }
    return {};
  }

  /// Every write that a read of the witness could have read from must be in it. A cas for which
  /// that does not hold is turned into a write: what it leaves behind still counts.
  Status close_under_writers(std::vector<Act>& acts, KeyId key) const {
    std::vector<std::optional<std::uint64_t>> missing(acts.size());
    for (const OpIndex index : history_.operations_on(key)) {
      const Operation operation = history_[index];
      if (operation.outcome == Outcome::fail) continue;
      const auto writer = act(operation);
      if (!writer) return writer.error();
      const Act& w = writer.value();
      if (!w.writes()) continue;
      const bool inside =
          std::any_of(acts.begin(), acts.end(), [&](const Act& a) { return a.index == w.index; });
      if (inside) continue;
      for (std::size_t i = 0; i < acts.size(); ++i) {
        if (acts[i].needs() && acts[i].found == w.left && could_supply(w, acts[i], acts)) {
          missing[i] = w.event;
        }
      }
    }
    for (std::size_t i = 0; i < acts.size(); ++i) {
      if (!missing[i].has_value()) continue;
      if (acts[i].action == Action::read) {
        return refuse(fmt::format(
            "the witness is not closed: event {} could have read from event {}, which is not in it",
            acts[i].event, *missing[i]));
      }
      acts[i].action = Action::write;
    }
    return {};
  }

  /// Could `reader` have found what `writer` left? Not if it returned before the write began, nor
  /// if a returned write of the witness certainly lies between the two.
  static bool could_supply(const Act& writer, const Act& reader, const std::vector<Act>& acts) {
    if (reader.end < writer.start) return false;
    return std::none_of(acts.begin(), acts.end(), [&](const Act& between) {
      return between.writes() && between.returned && writer.end < between.start &&
             between.end < reader.start;
    });
  }

  bool has_legal_order(const std::vector<Act>& acts) const {
    // By operation: those that must come before it.
    std::vector<std::uint32_t> earlier(acts.size(), 0);
    std::uint32_t must = 0;
    for (std::size_t i = 0; i < acts.size(); ++i) {
      if (acts[i].returned) must |= 1U << i;
      for (std::size_t j = 0; j < acts.size(); ++j) {
        if (acts[j].returned && acts[j].end < acts[i].start) earlier[i] |= 1U << j;
      }
    }
    // The value is what the last write left: `last` is its position, acts.size() for none yet.
    std::unordered_set<std::uint64_t> tried;
    std::vector<std::pair<std::uint32_t, std::size_t>> open{{0U, acts.size()}};
    while (!open.empty()) {
      const auto [placed, last] = open.back();
      open.pop_back();
      if ((placed & must) == must) return true;
      const Value& state = last == acts.size() ? certificate_.initial : acts[last].left;
      for (std::size_t i = 0; i < acts.size(); ++i) {
        const std::uint32_t bit = 1U << i;
        if ((placed & bit) != 0 || (earlier[i] & ~placed) != 0) continue;
        if (acts[i].needs() && !(acts[i].found == state)) continue;
        const std::size_t now_last = acts[i].writes() ? i : last;
        if (tried.insert((std::uint64_t{placed | bit} << 32U) | now_last).second) {
          open.emplace_back(placed | bit, now_last);
        }
      }
    }
    return false;
  }

  const History& history_;
  const Certificate& certificate_;
  std::vector<std::uint64_t> events_;  ///< by operation: its invocation
  std::vector<OpIndex> by_event_;      ///< dense inverse; empty if event numbers are sparse
  std::map<Value, KeyId> keys_;
};

}  // namespace

Status verify(const History& history, const Certificate& certificate) {
  if (is_serial_certificate(certificate.model, certificate.datatype)) {
    return verify_serial(history, certificate);
  }
  return Verifier(history, certificate).run();
}

}  // namespace assay
