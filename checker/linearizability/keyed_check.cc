#include "checker/linearizability/keyed_check.h"

#include <fmt/format.h>
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checker/certificate/specification.h"
#include "checker/certificate/witness_verifier.h"
#include "checker/linearizability/minimal.h"
#include "checker/linearizability/objects.h"
#include "checker/linearizability/witness_timing.h"

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;

/// A witness of no more operations has few enough orders for the verifier to try them all.
constexpr std::size_t small_witness = 8;

class KeyedCheck {
 public:
  KeyedCheck(const History& history, const CheckOptions& options, std::string_view datatype,
             MakeObjectChecker make_checker)
      : history_(history),
        options_(options),
        datatype_(datatype),
        make_checker_(std::move(make_checker)),
        allowed_(tbb::global_control::max_allowed_parallelism, threads_for(options)),
        arena_(static_cast<int>(threads_for(options))),
        outcomes_(history.key_count()),
        errors_(history.key_count()) {
    if (options.timeout.has_value()) limits_.deadline = Clock::now() + *options.timeout;
  }

  Result<CheckResult> run() {
    arena_.initialize();
    const auto threads = static_cast<std::uint64_t>(arena_.max_concurrency());
    // Rounded up, so that a limit never turns into none.
    limits_.memory_bytes = (options_.memory_bytes + threads - 1) / threads;
    check_keys();
    for (const auto& error : errors_) {
      if (error.has_value()) return *error;
    }
    return gather();
  }

 private:
  static std::size_t threads_for(const CheckOptions& options) {
    const int threads = options.threads > 0 ? options.threads : tbb::info::default_concurrency();
    return static_cast<std::size_t>(threads);
  }

  /// Visits keys in parallel, the longest first: they finish last.
  template <class Visit>
  void for_each_key(std::vector<KeyId> keys, Visit visit) {
    std::stable_sort(keys.begin(), keys.end(), [&](KeyId a, KeyId b) {
      return history_.operations_on(a).size() > history_.operations_on(b).size();
    });
    const auto threads = static_cast<std::size_t>(arena_.max_concurrency());
    const std::size_t grain = std::max<std::size_t>(1, keys.size() / (threads * 128));
    arena_.execute([&] {
      tbb::parallel_for(
          tbb::blocked_range<std::size_t>(0, keys.size(), grain),
          [&](const tbb::blocked_range<std::size_t>& range) {
            const auto checker = make_checker_();
            for (std::size_t i = range.begin(); i < range.end(); ++i) visit(keys[i], *checker);
          },
          tbb::simple_partitioner());
    });
  }

  void check_keys() {
    std::vector<KeyId> keys(outcomes_.size());
    std::iota(keys.begin(), keys.end(), 0U);
    for_each_key(std::move(keys),
                 [&](KeyId key, ObjectChecker& checker) { check_key(key, checker); });
  }

  void check_key(KeyId key, ObjectChecker& checker) {
    if (limits_.time_is_up()) {
      outcomes_[key].search.reason = "the time ran out";
      return;
    }
    auto outcome = checker.decide(key, limits_, options_.certificate);
    if (outcome.ok()) {
      outcomes_[key] = std::move(outcome).value();
    } else {
      errors_[key] = outcome.error();
    }
  }

  CheckResult gather() {
    CheckResult result;
    result.model = "linearizable";
    result.datatype = datatype_;
    result.verdict = Verdict::pass;
    std::set<std::string_view> algorithms;
    std::vector<KeyId> violated;
    std::size_t undecided = 0;
    for (KeyId key = 0; key < outcomes_.size(); ++key) {
      const KeyOutcome& outcome = outcomes_[key];
      if (!outcome.algorithm.empty()) algorithms.insert(outcome.algorithm);
      result.statistics.configurations += outcome.search.configurations;
      if (outcome.search.answer == SearchAnswer::undecided) {
        if (undecided++ == 0) result.unknown_because = describe_undecided(key);
        continue;
      }
      ++result.statistics.keys_checked;
      if (outcome.search.answer == SearchAnswer::not_linearizable) violated.push_back(key);
    }
    // The plainest last: "zones+frontier" says that the frontier search was needed too.
    for (auto name = algorithms.rbegin(); name != algorithms.rend(); ++name) {
      result.statistics.algorithm += (name == algorithms.rbegin() ? "" : "+") + std::string(*name);
    }
    result.statistics.threads = arena_.max_concurrency();
    if (!violated.empty()) {
      result.verdict = Verdict::violation;
      result.unknown_because.clear();
      add_anomalies(std::move(violated), result);
    } else if (undecided != 0) {
      result.verdict = Verdict::unknown;
      if (outcomes_.size() > 1) {
        result.unknown_because += fmt::format("; {} of {} keys were decided, all linearizable",
                                              outcomes_.size() - undecided, outcomes_.size());
      }
    } else if (options_.certificate && certifiable()) {
      start_certificate(result);
      for (KeyId key = 0; key < outcomes_.size(); ++key) {
        result.certificate.orders.push_back(
            {name_of(key), std::move(outcomes_[key].order), std::move(outcomes_[key].completions)});
      }
    }
    return result;
  }

