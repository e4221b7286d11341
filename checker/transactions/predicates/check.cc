#include "checker/transactions/predicates/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <optional>

#include "checker/lattice.h"
#include "checker/transactions/graph/cycles.h"
#include "checker/transactions/graph/explain.h"
#include "checker/transactions/graph/levels.h"
#include "checker/transactions/graph/views.h"
#include "checker/transactions/predicates/edges.h"

namespace assay {
namespace {

using predicates::ClosedWorld;
using predicates::Edges;
using predicates::Reason;
using predicates::Versions;

/// Edges looked at for each component and class.
constexpr std::size_t predicate_search_work = 1'000'000;
constexpr std::string_view item = "-item";

/// Does the graph satisfy the level? Levels that look at more than cycles are not decided here.
bool satisfies(const LevelRule& rule, const Dependencies& graph) {
  const auto acyclic = [](const auto& view) { return linear_order(view).size() == view.size(); };
  if (rule.visibility != Visibility::any || rule.forbids_lost_updates) return false;
  switch (rule.test) {
    case LevelTest::dirty_writes:
      return acyclic(SerialView(graph, writes_only));
    case LevelTest::information:
      return acyclic(SerialView(graph, all_but_anti));
    case LevelTest::single:
      return acyclic(SerialView(graph, all_but_anti)) && !find_single_cycle(graph);
    case LevelTest::prefix:
      return acyclic(SnapshotView(graph, true));
    case LevelTest::snapshot:
      return acyclic(SnapshotView(graph, false));
    case LevelTest::serial:
      break;
  }
  return acyclic(SerialView(graph, all_dependencies));
}

class PredicateCheck {
 public:
  PredicateCheck(const ClosedWorld& world, std::span<const std::string> models, int max)
      : world_(world),
        models_(models),
        max_(max),
        versions_(find_versions(world)),
        edges_(world, versions_) {}

  CheckResult run() {
    for (const predicates::Flaw& flaw : versions_.flaws) add(flaw);
    const std::array bases{OrderBase::none, OrderBase::process, OrderBase::realtime};
    for (const OrderBase base : bases) {
      for (const bool predicates : {false, true}) {
        for (const Cycle& cycle :
             find_cycles(edges_.graph(base, predicates), base, max_, predicate_search_work)) {
          add(cycle);
        }
      }
    }
    CheckResult result;
    result.statistics.algorithm = "predicate dependencies";
    result.verdict = Verdict::pass;
    for (const std::string& model : models_) {
      ModelVerdict each = decide(model);
      if (result.model.empty() || each.verdict > result.verdict) {
        result.verdict = each.verdict;
        result.model = each.model;
        result.unknown_because = each.unknown_because;
      }
      result.models.push_back(std::move(each));
    }
    // The gravest first.
    std::stable_sort(anomalies_.begin(), anomalies_.end(), [](const Anomaly& a, const Anomaly& b) {
      return refuted_by(a.type).size() > refuted_by(b.type).size();
    });
    if (result.verdict == Verdict::violation) result.anomalies = std::move(anomalies_);
    if (result.anomalies.size() > static_cast<std::size_t>(max_)) {
      result.anomalies.resize(static_cast<std::size_t>(max_));
    }
    return result;
  }

 private:
  ModelVerdict decide(const std::string& model) {
    const bool refuted =
        std::any_of(anomalies_.begin(), anomalies_.end(), [&](const Anomaly& anomaly) {
          const auto models = refuted_by(anomaly.type);
          return std::find(models.begin(), models.end(), model) != models.end();
        });
    if (refuted) return {model, Verdict::violation};
    if (!versions_.ambiguous.empty()) return {model, Verdict::unknown, versions_.ambiguous};
    for (const ModelInfo& stronger : model_lattice()) {
      if (implies(stronger.name, model) && holds(stronger.name)) return {model, Verdict::pass};
    }
    return {model, Verdict::unknown,
            level_rule(model) == nullptr
                ? fmt::format("{} over predicates cannot be checked yet", model)
                : "no order of the versions whose order is not known was found that satisfies the "
                  "level, nor a proof that there is none"};
  }

  bool holds(std::string_view model) {
    const auto [at, fresh] = holds_.try_emplace(model, false);
    if (fresh) at->second = find_whether_holds(model);
    return at->second;
  }

  bool find_whether_holds(std::string_view model) const {
    const LevelRule* rule = level_rule(model);
    if (rule == nullptr || (rule->base == OrderBase::realtime && !world_.real_time)) return false;
    // What others insert or change until it matches is no matter of repeatable read.
    const bool predicates = model != "repeatable-read";
    const bool all_known = std::all_of(versions_.known.begin(), versions_.known.end(),
                                       [](bool known) { return known; });
    if (all_known) return satisfies(*rule, edges_.graph(rule->base, predicates));
    for (const auto& position : guesses(*rule, predicates)) {
      const Versions whole = completed(world_, versions_, position);
      if (satisfies(*rule, Edges(world_, whole).graph(rule->base, predicates))) return true;
    }
    return false;
  }

