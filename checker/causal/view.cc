#include "checker/causal/view.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace assay::causal {

using weak::initial_node;
using weak::no_index;
using weak::Read;

View::View(const Observations& seen, const ViewRules& rules)
    : seen_(seen),
      rules_(rules),
      sessions_(seen.session_count()),
      writers_(seen.transactions->key_count()) {
  for (const Node node : seen_.by_session) {
    for (const TxnKey key : seen_.writes_of(node)) {
      writers_[key].push_back({seen_.session[node], seen_.position[node]});
    }
  }
}

void View::index_steps() {
  const auto n = static_cast<Node>(seen_.node_count());
  const auto each = [&](auto visit) {
    for (std::uint32_t s = 0; s < sessions_; ++s) {
      const auto nodes = seen_.nodes_of(s);
      for (std::size_t i = 1; i < nodes.size(); ++i) {
        visit(Step{nodes[i - 1], nodes[i], Rule::session, 0});
      }
    }
    for (Node reader = 1; reader < n; ++reader) {
      if (!orders(reader)) continue;
      for (std::uint32_t r = seen_.read_begin[reader]; r < seen_.read_begin[reader + 1]; ++r) {
        const Node writer = seen_.reads[r].writer;
        if (writer != initial_node) visit(Step{writer, reader, Rule::reads_from, r});
      }
    }
    for (std::uint32_t d = 0; d < derived_.size(); ++d) {
      if (derived_[d].to == initial_node) continue;
      visit(Step{derived_[d].from, derived_[d].to, derived_[d].rule, d});
    }
  };
  begin_.assign(n + 1, 0);
  each([&](const Step& step) { ++begin_[step.from + 1]; });
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  steps_.resize(begin_.back());
  auto next = begin_;
  each([&](const Step& step) { steps_[next[step.from]++] = step; });
}

bool View::sort() {
  const auto n = static_cast<Node>(seen_.node_count());
  std::vector<std::uint32_t> waits_for(n, 0);
  for (const Step& step : steps_) ++waits_for[step.to];
  order_.clear();
  order_.reserve(n);
  for (Node node = 0; node < n; ++node) {
    if (waits_for[node] == 0) order_.push_back(node);
  }
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const Node node = order_[i];
    for (std::uint32_t e = begin_[node]; e < begin_[node + 1]; ++e) {
      if (--waits_for[steps_[e].to] == 0) order_.push_back(steps_[e].to);
    }
  }
  return order_.size() == n;
}

void View::compute_clocks() {
  clocks_.assign(seen_.node_count() * sessions_, 0);
  for (const Node node : order_) {
    std::uint32_t* row = clocks_.data() + node * sessions_;
    if (seen_.position[node] != 0) row[seen_.session[node]] = seen_.position[node];
    for (std::uint32_t e = begin_[node]; e < begin_[node + 1]; ++e) {
      std::uint32_t* to = clocks_.data() + steps_[e].to * sessions_;
      for (std::size_t s = 0; s < sessions_; ++s) to[s] = std::max(to[s], row[s]);
    }
  }
}

void View::derive_commit(Node reader, std::uint32_t read, std::uint32_t round) {
  const Read& what = seen_.reads[read];
  const auto past = clock(reader);
  const auto known = clock(what.writer);
  const auto& places = writers_[what.key];
  for (std::size_t i = 0; i < places.size();) {
    // The last write of each session that precedes the read; the session orders the others.
    const std::uint32_t s = places[i].session;
    std::uint32_t last = 0;
    for (; i < places.size() && places[i].session == s; ++i) {
      const bool itself =
          s == seen_.session[reader] && places[i].position == seen_.position[reader];
      if (places[i].position <= past[s] && !itself) last = places[i].position;
    }
    if (last == 0) continue;
    const Node from = seen_.by_session[seen_.session_begin[s] + last - 1];
    if (from == what.writer) continue;
    if (what.writer == initial_node) {
      stale_ = static_cast<std::uint32_t>(derived_.size());
    } else if (known[s] >= last) {
      continue;
    }
    derived_.push_back({from, what.writer, reader, read, round, Rule::commit});
    if (stale_.has_value()) return;
  }
}

void View::derive_overwritten(Node reader, std::uint32_t read, std::uint32_t round) {
  const Read& what = seen_.reads[read];
  const auto& places = writers_[what.key];
  const std::uint32_t own = seen_.session[reader];
  for (std::size_t i = 0; i < places.size();) {
    const std::uint32_t s = places[i].session;
    std::optional<Node> first;
    for (; i < places.size() && places[i].session == s; ++i) {
      if (first.has_value()) continue;
      const Node node = seen_.by_session[seen_.session_begin[s] + places[i].position - 1];
      if (node == what.writer || node == reader) continue;
      const bool after = what.writer == initial_node ||
                         clock(node)[seen_.session[what.writer]] >= seen_.position[what.writer];
      if (after) first = node;
    }
    if (!first.has_value() || clock(*first)[own] >= seen_.position[reader]) continue;
    derived_.push_back({reader, *first, reader, read, round, Rule::overwritten});
  }
}

