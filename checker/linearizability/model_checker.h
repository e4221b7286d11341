#pragma once
// ModelChecker: everything that the check of linearizability needs of a datatype, made from its
// sequential specification alone. A specification is one small file in checker/models/; how to
// write one is docs/adding-a-datatype.md.

#include <fmt/format.h>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "checker/linearizability/object_checker.h"
#include "checker/linearizability/portfolio.h"
#include "checker/linearizability/shrink.h"
#include "checker/models/model.h"

namespace assay {

/// A sequential specification that can read a history and talk about it.
template <class M>
concept DatatypeModel =
    SequentialModel<M> && std::move_constructible<M> &&
    requires(M model, const M& made, const Operation& operation, const typename M::Op& op) {
      /// What an operation that returned, or that may have taken effect (Outcome::info), does to
      /// the object; nothing if it says nothing. An info operation may be decoded as what it does
      /// if it happens. Errors: bad_data; they name the event.
      { model.decode(operation) } -> std::same_as<Result<std::optional<typename M::Op>>>;
      /// Can what `kept` returned depend on whether `other` happened? Then no witness may have
      /// `kept` without `other`, unless `other` began after `kept` returned. True is always
      /// right; the less often it is true, the smaller witnesses are.
      { M::needs(op, op) } -> std::same_as<bool>;
      /// "enqueued 3", "read [1 2]": continues "process 1 …".
      { made.words(op) } -> std::same_as<std::string>;
    };

/// Has `void prepare(std::span<const Call<Op>>)`, called once all calls are decoded.
template <class M>
concept PreparedModel =
    requires(M model, std::span<const Call<typename M::Op>> calls) { model.prepare(calls); };

/// Wants failed operations decoded too, because they tell something.
template <class M>
concept ReadsFailures = requires(const M& model) {
  { model.reads_failures() } -> std::same_as<bool>;
};

/// Knows more exactly than `needs` can say what a witness must contain.
template <class M>
concept ClosesWitnesses =
    requires(std::span<const Call<typename M::Op>> calls, const Subset& chosen) {
      /// The chosen calls (positions, ascending) without those that lack others they need, and with
      /// helpers that are the same for any choice.
      { M::closed(calls, chosen) } -> std::same_as<Subset>;
    };

/// One key of a history as calls on a model.
template <DatatypeModel M>
struct ModelObject {
  M model;
  std::vector<Call<typename M::Op>> calls;  ///< sorted by start
  std::vector<OpIndex> operations;          ///< by call: the operation it stands for
};

template <DatatypeModel M>
Result<ModelObject<M>> read_object(const History& history, M model, KeyId key) {
  ModelObject<M> object{std::move(model), {}, {}};
  bool failures = false;
  if constexpr (ReadsFailures<M>) failures = object.model.reads_failures();
  struct Row {
    Call<typename M::Op> call;
    OpIndex operation;
  };
  std::vector<Row> rows;
  for (const OpIndex index : history.operations_on(key)) {
    const Operation operation = history[index];
    if (operation.outcome == Outcome::fail && !failures) continue;
    auto op = object.model.decode(operation);
    if (!op) return op.error();
    if (!op.value().has_value()) continue;
    const auto interval = history.interval(index);
    const std::int64_t end = operation.outcome == Outcome::info ? never : interval.end;
    rows.push_back({{interval.start, end, operation.invoke_event, *std::move(op.value())}, index});
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.call.start < b.call.start; });
  object.calls.reserve(rows.size());
  object.operations.reserve(rows.size());
  for (Row& row : rows) {
    object.calls.push_back(std::move(row.call));
    object.operations.push_back(row.operation);
  }
  if constexpr (PreparedModel<M>) object.model.prepare(std::span(std::as_const(object.calls)));
  return object;
}

/// Finds the witness of a violation: calls that no order explains, closed under M::needs, so that
/// whatever else happened cannot explain them either.
template <DatatypeModel M>
class ModelWitness {
 public:
  using Calls = std::vector<Call<typename M::Op>>;

  ModelWitness(const M& model, const Calls& calls, const SearchLimits& limits)
      : model_(model), calls_(calls), limits_(limits) {}

  /// `failed_call`: no order explains what happened up to its return.
  Shrunk find(std::uint32_t failed_call) {
    Subset failing;
    if (!find_window(failed_call, failing)) {
      failing.resize(calls_.size());
      for (std::uint32_t i = 0; i < failing.size(); ++i) failing[i] = i;
    }
    uncertain_ = false;
    Shrunk smallest = shrink(
        std::move(failing),
        [this](const Subset& candidate, Subset& smaller) { return fails(candidate, smaller); },
        [this] { return limits_.time_is_up(); });
    smallest.minimal = smallest.minimal && !uncertain_;
    return smallest;
  }

  /// By position in `witness`.
  std::vector<Precedence> essential_timing(const Subset& witness) {
    std::vector<Span> spans;
    for (const std::uint32_t i : witness) spans.push_back({calls_[i].start, calls_[i].end});
    return essential_precedences(std::move(spans), [&](std::span<const Span> wider) {
      Calls calls;
      for (std::size_t i = 0; i < witness.size(); ++i) {
        calls.push_back(calls_[witness[i]]);
        calls.back().start = wider[i].start;
        calls.back().end = wider[i].end;
      }
      std::stable_sort(calls.begin(), calls.end(),
                       [](const auto& a, const auto& b) { return a.start < b.start; });
      return is_refuted(calls);
    });
  }