  /// Orders of the transactions in which they may have committed: by their ends, by their starts,
  /// and as a serial execution could have run them, if there is one.
  std::vector<std::vector<std::uint32_t>> guesses(const LevelRule& rule, bool predicates) const {
    const auto& txns = world_.transactions;
    std::vector<std::vector<std::uint32_t>> result;
    const auto sorted_by = [&](const auto& time_of) {
      std::vector<std::uint32_t> order(txns.size());
      std::iota(order.begin(), order.end(), 0U);
      std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        return time_of(txns[a]) < time_of(txns[b]);
      });
      result.push_back(positions(order));
    };
    const Dependencies graph = edges_.graph(rule.base, predicates);
    const auto ends = latest_ends(graph);
    sorted_by([&](const predicates::Transaction& txn) {
      return ends[static_cast<std::size_t>(&txn - txns.data())];
    });
    sorted_by([](const predicates::Transaction& txn) { return txn.start; });
    for (const DependencySet kinds : {all_dependencies, all_but_anti}) {
      const SerialView view(graph, kinds);
      const auto order = linear_order(view);
      if (order.size() == view.size()) result.push_back(positions(order));
    }
    return result;
  }

  /// When each was over; an indeterminate one, just before the first that needs it.
  std::vector<std::int64_t> latest_ends(const Dependencies& graph) const {
    const auto& txns = world_.transactions;
    std::vector<std::int64_t> ends;
    for (const predicates::Transaction& txn : txns) ends.push_back(txn.end);
    const auto order = linear_order(SerialView(graph, all_dependencies));
    for (auto node = order.rbegin(); node != order.rend(); ++node) {
      if (graph.is_helper(*node) || txns[*node].end != never) continue;
      for (const auto edge : graph.edges(*node)) {
        if (!graph.is_helper(edge.to())) ends[*node] = std::min(ends[*node], ends[edge.to()] - 1);
      }
    }
    return ends;
  }

  template <class Order>
  static std::vector<std::uint32_t> positions(const Order& order) {
    std::vector<std::uint32_t> position(order.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) position[order[i]] = i;
    return position;
  }

  void add(const predicates::Flaw& flaw) {
    Anomaly anomaly;
    anomaly.type = flaw.type;
    anomaly.key = world_.keys[flaw.key];
    for (const std::uint32_t t : flaw.transactions) {
      anomaly.witness.push_back(world_.transactions[t].event);
    }
    anomaly.explanation = flaw.because;
    finish(std::move(anomaly));
  }

  void add(const Cycle& cycle) {
    Anomaly anomaly;
    anomaly.type = type_of(cycle);
    const std::size_t n = cycle.transactions.size();
    std::size_t first = 0;
    for (std::size_t i = 0; i < n; ++i) {
      if (cycle.kinds[i] == Dependency::rw) first = (i + 1) % n;
    }
    bool by_predicate = false;
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t at = (first + i) % n;
      const TxnIndex before = cycle.transactions[at];
      const TxnIndex after = cycle.transactions[(at + 1) % n];
      const Dependency kind = cycle.kinds[at];
      const Reason* reason = edges_.find(before, after, kind);
      std::string because = reason != nullptr ? reason->because
                            : kind == Dependency::process
                                ? "the same process ran the former first"
                                : "the former was over before the latter began";
      by_predicate =
          by_predicate || (kind == Dependency::rw && reason != nullptr && reason->by_predicate);
      anomaly.steps.push_back({world_.transactions[before].event, world_.transactions[after].event,
                               std::string(name_of(kind)), std::move(because)});
      anomaly.witness.push_back(world_.transactions[before].event);
    }
    if (const auto at = anomaly.type.find(item); by_predicate && at != std::string::npos) {
      anomaly.type.erase(at, item.size());
    }
    anomaly.explanation = fmt::format(
        "each of {} transactions must come before the next, and the last before the first", n);
    finish(std::move(anomaly));
  }

  void finish(Anomaly anomaly) {
    std::sort(anomaly.witness.begin(), anomaly.witness.end());
    anomaly.witness.erase(std::unique(anomaly.witness.begin(), anomaly.witness.end()),
                          anomaly.witness.end());
    const auto same = [&](const Anomaly& other) {
      return other.type == anomaly.type && other.witness == anomaly.witness;
    };
    if (std::any_of(anomalies_.begin(), anomalies_.end(), same)) return;
    const AnomalyInfo* info = find_anomaly(anomaly.type);
    if (info != nullptr) anomaly.model = info->refutes.substr(0, info->refutes.find(' '));
    anomaly.explanation += "; " + allowed_and_forbidden(anomaly.type);
    anomaly.minimal = true;
    anomalies_.push_back(std::move(anomaly));
  }

  const ClosedWorld& world_;
  std::span<const std::string> models_;
  int max_;
  Versions versions_;
  Edges edges_;
  std::vector<Anomaly> anomalies_;
  std::map<std::string_view, bool> holds_;  ///< by model of the lattice
};

}  // namespace

Result<CheckResult> check_closed_predicates(const History& history,
                                            std::span<const std::string> models,
                                            const CheckOptions& options) {
  const auto world = predicates::read_closed_world(history);
  if (!world) return world.error();
  return PredicateCheck(*world, models, options.max_anomalies).run();
}

}  // namespace assay
