#include "checker/linearizability/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/duration_words.h"
#include "checker/linearizability/contradiction.h"

namespace assay {
namespace {

class Explainer {
 public:
  Explainer(const History& history, KeyId key, const RegisterObject& object,
            const CallWitness& witness)
      : history_(history),
        key_(key),
        object_(object),
        witness_(witness),
        calls_(witness.counted_as),
        contradiction_(calls_) {
    for (const std::uint32_t call : witness.calls) {
      operations_.push_back(history[object.operations[call]]);
    }
    digits_ = digits_to_tell_apart();
  }

  Anomaly describe() const {
    Anomaly anomaly;
    anomaly.type = "nonlinearizable";
    anomaly.model = "linearizable";
    if (history_.keyed()) anomaly.key = history_.key(key_);
    for (const RegisterCall& call : calls_) anomaly.witness.push_back(call.event);
    std::sort(anomaly.witness.begin(), anomaly.witness.end());
    anomaly.explanation = explanation();
    for (const Edge& edge : contradiction_.cycle()) anomaly.steps.push_back(step(edge));
    anomaly.minimal = witness_.minimal;
    return anomaly;
  }

 private:
  std::string process(std::size_t i) const {
    return fmt::format("process {}", static_cast<std::int32_t>(operations_[i].process));
  }
  std::string value_of(ValueId id) const { return to_text(history_.value(id)); }
  std::pair<std::string, std::string> cas_values(std::size_t i) const {
    const Value argument = history_.value(operations_[i].argument);
    const auto* pair = argument.get_if<Value::List>();
    return {to_text(pair->at(0)), to_text(pair->at(1))};
  }
  RegisterFunction function(std::size_t i) const {
    return object_.calls[witness_.calls[i]].op.function;
  }
  /// The value a call observed, as text. REQUIRES that it is a read or cas.
  std::string observed(std::size_t i) const {
    return function(i) == RegisterFunction::cas ? cas_values(i).first
                                                : value_of(operations_[i].result);
  }
  std::string written(std::size_t i) const {
    return function(i) == RegisterFunction::cas ? cas_values(i).second
                                                : value_of(operations_[i].argument);
  }

  /// "the write of 3 by process 1"
  std::string noun(std::size_t i) const {
    switch (function(i)) {
      case RegisterFunction::read:
        return fmt::format("the read of {} by {}", observed(i), process(i));
      case RegisterFunction::write:
        return fmt::format("the write of {} by {}", written(i), process(i));
      case RegisterFunction::cas:
        break;
    }
    return fmt::format("the cas from {} to {} by {}", observed(i), written(i), process(i));
  }
  /// "process 1 wrote 3"
  std::string clause(std::size_t i) const {
    switch (function(i)) {
      case RegisterFunction::read:
        return fmt::format("{} read {}", process(i), observed(i));
      case RegisterFunction::write:
        return fmt::format("{} wrote {}", process(i), written(i));
      case RegisterFunction::cas:
        break;
    }
    return fmt::format("{} changed {} to {} by cas", process(i), observed(i), written(i));
  }
  std::string when(Nanos time, std::uint64_t event) const {
    if (time == unknown_time) return fmt::format("(event {})", event);
    return fmt::format("at {:.{}f} s", std::chrono::duration<double>(time).count(), digits_);
  }
  /// Of a second: milliseconds, unless two different moments of the witness lie closer together.
  int digits_to_tell_apart() const {
    std::vector<Nanos> times;
    for (const Operation& operation : operations_) {
      times.push_back(operation.invoked);
      times.push_back(operation.completed);
    }
    std::erase(times, unknown_time);
    std::sort(times.begin(), times.end());
    Nanos least = Nanos::max();
    for (std::size_t i = 1; i < times.size(); ++i) {
      if (times[i] != times[i - 1]) least = std::min(least, times[i] - times[i - 1]);
    }
    return least >= std::chrono::milliseconds(1)   ? 3
           : least >= std::chrono::microseconds(1) ? 6
                                                   : 9;
  }
  std::string began(std::size_t i) const {
    return when(operations_[i].invoked, operations_[i].invoke_event);
  }
  std::string finished(std::size_t i) const {
    return when(operations_[i].completed, operations_[i].complete_event);
  }

  /// How long before the start of call `later` the call `earlier` had ended.
  std::string ahead_of(std::size_t earlier, std::size_t later) const {
    const char* name = function(later) == RegisterFunction::read ? "read" : "cas";
    const Nanos end = operations_[earlier].completed;
    const Nanos start = operations_[later].invoked;
    if (end == unknown_time || start == unknown_time || start <= end) {
      return fmt::format("before that {} began", name);
    }
    return fmt::format("{} before that {} began", duration_words(start - end), name);
  }

