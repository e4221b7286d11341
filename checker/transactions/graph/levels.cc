#include "checker/transactions/graph/levels.h"

#include <algorithm>
#include <numeric>

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

/// Is the level decided although some versions have no known place?
bool is_complete(const LevelRule& rule) {
  return rule.test != single && rule.test != snapshot && !rule.forbids_lost_updates;
}

}  // namespace

const LevelRule* level_rule(std::string_view model) {
  const auto at = std::find_if(rules.begin(), rules.end(),
                               [&](const LevelRule& rule) { return rule.model == model; });
  return at == rules.end() ? nullptr : &*at;
}

GraphLevels::GraphLevels(const Transactions& txns, VersionOrders orders)
    : txns_(txns), orders_(std::move(orders)) {}

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

LevelResult GraphLevels::check(const LevelRule& rule) {
  if (rule.base == realtime && !txns_.has_real_time()) {
    LevelResult result;
    result.unknown_because = "this history says nothing about real time";
    return result;
  }
  VersionOrders seen;
  std::vector<Finding> findings;
  const bool adds_steps =
      rule.visibility != Visibility::any && !orders_.lists && !orders_.every_order_known;
  if (rule.visibility != Visibility::any) {
    seen = orders_;
    findings = invisible_effects(txns_, seen, rule.visibility);
  }
  if (rule.forbids_lost_updates) {
    auto stale = stale_updates(txns_, orders_);
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
  if (result.verdict != Verdict::pass) return result;
  if (!orders_.ambiguous.empty()) {
    result = {};
    result.unknown_because = orders_.ambiguous;
    return result;
  }
  if (orders_.every_order_known) return result;
  // For the certificate a whole order is wanted anyway.
  const bool complete = is_complete(rule);
  if (complete) {
    std::vector<std::uint32_t> position(txns_.size(), 0);
    for (std::uint32_t i = 0; i < result.order.size(); ++i) {
      const NodeIndex node = result.order[i];
      // Commits decide; in a serial order a transaction is its own commit.
      position[result.snapshots ? node / 2 : node] = i;
    }
    result.versions = completed(adds_steps ? seen : orders_, position);
    return result;
  }
  return try_completion(rule);
}

LevelResult GraphLevels::try_completion(const LevelRule& rule) {
  // In the order of a serial execution, if there is one; else of the commits, if any; else of the
  // information that flowed.
  for (const LevelTest order_by : {serial, snapshot, information}) {
    LevelRule by = rule;
    by.test = order_by;
    LevelResult guide = check_cycles(by, graph(rule.base));
    if (guide.verdict != Verdict::pass) continue;
    std::vector<std::uint32_t> position(txns_.size(), 0);
    for (std::uint32_t i = 0; i < guide.order.size(); ++i) {
      position[guide.snapshots ? guide.order[i] / 2 : guide.order[i]] = i;
    }
    VersionOrders whole = completed(orders_, position);
    GraphLevels with_order(txns_, std::move(whole));
    LevelResult result = with_order.check(rule);
    if (result.verdict != Verdict::pass) continue;
    result.versions = std::move(with_order.orders_);
    return result;
  }
  LevelResult result;
  result.unknown_because =
      "no order of the writes whose order is not known was found that satisfies the level, nor a "
      "proof that there is none";
  return result;
}

VersionOrders completed(const VersionOrders& orders, const std::vector<std::uint32_t>& position) {
  VersionOrders whole = orders;
  whole.steps.clear();
  whole.every_order_known = true;
  std::vector<std::uint32_t> place_of(orders.writer.size());
  std::iota(place_of.begin(), place_of.end(), 0U);
  for (TxnKey k = 0; k + 1 < orders.begin.size(); ++k) {
    const std::size_t first = orders.begin[k] + orders.known[k];
    const std::size_t end = orders.begin[k + 1];
    whole.known[k] = static_cast<std::uint32_t>(end - orders.begin[k]);
    if (end - first < 2) continue;
    std::vector<std::uint32_t> tail(end - first);
    std::iota(tail.begin(), tail.end(), static_cast<std::uint32_t>(first));
    std::sort(tail.begin(), tail.end(), [&](std::uint32_t a, std::uint32_t b) {
      return position[orders.writer[a]] < position[orders.writer[b]];
    });
    for (std::size_t i = 0; i < tail.size(); ++i) {
      whole.writer[first + i] = orders.writer[tail[i]];
      whole.value[first + i] = orders.value[tail[i]];
      place_of[tail[i]] = static_cast<std::uint32_t>(first + i);
    }
  }
  for (VersionRead& read : whole.reads) {
    if (read.position == 0) continue;
    const std::size_t base = orders.begin[read.key];
    read.position = place_of[base + read.position - 1] - static_cast<std::uint32_t>(base) + 1;
  }
  return whole;
}

}  // namespace assay
