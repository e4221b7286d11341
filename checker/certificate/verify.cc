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
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checker/certificate/bank.h"
#include "checker/certificate/refuse.h"
#include "checker/certificate/specification.h"
#include "checker/certificate/verify_dependencies.h"
#include "checker/certificate/verify_serial.h"
#include "checker/certificate/views.h"
#include "checker/certificate/witness_verifier.h"

namespace assay {
namespace {

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
    if (!is_supported_model()) {
      return refuse(fmt::format("model is '{}', expected linearizable", c.model));
    }
    if (make_specification(c.datatype, history_.info()) == nullptr) {
      return refuse(fmt::format("datatype is '{}', which has no specification here", c.datatype));
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

  /// The transactions of a bank are the operations of one object: a serial order of them that
  /// respects real time is a linearization. A wrong total refutes much weaker models.
  bool is_supported_model() const {
    const Certificate& c = certificate_;
    if (c.datatype != "bank") return c.model == "linearizable";
    return c.verdict == "pass" ? c.model == "strict-serializable" : needs_constant_total(c.model);
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
      if (auto status = replay(order, key.value(), ordered); !status) return status;
    }
    for (OpIndex i = 0; i < history_.size(); ++i) {
      if (ordered[i] || history_[i].outcome != Outcome::ok) continue;
      if (says_nothing(certificate_.datatype, history_.info(), act(history_[i]))) continue;
      return refuse(fmt::format("event {} returned ok but is in no order", events_[i]));
    }
    return {};
  }

  Status replay(const LinearOrder& linear, KeyId key, std::vector<bool>& ordered) {
    const auto state = make_specification(certificate_.datatype, history_.info());
    std::map<std::uint64_t, const Value*> completions;
    for (const auto& [event, value] : linear.completions) completions.emplace(event, &value);
    if (completions.size() != linear.completions.size()) {
      return refuse("one operation is completed twice");
    }
    std::size_t completed = 0;
    std::int64_t latest_start = std::numeric_limits<std::int64_t>::min();
    std::uint64_t latest_event = 0;
    for (const std::uint64_t event : linear.order) {
      const auto index = operation_at(event);
      if (!index.has_value()) return refuse(fmt::format("event {} is no invocation", event));
      const Operation operation = history_[*index];
      if (operation.key != key) return refuse(fmt::format("event {} is on another key", event));
      if (operation.outcome == Outcome::fail) {
        return refuse(fmt::format("event {} failed, so it has no place in an order", event));
      }
      if (ordered[*index]) return refuse(fmt::format("event {} occurs twice", event));
      ordered[*index] = true;
      Act next = act(operation);
      if (!next.returned && !completions.empty()) {
        if (const auto at = completions.find(event); at != completions.end()) {
          next.completed = true;
          next.result = *at->second;
          ++completed;
        }
      }
      if (next.end < latest_start) {
        return refuse(fmt::format("event {} returned before event {} began but comes after it",
                                  event, latest_event));
      }
      if (next.start > latest_start) {
        latest_start = next.start;
        latest_event = event;
      }
      if (!state->apply(next)) {
        return refuse(fmt::format("event {} ({} {} -> {}) does not fit in this order", event,
                                  next.f, to_text(next.argument), to_text(next.result)));
      }
      latest_start = std::max(latest_start, state->not_before());
    }
    if (completed != linear.completions.size()) {
      return refuse("an operation is completed that is not in the order or has returned");
    }
    return {};
  }

  Status check_witnesses() {
    if (certificate_.witnesses.empty()) return refuse("a violation without a witness");
    std::vector<bool> key_done(history_.key_count(), false);
    for (const Witness& witness : certificate_.witnesses) {
      const auto key = key_named(witness.key);
      if (!key) return key.error();
      if (key_done[key.value()]) {
        return refuse(fmt::format("two witnesses for key {}", to_text(history_.key(key.value()))));
      }
      key_done[key.value()] = true;
      const WitnessVerifier verifier(history_, certificate_.datatype, key.value());
      if (auto status = verifier.refute(witness); !status) return status;
    }
    return {};
  }

  Act act(const Operation& operation) const {
    return act_of(history_, certificate_.datatype, operation);
  }

  const History& history_;
  const Certificate& certificate_;
  std::vector<std::uint64_t> events_;  ///< by operation: its invocation
  std::vector<OpIndex> by_event_;      ///< dense inverse; empty if event numbers are sparse
  std::map<Value, KeyId> keys_;
};

/// The part of the history that the certificate is about, as a history.
Result<History> cut_out(const History& history, const HistoryPart& part) {
  HistoryBuilder builder(history.info());
  std::map<std::int32_t, bool> stays;  // by process: its open operation
  Status status;
  history.for_each_event([&](const Event& event) {
    const bool late = part.last_event.has_value() && event.index > *part.last_event;
    if (!status || late || event.process == nemesis_process) return;
    bool& stay = stays[static_cast<std::int32_t>(event.process)];
    if (event.type == EventType::invoke) {
      stay = part.keys.empty() || (event.key && std::find(part.keys.begin(), part.keys.end(),
                                                          *event.key) != part.keys.end());
    }
    if (stay) status = builder.add(event);
  });
  if (!status) return status.error();
  return builder.finish();
}

/// Did everything in the part return before anything outside of it began? Time stamps may say
/// otherwise, and then what came later in the file can explain what came before.
bool comes_first(const History& part, std::uint64_t last_event, const History& history) {
  std::int64_t end = std::numeric_limits<std::int64_t>::min();
  for (OpIndex i = 0; i < part.size(); ++i) {
    if (part.outcome(i) == Outcome::ok) end = std::max(end, part.interval(i).end);
  }
  for (OpIndex i = 0; i < history.size(); ++i) {
    if (history.invoke_event(i) > last_event && history.interval(i).start <= end) return false;
  }
  return true;
}

/// Violations of these models stay whatever comes later.
bool is_about_real_time(std::string_view model) {
  return model == "linearizable" || model == "strict-serializable";
}

}  // namespace

Status verify(const History& history, const Certificate& certificate) {
  if (certificate.part.has_value()) {
    const HistoryPart& part = *certificate.part;
    const bool by_key = !part.keys.empty();
    if (certificate.verdict != "violation" || !is_about_real_time(certificate.model) ||
        (by_key && certificate.model != "linearizable") ||
        history.info().real_time == RealTime::none) {
      return refuse("what holds for a part of the history need not hold for the whole");
    }
    const auto cut = cut_out(history, part);
    if (!cut) return cut.error();
    if (part.last_event && !comes_first(*cut, *part.last_event, history)) {
      return refuse(fmt::format("what began after event {} overlaps with what came before",
                                *part.last_event));
    }
    Certificate whole = certificate;
    whole.part.reset();
    return verify(*cut, whole);
  }
  if (is_dependency_certificate(certificate)) return verify_dependencies(history, certificate);
  if (is_serial_certificate(certificate.model, certificate.datatype)) {
    return verify_serial(history, certificate);
  }
  if (is_view_certificate(certificate.model, certificate.datatype)) {
    return verify_view(history, certificate);
  }
  return Verifier(history, certificate).run();
}

}  // namespace assay
