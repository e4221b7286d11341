#include "checker/transactions/check.h"

#include <fmt/format.h>
#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

#include "checker/certificate/verify_dependencies.h"
#include "checker/certificate/verify_serial.h"
#include "checker/certificate/views.h"
#include "checker/lattice.h"
#include "checker/transactions/graph/graph_check.h"
#include "checker/transactions/polygraph/polygraph.h"
#include "checker/transactions/set_members.h"
#include "checker/transactions/transactions.h"
#include "checker/transactions/weak/weak.h"

namespace assay {
namespace {

class LevelChecks {
 public:
  LevelChecks(const Transactions& txns, std::string_view datatype, const CheckOptions& options)
      : txns_(txns), lists_(datatype == "list-append"), options_(options) {}

  CheckResult run(std::span<const std::string> models) {
    std::vector<std::string> asked;
    for (const ModelInfo& model : model_lattice()) {
      if (std::find(models.begin(), models.end(), model.name) != models.end()) {
        asked.emplace_back(model.name);
      }
    }
    // The strongest first: what it passes is decided for all below it.
    for (const std::string& model : asked) decide(model);
    return merge(asked, models);
  }

 private:
  void decide(const std::string& model) {
    for (const auto& [other, outcome] : outcomes_) {
      if (outcome.verdict == Verdict::pass && follows(other, model)) {
        LevelOutcome derived;
        derived.verdict = Verdict::pass;
        derived.algorithm = outcome.algorithm;
        outcomes_.emplace(model, std::move(derived));
        return;
      }
    }
    outcomes_.emplace(model, check(model));
  }

  bool follows(const std::string& stronger, const std::string& weaker) const {
    return implies_for(lists_ ? "list-append" : "rw-register", stronger, weaker);
  }

  /// Dependencies first: what they refute is certain, and their names for anomalies are the
  /// field's. They pass what has a known order of versions; the polygraph looks for one.
  LevelOutcome check(const std::string& model) {
    LevelOutcome outcome;
    if (GraphCheck::knows(model)) {
      outcome = graph().check(model, options_.certificate);
      if (outcome.verdict != Verdict::unknown || lists_) return outcome;
    }
    if (!lists_ && polygraph_knows(model)) return check_polygraph(txns_, model, options_);
    if (outcome.verdict == Verdict::unknown && GraphCheck::knows(model)) {
      // What refutes a weaker level refutes this one.
      for (const std::string_view weaker : {"transactional-causal", "read-atomic"}) {
        if (!implies(model, weaker)) continue;
        LevelOutcome below = check_weak(txns_, weaker, options_);
        if (below.verdict == Verdict::violation) return below;
      }
      return outcome;
    }
    if (is_weak_level(model)) return check_weak(txns_, model, options_);
    outcome.unknown_because = fmt::format("{} of {} cannot be checked yet", model,
                                          lists_ ? "list-append" : "rw-register");
    return outcome;
  }

  CheckResult merge(const std::vector<std::string>& asked, std::span<const std::string> models) {
    // A violation of a weaker level is one of every stronger level.
    for (const std::string& model : asked) {
      LevelOutcome& outcome = outcomes_.at(model);
      if (outcome.verdict != Verdict::unknown) continue;
      for (const auto& [other, found] : outcomes_) {
        if (found.verdict == Verdict::violation && follows(model, other)) {
          outcome = found;
          break;
        }
      }
    }
    CheckResult result;
    result.verdict = Verdict::pass;
    for (const std::string& model : models) {
      if (outcomes_.count(model) == 0) continue;
      LevelOutcome& outcome = outcomes_.at(model);
      result.models.push_back({model, outcome.verdict, outcome.unknown_because});
      result.models.back().certificate = std::move(outcome.certificate);
      if (result.model.empty() || outcome.verdict > result.verdict) {
        result.verdict = outcome.verdict;
        result.model = model;
        result.unknown_because = outcome.unknown_because;
      }
      if (result.statistics.algorithm.find(outcome.algorithm) == std::string::npos) {
        result.statistics.algorithm +=
            (result.statistics.algorithm.empty() ? "" : "+") + outcome.algorithm;
      }
      for (Anomaly& anomaly : outcome.anomalies) add(result.anomalies, anomaly);
    }
    if (result.anomalies.size() > static_cast<std::size_t>(options_.max_anomalies)) {
      result.anomalies.resize(static_cast<std::size_t>(options_.max_anomalies));
    }
    return result;
  }