 private:
  bool is_refuted(const Calls& calls) {
    const auto answer =
        search(model_, std::span<const Call<typename M::Op>>(calls), limits_, false).answer;
    uncertain_ = uncertain_ || answer == SearchAnswer::undecided;
    return answer == SearchAnswer::not_linearizable;
  }

  /// The latest calls before the failed return that suffice.
  bool find_window(std::uint32_t failed_call, Subset& failing) {
    std::size_t started = 0;
    while (started < calls_.size() && calls_[started].start <= calls_[failed_call].end) ++started;
    for (std::size_t window = 16; !limits_.time_is_up(); window *= 4) {
      const std::size_t begin = window < started ? started - window : 0;
      Subset candidate;
      for (std::size_t i = 0; i < started; ++i) {
        const bool pending = calls_[i].pending();
        if (i >= begin || pending) candidate.push_back(static_cast<std::uint32_t>(i));
      }
      if (fails(candidate, failing)) return true;
      if (begin == 0) return false;
    }
    return false;
  }

  /// Leaves out what lacks something it needs, then searches for an order.
  bool fails(const Subset& candidate, Subset& smaller) {
    smaller = closed(candidate);
    Calls rest;
    for (const std::uint32_t i : smaller) rest.push_back(calls_[i]);
    return is_refuted(rest);
  }

  Subset closed(Subset subset) const {
    if constexpr (ClosesWitnesses<M>) return M::closed(calls_, subset);
    std::vector<bool> chosen(calls_.size(), false);
    for (const std::uint32_t i : subset) chosen[i] = true;
    for (bool changed = true; changed;) {
      changed = false;
      std::erase_if(subset, [&](std::uint32_t i) {
        for (std::uint32_t j = 0; j < calls_.size() && calls_[j].start <= calls_[i].end; ++j) {
          if (chosen[j] || !M::needs(calls_[i].op, calls_[j].op)) continue;
          chosen[i] = false;
          changed = true;
          return true;
        }
        return false;
      });
    }
    return subset;
  }

  const M& model_;
  const Calls& calls_;
  SearchLimits limits_;
  bool uncertain_ = false;  ///< some search did not come to an end
};

/// An ObjectChecker for any DatatypeModel. The searches inside are slow to compile: each model is
/// instantiated once, in its own file (searches/).
template <DatatypeModel M>
class ModelChecker final : public ObjectChecker {
 public:
  /// `make` gives the model of one key as it is before its operations are decoded.
  ModelChecker(const History& history, std::function<M()> make)
      : history_(history), make_(std::move(make)) {}

  Result<KeyOutcome> decide(KeyId key, const SearchLimits& limits, bool want_order) override {
    const auto object = read_object<M>(history_, make_(), key);
    if (!object) return object.error();
    KeyOutcome outcome;
    outcome.algorithm = "frontier";
    outcome.search = search(object->model, std::span(object->calls), limits, want_order);
    for (const std::uint32_t i : outcome.search.order) {
      outcome.order.push_back(object->calls[i].event);
    }
    outcome.search.order = {};
    return outcome;
  }

  ExplainedAnomaly explain(KeyId key, const KeyOutcome& outcome,
                           const SearchLimits& limits) override {
    const auto object = read_object<M>(history_, make_(), key);
    ASSAY_ASSERT(object.ok());
    ModelWitness<M> search(object->model, object->calls, limits);
    const Shrunk witness = search.find(outcome.search.failed_call);
    ExplainedAnomaly result;
    Anomaly& anomaly = result.anomaly;
    anomaly.type = "nonlinearizable";
    anomaly.model = "linearizable";
    if (history_.keyed()) anomaly.key = history_.key(key);
    for (const std::uint32_t i : witness.subset) anomaly.witness.push_back(object->calls[i].event);
    std::sort(anomaly.witness.begin(), anomaly.witness.end());
    anomaly.minimal = witness.minimal;
    if (witness.subset.size() <= 24) {
      for (const Precedence& p : search.essential_timing(witness.subset)) {
        anomaly.timing.push_back({object->calls[witness.subset[p.before]].event,
                                  object->calls[witness.subset[p.after]].event});
      }
    }
    anomaly.explanation = explanation(*object, witness.subset);
    result.witness = {anomaly.key, anomaly.witness, {}};
    return result;
  }

 private:
  std::string clause(const ModelObject<M>& object, std::uint32_t call) const {
    const Operation operation = history_[object.operations[call]];
    return fmt::format("process {} {}{}", static_cast<std::int32_t>(operation.process),
                       object.model.words(object.calls[call].op),
                       object.calls[call].pending() ? " (or not: it never returned)" : "");
  }

  std::string explanation(const ModelObject<M>& object, const Subset& witness) const {
    if (witness.size() == 1) {
      return fmt::format("{}, which is impossible whatever else happened.",
                         clause(object, witness.front()));
    }
    std::string text =
        fmt::format("No order of these {} operations explains what they returned", witness.size());
    for (std::size_t i = 0; i < witness.size() && i < 8; ++i) {
      text += fmt::format("{}{}", i == 0 ? ": " : "; ", clause(object, witness[i]));
    }
    return text + (witness.size() > 8 ? "; …" : ".");
  }

  const History& history_;
  std::function<M()> make_;
};

}  // namespace assay
