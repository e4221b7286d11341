#include "checker/transactions/graph/levels.h"

#include <algorithm>

#include "checker/transactions/graph/tail_search.h"
#include "checker/transactions/graph/views.h"

namespace assay {
namespace {

using enum LevelTest;
using enum OrderBase;

constexpr std::array rules{
    LevelRule{"read-uncommitted", none, dirty_writes, Visibility::any, false},
    LevelRule{"read-committed", none, information, Visibility::any, false},
    LevelRule{"monotonic-atomic-view", none, information, Visibility::later_reads, false},
    LevelRule{"cursor-stability", none, information, Visibility::any, true},
    LevelRule{"update-atomic", none, information, Visibility::all_reads, true},
    LevelRule{"consistent-view", none, single, Visibility::any, false},
    LevelRule{"repeatable-read", none, serial, Visibility::any, false},
    LevelRule{"snapshot-isolation", none, snapshot, Visibility::any, false},
    LevelRule{"serializable", none, serial, Visibility::any, false},
    LevelRule{"parallel-snapshot-isolation", process, single, Visibility::any, false},
    LevelRule{"prefix", process, prefix, Visibility::any, false},
    LevelRule{"strong-session-snapshot-isolation", process, snapshot, Visibility::any, false},
    LevelRule{"strong-session-serializable", process, serial, Visibility::any, false},
    LevelRule{"strong-snapshot-isolation", realtime, snapshot, Visibility::any, false},
    LevelRule{"strict-serializable", realtime, serial, Visibility::any, false},
};

DependencySet kinds_of(LevelTest test) {
  switch (test) {
    case dirty_writes:
      return writes_only;
    case information:
    case single:
      return all_but_anti;
    default:
      return all_dependencies;
  }
}

/// Is the level decided although some versions have no known place? Of registers such versions may
/// have been read, so that anti-dependencies are missing.
bool is_complete(const LevelRule& rule, bool lists) {
  if (rule.forbids_lost_updates) return lists;
  return rule.test == dirty_writes || rule.test == information ||
         (lists && (rule.test == serial || rule.test == prefix));
}

}  // namespace

const LevelRule* level_rule(std::string_view model) {
  const auto at = std::find_if(rules.begin(), rules.end(),
                               [&](const LevelRule& rule) { return rule.model == model; });
  return at == rules.end() ? nullptr : &*at;
}

bool forbids(const LevelRule& rule, const Cycle& cycle) {
  const auto has = [&](Dependency kind) {
    return std::find(cycle.kinds.begin(), cycle.kinds.end(), kind) != cycle.kinds.end();
  };
  if (has(Dependency::realtime) && rule.base != realtime) return false;
  if (has(Dependency::process) && rule.base == none) return false;
  const CycleClass kind = class_of(cycle);
  switch (rule.test) {
    case dirty_writes:
      return kind == CycleClass::g0;
    case information:
      return kind <= CycleClass::g1c;
    case single:
      return kind <= CycleClass::g_single;
    case snapshot:
      return kind <= CycleClass::g_nonadjacent;
    case serial:
      return true;
    case prefix:
      break;
  }
  for (std::size_t i = 0; i < cycle.kinds.size(); ++i) {
    const Dependency before = cycle.kinds[(i + cycle.kinds.size() - 1) % cycle.kinds.size()];
    if (cycle.kinds[i] == Dependency::rw && before != Dependency::wr &&
        before != Dependency::process) {
      return false;
    }
  }
  return true;
}

GraphLevels::GraphLevels(const Transactions& txns, VersionOrders orders, SearchLimits limits)
    : txns_(txns), orders_(std::move(orders)), limits_(limits) {}

const Dependencies& GraphLevels::graph(OrderBase base) {
  auto& graph = graphs_.at(static_cast<std::size_t>(base));
  if (!graph.has_value()) graph = dependencies_of(txns_, orders_, base);
  return *graph;
}

LevelResult GraphLevels::check_cycles(const LevelRule& rule, const Dependencies& graph) {
  LevelResult result;
  if (rule.test == snapshot || rule.test == prefix) {
    const SnapshotView view(graph, rule.test == prefix);
    result.order = linear_order(view);
    result.snapshots = true;
    if (result.order.size() < view.size()) {
      result.cycle = find_snapshot_cycle(graph, rule.test == prefix);
    }
  } else {
    const SerialView view(graph, kinds_of(rule.test));
    result.order = linear_order(view);
    if (result.order.size() < view.size()) {
      result.cycle = find_serial_cycle(graph, kinds_of(rule.test));
    } else if (rule.test == single) {
      result.cycle = find_single_cycle(graph);
    }
  }
  result.verdict = result.cycle.has_value() ? Verdict::violation : Verdict::pass;
  if (result.verdict == Verdict::violation) {
    result.order.clear();
  } else {
    const NodeIndex end =
        static_cast<NodeIndex>(graph.transaction_count()) * (result.snapshots ? 2U : 1U);
    std::erase_if(result.order, [&](NodeIndex node) {
      return node >= end || !orders_.committed[result.snapshots ? node / 2 : node];
    });
  }
  return result;
}

LevelResult GraphLevels::check(const LevelRule& rule, bool with_versions) {
  if (rule.test == dirty_writes && !orders_.lists) return any_order();
  if (rule.base == realtime && !txns_.has_real_time()) {
    LevelResult result;
    result.unknown_because = "this history says nothing about real time";
    return result;
  }
  VersionOrders seen;
  std::vector<GraphFinding> findings;
  const bool adds_steps =
      !orders_.every_order_known &&
      (orders_.lists ? rule.forbids_lost_updates : rule.visibility != Visibility::any);
  if (rule.visibility != Visibility::any || rule.forbids_lost_updates) seen = orders_;
  if (rule.visibility != Visibility::any) {
    findings = invisible_effects(txns_, seen, rule.visibility);
  }
  if (rule.forbids_lost_updates) {
    auto stale = stale_updates(txns_, seen);
    std::move(stale.begin(), stale.end(), std::back_inserter(findings));
  }
  LevelResult result;
  if (!findings.empty()) {
    result.verdict = Verdict::violation;
  } else {
    result = adds_steps ? check_cycles(rule, dependencies_of(txns_, seen, rule.base))
                        : check_cycles(rule, graph(rule.base));
  }
  result.findings = std::move(findings);
  if (result.cycle.has_value() && adds_steps) result.versions = seen;
  if (result.verdict != Verdict::pass) return result;
  if (!orders_.ambiguous.empty()) {
    result = {};
    result.unknown_because = orders_.ambiguous;
    return result;
  }
  if (orders_.every_order_known) return result;
  if (is_complete(rule, orders_.lists)) {
    if (with_versions) result.versions = completed(adds_steps ? seen : orders_, positions(result));
    return result;
  }
  return try_completion(rule);
}

/// Commits decide; in a serial order a transaction is its own commit.
std::vector<std::uint32_t> GraphLevels::positions(const LevelResult& ordered) const {
  std::vector<std::uint32_t> position(txns_.size(), 0);
  for (std::uint32_t i = 0; i < ordered.order.size(); ++i) {
    const NodeIndex node = ordered.order[i];
    position[ordered.snapshots ? node / 2 : node] = i;
  }
  return position;
}

std::vector<NodeIndex> GraphLevels::late_snapshots(const Dependencies& graph) const {
  const SnapshotView view(graph, false);
  const auto end = static_cast<NodeIndex>(2 * graph.transaction_count());
  auto order = late_order(view, [&](NodeIndex node) { return node >= end || node % 2 == 0; });
  std::erase_if(order, [&](NodeIndex node) { return node >= end || !orders_.committed[node / 2]; });
  return order;
}

/// Writes alone do not show their order in registers: that a version is read and replaced says
/// something only where reads mean something.
LevelResult GraphLevels::any_order() const {
  LevelResult result;
  result.verdict = Verdict::pass;
  std::vector<std::uint32_t> position(txns_.size(), 0);
  for (TxnIndex t = 0; t < txns_.size(); ++t) {
    position[t] = t;
    if (orders_.committed[t]) result.order.push_back(t);
  }
  VersionOrders unordered = orders_;
  std::fill(unordered.known.begin(), unordered.known.end(), 0);
  result.versions = completed(unordered, position);
  return result;
}

LevelResult GraphLevels::try_completion(const LevelRule& rule) {
  // In the order of a serial execution, if there is one; else of the commits, if any; else of the
  // information that flowed.
  for (const LevelTest order_by : {serial, snapshot, information}) {
    LevelRule by = rule;
    by.test = order_by;
    LevelResult guide = check_cycles(by, graph(rule.base));
    if (guide.verdict != Verdict::pass) continue;
    // Writers that overlap cannot both have replaced the other's version: snapshots as late as
    // possible leave the fewest of them.
    if (order_by == snapshot) guide.order = late_snapshots(graph(rule.base));
    VersionOrders whole = completed(orders_, positions(guide), rule.forbids_lost_updates);
    GraphLevels with_order(txns_, std::move(whole));
    LevelResult result = with_order.check(rule, false);
    if (result.verdict != Verdict::pass) continue;
    result.versions = std::move(with_order.orders_);
    return result;
  }
  LevelResult result;
  if (orders_.lists) result = search_tails(rule);
  if (result.verdict == Verdict::unknown) {
    result.unknown_because =
        "no order of the writes whose order is not known was found that satisfies the level, nor a "
        "proof that there is none";
  }
  return result;
}

LevelResult GraphLevels::search_tails(const LevelRule& rule) {
  LevelResult result;
  TailOrder found = order_tails(orders_, rule, graph(rule.base), limits_);
  if (found.answer == TailAnswer::contradiction) {
    result.cases = find_cases(rule, found.transactions);
    if (!result.cases.empty()) result.verdict = Verdict::violation;
  }
  if (found.answer != TailAnswer::ordered) return result;
  VersionOrders stepped = orders_;
  stepped.steps = std::move(found.steps);
  const LevelResult by = check_cycles(rule, dependencies_of(txns_, stepped, rule.base));
  GraphLevels with_order(txns_, completed(orders_, positions(by)));
  LevelResult checked = with_order.check(rule, false);
  if (checked.verdict != Verdict::pass) return result;
  checked.versions = std::move(with_order.orders_);
  return checked;
}

/// Mostly two versions are enough for a contradiction.
std::vector<LevelCase> GraphLevels::find_cases(const LevelRule& rule,
                                               const std::vector<TxnIndex>& among) {
  constexpr std::size_t work = 2'000'000;
  std::size_t tries = std::max<std::size_t>(1, work / (txns_.size() + 1));
  VersionOrders stepped = orders_;
  const auto is_among = [&](std::uint32_t v) {
    return std::binary_search(among.begin(), among.end(), orders_.writer[v]);
  };
  for (TxnKey k = 0; k + 1 < orders_.begin.size(); ++k) {
    const auto end = static_cast<std::uint32_t>(orders_.begin[k + 1]);
    for (auto a = static_cast<std::uint32_t>(orders_.begin[k] + orders_.known[k]); a < end; ++a) {
      for (std::uint32_t b = a + 1; b < end; ++b) {
        if (!is_among(a) || !is_among(b)) continue;
        if (tries-- == 0) return {};
        std::vector<LevelCase> cases;
        for (const VersionStep& step :
             {VersionStep{k, a, b, supposed}, VersionStep{k, b, a, supposed}}) {
          stepped.steps.assign(1, step);
          auto cycle = check_cycles(rule, dependencies_of(txns_, stepped, rule.base)).cycle;
          if (cycle) cases.push_back({step, *std::move(cycle)});
        }
        if (cases.size() == 2) return cases;
      }
    }
  }
  return {};
}

}  // namespace assay