bool View::derive(std::uint32_t round) {
  const std::size_t before = derived_.size();
  for (const Node reader : seen_.by_session) {
    if (rules_.session.has_value() && seen_.session[reader] != *rules_.session) continue;
    for (std::uint32_t r = seen_.read_begin[reader]; r < seen_.read_begin[reader + 1]; ++r) {
      derive_commit(reader, r, round);
      if (stale_.has_value()) return true;
      if (rules_.overwritten) derive_overwritten(reader, r, round);
    }
  }
  return derived_.size() > before;
}

ViewVerdict View::run(const SearchLimits& limits) {
  const std::uint64_t bytes = seen_.node_count() * sessions_ * sizeof(std::uint32_t);
  if (limits.memory_bytes != 0 && bytes > limits.memory_bytes) return ViewVerdict::limit;
  for (std::uint32_t round = 1;; ++round) {
    if (limits.time_is_up()) return ViewVerdict::limit;
    index_steps();
    if (!sort()) return ViewVerdict::cyclic;
    if (round > 1 && !rules_.saturate) return ViewVerdict::consistent;
    compute_clocks();
    const bool changed = derive(round);
    if (stale_.has_value()) return ViewVerdict::stale_initial;
    if (!changed) return ViewVerdict::consistent;
  }
}

/// The operations of the session in its order, each after all that must precede it: what precedes
/// none of its reads cannot come between a read and its source.
std::vector<Node> View::legal_order() const {
  std::vector<std::uint32_t> placed(sessions_, 0);
  std::vector<std::uint32_t> batch(seen_.node_count(), no_index);
  const auto own = seen_.nodes_of(*rules_.session);
  for (std::uint32_t i = 0; i < own.size(); ++i) {
    const auto past = clock(own[i]);
    for (std::uint32_t s = 0; s < sessions_; ++s) {
      for (; placed[s] < past[s]; ++placed[s]) {
        batch[seen_.by_session[seen_.session_begin[s] + placed[s]]] = i;
      }
    }
  }
  std::vector<Node> result;
  for (const Node node : order_) {
    if (seen_.position[node] != 0) result.push_back(node);
  }
  std::stable_sort(result.begin(), result.end(),
                   [&](Node a, Node b) { return batch[a] < batch[b]; });
  return result;
}

std::vector<Step> View::path(Node from, Node to, std::uint32_t round) const {
  struct Reached {
    std::uint32_t distance;
    Step by;
  };
  std::unordered_map<Node, Reached> reached;
  std::deque<std::pair<Node, std::uint32_t>> open{{from, 0}};
  while (!open.empty()) {
    const auto [node, distance] = open.front();
    open.pop_front();
    if (const auto at = reached.find(node); at != reached.end() && at->second.distance < distance) {
      continue;
    }
    for (std::uint32_t e = begin_[node]; e < begin_[node + 1]; ++e) {
      const Step& step = steps_[e];
      const bool is_derived = step.rule == Rule::commit || step.rule == Rule::overwritten;
      if (is_derived && derived_[step.index].round >= round) continue;
      const std::uint32_t next = distance + (step.rule == Rule::session ? 0 : is_derived ? 3 : 1);
      const auto [at, fresh] = reached.try_emplace(step.to, Reached{next, step});
      if (!fresh && at->second.distance <= next) continue;
      at->second = {next, step};
      if (step.rule == Rule::session) {
        open.emplace_front(step.to, next);
      } else {
        open.emplace_back(step.to, next);
      }
    }
  }
  std::vector<Step> steps;
  if (!reached.contains(to)) return steps;
  Node node = to;
  do {
    const Step& by = reached.at(node).by;
    node = by.from;
    if (!steps.empty() && by.rule == Rule::session && steps.back().rule == Rule::session) {
      steps.back().from = by.from;
    } else {
      steps.push_back(by);
    }
  } while (node != from);
  std::reverse(steps.begin(), steps.end());
  return steps;
}

std::vector<Step> View::path_of(const Derived& step) const {
  if (step.rule == Rule::commit) return path(step.from, step.reader, step.round);
  const Node source = seen_.reads[step.read].writer;
  if (source == initial_node) return {};
  return path(source, step.to, step.round);
}

std::vector<Step> View::contradiction() const {
  constexpr std::uint32_t any = std::numeric_limits<std::uint32_t>::max();
  if (stale_.has_value()) {
    const Derived& stale = derived_[*stale_];
    return {{stale.from, stale.to, stale.rule, *stale_}};
  }
  // Some node of every cycle is left over by the sort; walking back from one leads into a cycle.
  std::vector<bool> sorted(seen_.node_count(), false);
  for (const Node node : order_) sorted[node] = true;
  std::vector<Node> before(seen_.node_count(), initial_node);
  for (const Step& step : steps_) {
    if (!sorted[step.from] && !sorted[step.to]) before[step.to] = step.from;
  }
  Node node = static_cast<Node>(std::find(sorted.begin(), sorted.end(), false) - sorted.begin());
  std::vector<bool> met(seen_.node_count(), false);
  while (!met[node]) {
    met[node] = true;
    node = before[node];
  }
  std::vector<Step> best;
  const Node start = node;
  std::size_t tried = 0;
  do {
    auto cycle = path(node, node, any);
    if (!cycle.empty() && (best.empty() || cycle.size() < best.size())) best = std::move(cycle);
    node = before[node];
  } while (node != start && ++tried < 64);
  return best;
}

}  // namespace assay::causal
