#include "checker/transactions/graph/graph_check.h"

#include <algorithm>

#include "checker/lattice.h"
#include "checker/transactions/graph/explain.h"

namespace assay {
namespace {

/// Edges looked at for each component and class: a tenth of a second each.
constexpr std::size_t search_work = 3'000'000;
constexpr std::uint64_t exact_search_work = 20'000'000;

/// Does the anomaly, as it is told, refute the model?
bool names(const Anomaly& anomaly, std::string_view model) {
  if (implies(model, anomaly.model)) return true;
  const auto refuted = refuted_by(anomaly.type);
  return std::find(refuted.begin(), refuted.end(), model) != refuted.end();
}

}  // namespace

GraphCheck::GraphCheck(const Transactions& txns, VersionOrders orders, int max_anomalies,
                       const SearchLimits& limits)
    : txns_(txns), levels_(txns, std::move(orders), limits), max_anomalies_(max_anomalies) {
  for (const GraphFinding& finding : levels_.orders().findings) add(finding);
}

bool GraphCheck::refutes(const Found& found, const LevelRule& rule) {
  if (!found.level.empty() && !implies(rule.model, found.level)) return false;
  if (found.proofs.size() > 1) return true;
  if (found.cycle.has_value()) return forbids(rule, *found.cycle);
  const auto refuted = refuted_by(found.anomaly.type);
  return std::find(refuted.begin(), refuted.end(), rule.model) != refuted.end();
}

void GraphCheck::add(Found found) {
  // Of two cycles over the same transactions a level may forbid one and allow the other.
  const bool known = std::any_of(found_.begin(), found_.end(), [&](const Found& other) {
    return other.anomaly.type == found.anomaly.type &&
           other.anomaly.witness == found.anomaly.witness &&
           other.anomaly.key == found.anomaly.key && other.cycle == found.cycle &&
           other.level == found.level;
  });
  if (!known) found_.push_back(std::move(found));
}

void GraphCheck::add(const GraphFinding& finding) {
  const Explainer explainer(txns_, levels_.orders());
  add(Found{explainer.anomaly(finding), {explainer.proof(finding)}, std::nullopt});
}

void GraphCheck::add(const Cycle& cycle, const VersionOrders& orders, std::string_view level) {
  const Explainer explainer(txns_, orders);
  Found found{explainer.anomaly(cycle), {explainer.proof(cycle)}, cycle, level};
  if (orders.lists && !level.empty()) {
    // Its steps are what keeps updates from getting lost.
    found.anomaly.type = "lost-update";
    found.anomaly.model = found.level = "cursor-stability";
  } else if (level == "monotonic-atomic-view" || level == "update-atomic") {
    // Its steps are what atomic visibility demands; as dependencies they would refute more.
    found.anomaly.type = level == "update-atomic" ? "fractured-read" : "OTV";
    found.anomaly.model = level;
  }
  add_named(found);
  add(std::move(found));
}

void GraphCheck::add(const std::vector<LevelCase>& cases, std::string_view level) {
  Found found{{}, {}, std::nullopt, level};
  std::vector<Anomaly> anomalies;
  for (const LevelCase& each : cases) {
    VersionOrders orders = levels_.orders();
    orders.steps.push_back(each.supposed);
    const Explainer explainer(txns_, orders);
    anomalies.push_back(explainer.anomaly(each.cycle));
    found.proofs.push_back(explainer.proof(each.cycle));
  }
  found.anomaly =
      Explainer(txns_, levels_.orders()).anomaly(anomalies.at(0), anomalies.at(1), level);
  add(std::move(found));
}

/// Two shapes of cycles have names of their own.
void GraphCheck::add_named(const Found& found) {
  const Cycle& cycle = *found.cycle;
  const auto count = [&](Dependency kind) {
    return std::count(cycle.kinds.begin(), cycle.kinds.end(), kind);
  };
  const auto writes_nothing = [&](TxnIndex t) {
    const auto ops = txns_.ops(t);
    return std::none_of(ops.begin(), ops.end(), [](const TxnOp& op) { return op.writes(); });
  };
  const auto readers =
      std::count_if(cycle.transactions.begin(), cycle.transactions.end(), writes_nothing);
  std::string_view name;
  if (cycle.kinds.size() == 4 && class_of(cycle) == CycleClass::g_nonadjacent &&
      count(Dependency::wr) == 2 && readers == 2) {
    name = "long-fork";
  } else if (cycle.kinds.size() == 3 && count(Dependency::realtime) == 1 &&
             count(Dependency::wr) == 1 && count(Dependency::rw) == 1 && readers == 1) {
    name = "causal-reverse";
  } else {
    return;
  }
  Found named = found;
  named.anomaly.type = name;
  const AnomalyInfo* info = find_anomaly(name);
  named.anomaly.model = info->refutes.substr(0, info->refutes.find(' '));
  named.anomaly.explanation = std::string(info->summary) + "; " + allowed_and_forbidden(name);
  add(std::move(named));
}

void GraphCheck::find(OrderBase base) {
  for (int b = 0; b <= static_cast<int>(base); ++b) {
    if (searched_.at(static_cast<std::size_t>(b))) continue;
    searched_.at(static_cast<std::size_t>(b)) = true;
    const auto search = static_cast<OrderBase>(b);
    const Dependencies& graph = levels_.graph(search);
    bool simple = false;  // a cycle with at most one anti-dependency
    for (const Cycle& cycle : find_cycles(graph, search, max_anomalies_, search_work)) {
      simple = simple || class_of(cycle) <= CycleClass::g_single;
      add(cycle, levels_.orders());
    }
    // In a large component the one that says most may be hidden among very many others.
    if (simple) continue;
    if (const auto cycle = find_single_cycle(graph, exact_search_work))
      add(*cycle, levels_.orders());
  }
}

bool GraphCheck::collect(const LevelRule& rule, LevelOutcome& outcome) const {
  std::vector<const Found*> refuting;
  for (const Found& found : found_) {
    if (refutes(found, rule)) refuting.push_back(&found);
  }
  // The smallest first, as it is the clearest; then what refutes the most models.
  std::stable_sort(refuting.begin(), refuting.end(), [](const Found* a, const Found* b) {
    const auto weight = [](const Found* found) { return refuted_by(found->anomaly.type).size(); };
    const std::size_t size_a = a->anomaly.witness.size();
    const std::size_t size_b = b->anomaly.witness.size();
    return size_a != size_b ? size_a < size_b : weight(a) > weight(b);
  });
  for (const Found* found : refuting) {
    outcome.anomalies.push_back(found->anomaly);
    // The name alone says what every cycle of its class refutes; this one may refute more.
    if (!names(found->anomaly, rule.model)) outcome.anomalies.back().model = rule.model;
  }
  // What else was seen comes last: it concerns stronger models.
  for (const Found& found : found_) {
    if (!refuting.empty() && !refutes(found, rule)) {
      outcome.anomalies.push_back(found.anomaly);
    }
  }
  if (!refuting.empty()) outcome.certificate.proofs = refuting.front()->proofs;
  return !refuting.empty();
}

LevelOutcome GraphCheck::check(std::string_view model, bool certificate) {
  const LevelRule& rule = *level_rule(model);
  LevelOutcome outcome;
  outcome.algorithm = "dependency graph";
  const bool refuted_at_sight = std::any_of(
      found_.begin(), found_.end(), [&](const Found& found) { return refutes(found, rule); });
  LevelResult result;
  if (refuted_at_sight) {
    result.verdict = Verdict::violation;
    // With other cycles than the one at hand, too.
    find(rule.base == OrderBase::realtime && !txns_.has_real_time() ? OrderBase::process
                                                                    : rule.base);
  } else {
    result = levels_.check(rule, certificate);
    if (result.verdict == Verdict::violation) {
      for (const GraphFinding& finding : result.findings) add(finding);
      if (!result.cases.empty()) add(result.cases, rule.model);
      find(rule.base);
      if (result.cycle.has_value()) {
        LevelOutcome sofar;
        if (!collect(rule, sofar)) {
          if (result.versions) {
            add(*result.cycle, *result.versions, rule.model);
          } else {
            add(*result.cycle, levels_.orders());
          }
        }
      }
    }
  }
  outcome.verdict = result.verdict;
  outcome.unknown_because = result.unknown_because;
  if (outcome.verdict == Verdict::violation) collect(rule, outcome);
  if (certificate && outcome.verdict == Verdict::pass && ambiguous().empty()) {
    certify(result, outcome.certificate);
  }
  return outcome;
}

void GraphCheck::certify(const LevelResult& result, Certificate& certificate) const {
  const VersionOrders& orders = result.versions ? *result.versions : levels_.orders();
  TransactionOrder order;
  order.snapshots = result.snapshots;
  order.order.reserve(result.order.size());
  for (const NodeIndex node : result.order) {
    order.order.push_back(result.snapshots ? 2 * txns_[node / 2].event + node % 2
                                           : txns_[node].event);
  }
  for (TxnKey k = 0; k < txns_.key_count(); ++k) {
    TransactionOrder::Versions versions{txns_.key(k), {}};
    TxnIndex last = no_txn;
    for (const TxnIndex t : orders.versions(k)) {
      if (t == no_txn || t == last || !orders.committed[t]) continue;
      versions.writers.push_back(txns_[t].event);
      last = t;
    }
    if (!versions.writers.empty()) order.versions.push_back(std::move(versions));
  }
  certificate.transaction_order = std::move(order);
}

}  // namespace assay