  std::string gerund(std::size_t i) const {
    switch (function(i)) {
      case RegisterFunction::read:
        return fmt::format("reading {}", observed(i));
      case RegisterFunction::write:
        return fmt::format("writing {}", written(i));
      case RegisterFunction::cas:
        break;
    }
    return fmt::format("changing {} to {}", observed(i), written(i));
  }
  std::string infinitive(std::size_t i) const {
    switch (function(i)) {
      case RegisterFunction::read:
        return "read";
      case RegisterFunction::write:
        return fmt::format("write {}", written(i));
      case RegisterFunction::cas:
        break;
    }
    return fmt::format("change {} to {}", observed(i), written(i));
  }

  Step step(const Edge& edge) const {
    const std::size_t a = edge.from;
    const std::size_t b = edge.to;
    Step result{calls_[a].event, calls_[b].event, {}, {}};
    switch (edge.rule) {
      case EdgeRule::real_time:
        result.rule = "real-time";
        result.because = fmt::format("{} finished {} {}, before {} began to {} {}", process(a),
                                     gerund(a), finished(a), process(b), infinitive(b), began(b));
        break;
      case EdgeRule::reads_from:
        result.rule = function(b) == RegisterFunction::cas ? "cas" : "reads-from";
        result.because = fmt::format("{}, which is what {} wrote", clause(b), process(a));
        break;
      case EdgeRule::initial:
        result.rule = "initial";
        result.because =
            fmt::format("{}, the initial value, so nothing was written before", clause(a));
        break;
      case EdgeRule::before_source:
        result.rule = "overwritten";
        result.because = fmt::format(
            "{} must precede {}, which found the value of {}: it cannot "
            "lie between the two",
            noun(a), noun(*edge.third), noun(b));
        break;
      case EdgeRule::after_observer:
        result.rule = "overwritten";
        result.because = fmt::format("{} found the value of {}, which {} overwrites later", noun(a),
                                     noun(*edge.third), noun(b));
        break;
    }
    return result;
  }

  bool before(std::size_t a, std::size_t b) const { return calls_[a].end < calls_[b].start; }
  std::string subject(std::size_t i) const {
    std::string text = clause(i);
    text.front() = 'P';
    return text;
  }

  std::string explanation() const {
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (!calls_[i].op.observes()) continue;
      if (auto text = from_nowhere(i)) return *text;
      if (auto text = from_the_future(i)) return *text;
    }
    if (auto text = double_cas()) return *text;
    for (std::size_t i = calls_.size(); i-- > 0;) {
      if (!calls_[i].op.observes()) continue;
      if (auto text = stale(i)) return *text;
    }
    for (std::size_t i = calls_.size(); i-- > 0;) {
      if (!calls_[i].op.observes()) continue;
      if (auto text = went_back(i)) return *text;
    }
    return fmt::format(
        "No order of these {} operations explains what they returned: whichever is "
        "put first, some read or cas finds a value it did not see.",
        calls_.size());
  }

  /// By position in the witness: its writers of the value that call i observed.
  std::vector<std::size_t> writers_for(std::size_t i) const {
    std::vector<std::size_t> result;
    for (std::size_t w = 0; w < calls_.size(); ++w) {
      if (w != i && calls_[w].op.mutates() && calls_[w].op.value == calls_[i].op.observed()) {
        result.push_back(w);
      }
    }
    return result;
  }

  std::optional<std::string> from_nowhere(std::size_t i) const {
    const std::uint32_t value = calls_[i].op.observed();
    if (value == 0) return std::nullopt;
    for (const RegisterCall& call : object_.calls) {
      const bool is_itself = call.event == calls_[i].event;
      if (!is_itself && call.op.mutates() && call.op.value == value) return std::nullopt;
    }
    std::string text =
        fmt::format("{} {}, but nothing ever wrote {}", subject(i), finished(i), observed(i));
    if (calls_[i].pending()) {
      text =
          fmt::format("{}, which was never there: nothing ever wrote {}", subject(i), observed(i));
    }
    if (const auto failed = failed_writer(observed(i))) {
      text += fmt::format(": the operation that would have (event {}) failed", *failed);
    }
    text += fmt::format(", and the initial value is {}.", to_text(history_.info().initial));
    if (!history_.info().initial_declared) {
      text += fmt::format(" If this is the initial value, say --initial {}.", observed(i));
    }
    return text;
  }