  std::string describe_undecided(KeyId key) const {
    const SearchResult& search = outcomes_[key].search;
    const std::string where =
        history_.keyed() ? fmt::format("key {}: ", to_text(history_.key(key))) : std::string();
    if (search.calls_explained == 0) return where + search.reason;
    return fmt::format("{}{} after an order was found for the first {} of its {} operations", where,
                       search.reason, search.calls_explained, history_.operations_on(key).size());
  }

  std::optional<Value> name_of(KeyId key) const {
    return history_.keyed() ? std::optional<Value>(history_.key(key)) : std::nullopt;
  }

  /// The verifier takes failed operations for ones that did not happen.
  /// Is there a verifier for what was checked?
  bool certifiable() const {
    return options_.failed == FailedOperation::did_not_happen &&
           make_specification(datatype_, history_.info()) != nullptr;
  }

  void start_certificate(CheckResult& result) const {
    Certificate& certificate = result.certificate;
    certificate.verdict = std::string(assay::name_of(result.verdict));
    certificate.model = result.model;
    certificate.datatype = result.datatype;
    certificate.history_digest = history_.digest();
    certificate.initial = history_.info().initial;
  }

  void add_anomalies(std::vector<KeyId> violated, CheckResult& result) {
    const auto wanted = static_cast<std::size_t>(std::max(1, options_.max_anomalies));
    if (violated.size() > wanted) violated.resize(wanted);
    // Finding small witnesses gets some time of its own: the violations are certain already.
    SearchLimits limits = limits_;
    if (limits.deadline.has_value()) {
      limits.deadline = std::max(*limits.deadline, Clock::now() + *options_.timeout / 4);
    }
    std::vector<ExplainedAnomaly> found(violated.size());
    for_each_key(violated, [&](KeyId key, ObjectChecker& checker) {
      const auto at = std::lower_bound(violated.begin(), violated.end(), key) - violated.begin();
      ExplainedAnomaly& explained = found[static_cast<std::size_t>(at)];
      explained = explain_minimal(checker, history_, datatype_, key, outcomes_[key], limits);
      // A cas of a register's witness may count as a write, so that one finds its timing itself.
      if (explained.anomaly.timing.empty() && datatype_ != "register") {
        explained.anomaly.timing =
            essential_timing(history_, datatype_, options_, key, explained.anomaly.witness, limits);
      }
    });
    if (options_.certificate && certifiable()) start_certificate(result);
    for (std::size_t i = 0; i < found.size(); ++i) {
      ExplainedAnomaly& explained = found[i];
      if (options_.certificate && is_verifiable(explained, violated[i])) {
        result.certificate.witnesses.push_back(std::move(explained.witness));
      }
      result.anomalies.push_back(std::move(explained.anomaly));
    }
    if (result.certificate.witnesses.empty() || !options_.certificate || !certifiable()) {
      result.certificate = {};
    }
  }

  bool is_verifiable(const ExplainedAnomaly& explained, KeyId key) const {
    const std::size_t size = explained.witness.operations.size();
    if (size == 0) return false;
    if (explained.refuted_by_rule || size <= small_witness || !certifiable()) return true;
    return WitnessVerifier(history_, datatype_, key).refute(explained.witness).ok();
  }

  const History& history_;
  const CheckOptions& options_;
  std::string datatype_;
  MakeObjectChecker make_checker_;
  tbb::global_control allowed_;  ///< lets -j exceed the number of cores
  tbb::task_arena arena_;
  SearchLimits limits_;
  std::vector<KeyOutcome> outcomes_;          ///< by key
  std::vector<std::optional<Error>> errors_;  ///< by key
};

}  // namespace

Result<CheckResult> check_linearizable(const History& history, std::string_view datatype,
                                       bool guessed, const CheckOptions& options) {
  auto make_checker = object_checker_for(datatype, history, options, guessed);
  if (!make_checker) return make_checker.error();
  return KeyedCheck(history, options, datatype, std::move(make_checker).value()).run();
}

}  // namespace assay
