#include "checker/linearizability/register_check.h"

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
#include <string>
#include <utility>
#include <vector>

#include "checker/linearizability/explain.h"
#include "checker/linearizability/register_object.h"
#include "checker/linearizability/register_search.h"
#include "checker/linearizability/witness.h"
#include "checker/linearizability/zones.h"

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;

/// The most operations of a witness that the verifier accepts.
constexpr std::size_t certifiable_witness = 24;

struct KeyOutcome {
  SearchResult search;
  std::vector<std::uint64_t> order;  ///< linearizable: event indices
  bool by_zones = false;
  std::optional<Error> error;
};

class RegisterCheck {
 public:
  RegisterCheck(const History& history, const CheckOptions& options, bool scalars_only)
      : history_(history),
        options_(options),
        scalars_only_(scalars_only),
        allowed_(tbb::global_control::max_allowed_parallelism, threads_for(options)),
        arena_(static_cast<int>(threads_for(options))),
        outcomes_(history.key_count()) {
    if (options.timeout.has_value()) limits_.deadline = Clock::now() + *options.timeout;
  }

  Result<CheckResult> run() {
    arena_.initialize();
    const auto threads = static_cast<std::uint64_t>(arena_.max_concurrency());
    // Rounded up, so that a limit never turns into none.
    limits_.memory_bytes = (options_.memory_bytes + threads - 1) / threads;
    check_keys();
    for (const KeyOutcome& outcome : outcomes_) {
      if (outcome.error.has_value()) return *outcome.error;
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
            RegisterReader reader(history_, scalars_only_);
            for (std::size_t i = range.begin(); i < range.end(); ++i) visit(keys[i], reader);
          },
          tbb::simple_partitioner());
    });
  }

  void check_keys() {
    std::vector<KeyId> keys(outcomes_.size());
    std::iota(keys.begin(), keys.end(), 0U);
    for_each_key(std::move(keys), [&](KeyId key, RegisterReader& reader) {
      check_key(key, reader, outcomes_[key]);
    });
  }

  void check_key(KeyId key, RegisterReader& reader, KeyOutcome& outcome) {
    if (limits_.time_is_up()) {
      outcome.search.reason = "the time ran out";
      return;
    }
    auto object = reader.read(key);
    if (!object) {
      outcome.error = object.error();
      return;
    }
    const auto& calls = object->calls;
    outcome.by_zones = has_unique_writers(calls, object->value_count);
    if (outcome.by_zones) {
      outcome.search = check_zones(calls, object->value_count, options_.certificate);
    } else {
      outcome.search = search_register(calls, object->value_count, limits_, options_.certificate);
    }
    outcome.order.reserve(outcome.search.order.size());
    for (const std::uint32_t i : outcome.search.order) outcome.order.push_back(calls[i].event);
    outcome.search.order = {};
  }

  CheckResult gather() {
    CheckResult result;
    result.model = "linearizable";
    result.datatype = "register";
    result.verdict = Verdict::pass;
    bool zones = false;
    bool frontier = false;
    std::vector<KeyId> violated;
    std::size_t undecided = 0;
    for (KeyId key = 0; key < outcomes_.size(); ++key) {
      const KeyOutcome& outcome = outcomes_[key];
      (outcome.by_zones ? zones : frontier) = true;
      result.statistics.configurations += outcome.search.configurations;
      if (outcome.search.answer == SearchAnswer::undecided) {
        if (undecided++ == 0) result.unknown_because = describe_undecided(key);
        continue;
      }
      ++result.statistics.keys_checked;
      if (outcome.search.answer == SearchAnswer::not_linearizable) violated.push_back(key);
    }
    result.statistics.algorithm = zones && frontier ? "zones+frontier"
                                  : zones           ? "zones"
                                                    : "frontier";
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
    } else if (options_.certificate) {
      start_certificate(result);
      for (KeyId key = 0; key < outcomes_.size(); ++key) {
        result.certificate.orders.push_back({name_of(key), std::move(outcomes_[key].order)});
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
    std::vector<Anomaly> anomalies(violated.size());
    for_each_key(violated, [&](KeyId key, RegisterReader& reader) {
      const auto object = reader.read(key);
      ASSAY_ASSERT(object.ok());
      const CallWitness witness = find_witness(object.value().calls, object.value().value_count,
                                               outcomes_[key].search, limits);
      const auto at = std::lower_bound(violated.begin(), violated.end(), key) - violated.begin();
      anomalies[static_cast<std::size_t>(at)] =
          describe_register_anomaly(history_, key, object.value(), witness);
    });
    if (options_.certificate) start_certificate(result);
    for (Anomaly& anomaly : anomalies) {
      if (anomaly.witness.size() <= certifiable_witness) {
        result.certificate.witnesses.push_back({anomaly.key, anomaly.witness});
      }
      result.anomalies.push_back(std::move(anomaly));
    }
    if (result.certificate.witnesses.empty() || !options_.certificate) result.certificate = {};
  }

  const History& history_;
  const CheckOptions& options_;
  bool scalars_only_;
  tbb::global_control allowed_;  ///< lets -j exceed the number of cores
  tbb::task_arena arena_;
  SearchLimits limits_;
  std::vector<KeyOutcome> outcomes_;  ///< by key
};

}  // namespace

Result<CheckResult> check_registers(const History& history, const CheckOptions& options,
                                    bool scalars_only) {
  return RegisterCheck(history, options, scalars_only).run();
}

}  // namespace assay