  /// The first failed operation on this key that would have written the value.
  std::optional<std::uint64_t> failed_writer(const std::string& value) const {
    for (const OpIndex index : history_.operations_on(key_)) {
      const Operation operation = history_[index];
      if (operation.outcome != Outcome::fail) continue;
      const std::string_view name = history_.function_name(operation.function);
      const Value argument = history_.value(operation.argument);
      const auto* pair = argument.get_if<Value::List>();
      if (name == "write" && to_text(argument) == value) return operation.invoke_event;
      if (name == "cas" && pair != nullptr && pair->size() == 2 && to_text((*pair)[1]) == value) {
        return operation.invoke_event;
      }
    }
    return std::nullopt;
  }

  std::optional<std::string> from_the_future(std::size_t i) const {
    const auto writers = writers_for(i);
    if (calls_[i].op.observed() == 0 || writers.empty()) return std::nullopt;
    for (const std::size_t w : writers) {
      if (!before(i, w)) return std::nullopt;
    }
    return fmt::format("{} {}, before anybody began to write {}: the first to do so was {}, {}.",
                       subject(i), finished(i), observed(i), process(writers.front()),
                       began(writers.front()));
  }

  std::optional<std::string> double_cas() const {
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (calls_[i].op.function != RegisterFunction::cas) continue;
      for (std::size_t j = i + 1; j < calls_.size(); ++j) {
        if (calls_[j].op.function != RegisterFunction::cas ||
            calls_[j].op.expected != calls_[i].op.expected || writers_for(i).size() > 1 ||
            (calls_[i].op.expected == 0 && !writers_for(i).empty()) ||
            calls_.size() > writers_for(i).size() + 2) {
          continue;
        }
        return fmt::format(
            "{} and {} both succeeded, but the value {} was there only once: one "
            "of the two changes was lost.",
            noun(i), noun(j), observed(i));
      }
    }
    return std::nullopt;
  }

  /// Did call m certainly replace the value that call i observed and w wrote?
  bool replaces(std::size_t m, std::size_t w, std::size_t i, bool only_writer) const {
    if (before(w, m)) return true;
    return only_writer && m != i && calls_[m].op.observes() &&
           calls_[m].op.observed() == calls_[i].op.observed();
  }

  /// Call i observed a value that had certainly been overwritten before it began.
  std::optional<std::string> stale(std::size_t i) const {
    const auto writers = writers_for(i);
    const bool initial = calls_[i].op.observed() == 0;
    if (writers.empty() && !initial) return std::nullopt;
    std::optional<std::size_t> by;
    for (std::size_t m = 0; m < calls_.size(); ++m) {
      if (!calls_[m].op.mutates() || !before(m, i)) continue;
      if (std::all_of(writers.begin(), writers.end(), [&](std::size_t w) {
            return replaces(m, w, i, writers.size() == 1 && !initial);
          })) {
        by = m;
      }
    }
    if (!by.has_value()) return std::nullopt;
    const std::string kind = function(i) == RegisterFunction::read ? "Stale read" : "Stale cas";
    const bool nobody = initial && writers.empty();
    return fmt::format("{}: {}{}, although, {}, {} had finished {}{}.", kind, clause(i),
                       nobody ? ", the initial value" : "", ahead_of(*by, i), process(*by),
                       gerund(*by), nobody ? "" : fmt::format(", which replaced {}", observed(i)));
  }

  /// Call i observed an older value than another observer that had returned before it began.
  std::optional<std::string> went_back(std::size_t i) const {
    const Source& old_source = contradiction_.sources()[i];
    if (old_source.kind == Source::Kind::ambiguous) return std::nullopt;
    for (std::size_t r = 0; r < calls_.size(); ++r) {
      if (r == i || !calls_[r].op.observes() || !before(r, i)) continue;
      const Source& new_source = contradiction_.sources()[r];
      if (new_source.kind != Source::Kind::call || new_source.call == i) continue;
      if (calls_[r].op.observed() == calls_[i].op.observed()) continue;
      if (old_source.kind == Source::Kind::call &&
          !contradiction_.precedes(old_source.call, new_source.call)) {
        continue;
      }
      return fmt::format(
          "The value went back in time: {} found {}, although, {}, {} had found the newer {}.",
          process(i), observed(i), ahead_of(r, i), process(r), observed(r));
    }
    return std::nullopt;
  }

  const History& history_;
  KeyId key_;
  const RegisterObject& object_;
  const CallWitness& witness_;
  const std::vector<RegisterCall>& calls_;  ///< of the witness, as they count in it
  Contradiction contradiction_;
  std::vector<Operation> operations_;  ///< of the witness
  int digits_ = 3;                     ///< of a second, in times
};

}  // namespace

Anomaly describe_register_anomaly(const History& history, KeyId key, const RegisterObject& object,
                                  const CallWitness& witness) {
  return Explainer(history, key, object, witness).describe();
}

}  // namespace assay