  /// What several levels found is one anomaly, of the weakest of them. Of two that do not imply
  /// each other, its name may tell one; else there are two.
  static void add(std::vector<Anomaly>& anomalies, const Anomaly& anomaly) {
    for (Anomaly& other : anomalies) {
      if (other.type != anomaly.type || other.witness != anomaly.witness ||
          other.key != anomaly.key) {
        continue;
      }
      const auto refuted = refuted_by(other.type);
      const auto is_named = [&](std::string_view model) {
        return std::find(refuted.begin(), refuted.end(), model) != refuted.end();
      };
      if (implies(anomaly.model, other.model) || is_named(anomaly.model)) return;
      if (!implies(other.model, anomaly.model) && !is_named(other.model)) continue;
      other.model = anomaly.model;
      return;
    }
    anomalies.push_back(anomaly);
  }

  /// Made when a level asks for it: the weak ones need no order of versions.
  GraphCheck& graph() {
    if (!graph_.has_value()) {
      SearchLimits limits;
      if (options_.timeout.has_value()) {
        limits.deadline = std::chrono::steady_clock::now() + *options_.timeout;
      }
      graph_.emplace(txns_,
                     lists_ ? orders_of_lists(txns_, options_.max_anomalies)
                            : orders_of_registers(txns_, options_.max_anomalies),
                     options_.max_anomalies, limits);
    }
    return *graph_;
  }

  const Transactions& txns_;
  bool lists_;
  const CheckOptions& options_;
  std::optional<GraphCheck> graph_;
  std::map<std::string, LevelOutcome> outcomes_;
};

/// Is this something that an independent verifier re-checks?
bool is_verifiable(const Certificate& certificate, std::string_view model,
                   std::string_view datatype) {
  if (is_dependency_certificate(certificate)) return is_dependency_level(model);
  if (certificate.orders.empty() && certificate.witnesses.empty() && certificate.cycles.empty()) {
    return false;
  }
  return is_serial_certificate(model, datatype) || is_view_certificate(model, datatype);
}

/// Questions whether an element is in a set; each takes some 50 bytes.
constexpr std::uint64_t set_reads_max = 100'000'000;

CheckResult too_large(const SetMembers& members, std::span<const std::string> models) {
  CheckResult result;
  result.unknown_because = fmt::format(
      "the sets are too large: their reads answer {} times whether an element is there; "
      "at most {} can be checked",
      members.register_reads(), set_reads_max);
  for (const std::string& model : models) {
    result.models.push_back({model, Verdict::unknown, result.unknown_because});
  }
  result.model = models.front();
  return result;
}

}  // namespace

Result<CheckResult> check_transactions(const History& history, std::string_view datatype,
                                       std::span<const std::string> models,
                                       const CheckOptions& options) {
  if (datatype != "list-append" && datatype != "rw-register" && datatype != "register" &&
      datatype != "grow-only-set") {
    return Error{ErrorKind::usage,
                 fmt::format("isolation levels of {} cannot be checked yet", datatype)};
  }
  const int threads = options.threads > 0 ? options.threads : tbb::info::default_concurrency();
  const tbb::global_control allowed(tbb::global_control::max_allowed_parallelism,
                                    static_cast<std::size_t>(threads));
  tbb::task_arena arena(threads);
  auto checked = arena.execute([&]() -> Result<CheckResult> {
    std::optional<SetMembers> members;
    if (datatype == "grow-only-set") {
      auto found = SetMembers::of(history);
      if (!found) return found.error();
      members = std::move(found).value();
      if (members->register_reads() > set_reads_max) return too_large(*members, models);
    }
    const auto txns = read_transactions(history, datatype, members ? &*members : nullptr);
    if (!txns) return txns.error();
    return LevelChecks(*txns, datatype, options).run(models);
  });
  if (!checked) return checked.error();
  CheckResult result = std::move(checked).value();
  result.statistics.threads = threads;
  for (ModelVerdict& each : result.models) {
    // Only what an independent verifier re-checks is a certificate.
    if (options.certificate && each.verdict != Verdict::unknown &&
        is_verifiable(each.certificate, each.model, datatype)) {
      each.certificate.verdict = name_of(each.verdict);
      each.certificate.model = each.model;
      each.certificate.datatype = datatype;
      each.certificate.history_digest = history.digest();
      each.certificate.initial = history.info().initial;
    } else {
      each.certificate = {};
    }
    if (each.model != result.model) continue;
    // It may be as large as the history.
    result.certificate = models.size() == 1 ? std::move(each.certificate) : each.certificate;
  }
  return result;
}

}  // namespace assay
