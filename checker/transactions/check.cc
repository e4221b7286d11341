#include "checker/transactions/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "checker/certificate/verify_serial.h"
#include "checker/lattice.h"
#include "checker/transactions/graph/graph_check.h"
#include "checker/transactions/polygraph/polygraph.h"
#include "checker/transactions/transactions.h"
#include "checker/transactions/weak/weak.h"

namespace assay {
namespace {

class LevelChecks {
 public:
  LevelChecks(const Transactions& txns, std::string_view datatype, const CheckOptions& options)
      : txns_(txns),
        lists_(datatype == "list-append"),
        options_(options),
        graph_(txns,
               lists_ ? orders_of_lists(txns, options.max_anomalies)
                      : orders_of_registers(txns, options.max_anomalies),
               options.max_anomalies) {}

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

  LevelOutcome check(const std::string& model) {
    // The orders of versions that the graph infers for registers are not all there are, so only
    // what it refutes is certain; its names for anomalies are the field's.
    if (!lists_ && polygraph_knows(model)) {
      LevelOutcome outcome = check_polygraph(txns_, model, options_);
      if (outcome.verdict == Verdict::pass || !GraphCheck::knows(model)) return outcome;
      LevelOutcome named = graph_.check(model, options_.certificate);
      if (named.verdict != Verdict::violation) return outcome;
      named.certificate = outcome.certificate;
      named.algorithm = outcome.algorithm;
      return named;
    }
    if (GraphCheck::knows(model)) {
      LevelOutcome outcome = graph_.check(model, options_.certificate);
      if (outcome.verdict != Verdict::unknown || lists_) return outcome;
      // What refutes a weaker level refutes this one.
      for (const std::string_view weaker : {"transactional-causal", "read-atomic"}) {
        if (!implies(model, weaker)) continue;
        LevelOutcome below = check_weak(txns_, weaker, options_);
        if (below.verdict == Verdict::violation) return below;
      }
      return outcome;
    }
    if (is_weak_level(model)) return check_weak(txns_, model, options_);
    LevelOutcome outcome;
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

  static void add(std::vector<Anomaly>& anomalies, const Anomaly& anomaly) {
    const bool known = std::any_of(anomalies.begin(), anomalies.end(), [&](const Anomaly& other) {
      return other.type == anomaly.type && other.witness == anomaly.witness &&
             other.key == anomaly.key;
    });
    if (!known) anomalies.push_back(anomaly);
  }

  const Transactions& txns_;
  bool lists_;
  const CheckOptions& options_;
  GraphCheck graph_;
  std::map<std::string, LevelOutcome> outcomes_;
};

bool is_empty(const Certificate& certificate) {
  return certificate.orders.empty() && certificate.witnesses.empty();
}

}  // namespace

Result<CheckResult> check_transactions(const History& history, std::string_view datatype,
                                       std::span<const std::string> models,
                                       const CheckOptions& options) {
  if (datatype != "list-append" && datatype != "rw-register" && datatype != "register") {
    return Error{ErrorKind::usage,
                 fmt::format("isolation levels of {} cannot be checked yet", datatype)};
  }
  const auto txns = read_transactions(history, datatype);
  if (!txns) return txns.error();
  CheckResult result = LevelChecks(*txns, datatype, options).run(models);
  for (ModelVerdict& each : result.models) {
    // Only what an independent verifier re-checks is a certificate.
    if (options.certificate && each.verdict != Verdict::unknown &&
        is_serial_certificate(each.model, datatype) && !is_empty(each.certificate)) {
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
