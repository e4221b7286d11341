#include "checker/causal/view.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace assay::causal {

using weak::initial_node;
using weak::no_index;
using weak::Read;

View::View(const Observations& seen, const ViewRules& rules)
    : seen_(seen), rules_(rules), sessions_(seen.session_count()) {
  index_writers();
}

View::View(const Observations& seen, std::span<const weak::CommitEdge> edges)
    : seen_(seen), rules_{}, sessions_(seen.session_count()) {
  for (const weak::CommitEdge& edge : edges) {
    derived_.push_back({edge.from, edge.to, edge.reader, edge.read, 1, Rule::commit});
  }
  index_steps();
}

void View::index_writers() {
  std::vector<std::uint32_t> begin(seen_.transactions->key_count() + 1, 0);
  for (const TxnKey key : seen_.written) ++begin[key + 1];
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  places_.resize(begin.back());
  writers_.resize(begin.size() - 1);
  for (const Node node : seen_.by_session) {
    for (const TxnKey key : seen_.writes_of(node)) {
      auto& runs = writers_[key];
      const std::uint32_t at = begin[key]++;
      places_[at] = seen_.position[node];
      if (runs.empty() || runs.back().session != seen_.session[node]) {
        runs.push_back({seen_.session[node], at, at});
      }
      runs.back().end = at + 1;
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

/// The last write of each session that precedes the read; the session orders the others.
void View::derive_commit(Node reader, std::uint32_t read, std::uint32_t round) {
  const Read& what = seen_.reads[read];
  const auto past = clock(reader);
  const auto known = clock(what.writer);
  for (const Run& run : writers_[what.key]) {
    const std::uint32_t s = run.session;
    const std::uint32_t bound = s == seen_.session[reader] ? seen_.position[reader] - 1 : past[s];
    const auto begin = places_.begin() + run.begin;
    const auto end = std::upper_bound(begin, places_.begin() + run.end, bound);
    if (end == begin) continue;
    const std::uint32_t last = *(end - 1);
    const Node from = node_at(s, last);
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

/// The first write of each session that what was read precedes.
void View::derive_overwritten(Node reader, std::uint32_t read, std::uint32_t round) {
  const Read& what = seen_.reads[read];
  for (const Run& run : writers_[what.key]) {
    const auto is_before = [&](std::uint32_t position) {
      return what.writer != initial_node &&
             clock(node_at(run.session, position))[seen_.session[what.writer]] <
                 seen_.position[what.writer];
    };
    const auto end = places_.begin() + run.end;
    auto at = std::partition_point(places_.begin() + run.begin, end, is_before);
    while (at != end &&
           (node_at(run.session, *at) == what.writer || node_at(run.session, *at) == reader)) {
      ++at;
    }
    if (at == end) continue;
    const Node first = node_at(run.session, *at);
    if (clock(first)[seen_.session[reader]] >= seen_.position[reader]) continue;
    derived_.push_back({reader, first, reader, read, round, Rule::overwritten});
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
  std::vector<std::vector<Node>> open{{from}};  // by distance
  const auto walk = [&](Node node, std::uint32_t distance) {
    for (std::uint32_t e = begin_[node]; e < begin_[node + 1]; ++e) {
      const Step& step = steps_[e];
      const bool is_derived = step.rule == Rule::commit || step.rule == Rule::overwritten;
      if (is_derived && derived_[step.index].round >= round) continue;
      const std::uint32_t next = distance + (step.rule == Rule::session ? 0 : is_derived ? 3 : 1);
      const auto [at, fresh] = reached.try_emplace(step.to, Reached{next, step});
      if (!fresh && at->second.distance <= next) continue;
      at->second = {next, step};
      if (open.size() <= next) open.resize(next + 1);
      open[next].push_back(step.to);
    }
  };
  walk(from, 0);
  open[0].erase(open[0].begin());
  for (std::uint32_t distance = 0; distance < open.size(); ++distance) {
    const auto target = reached.find(to);
    if (target != reached.end() && target->second.distance <= distance) break;
    while (!open[distance].empty()) {
      const Node node = open[distance].back();
      open[distance].pop_back();
      if (reached.at(node).distance == distance) walk(node, distance);
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

Claim View::claim(const Step& step) const {
  if (step.rule == Rule::session || step.rule == Rule::reads_from) {
    return {step.from, step.to, step.rule, step.index};
  }
  const Derived& derived = derived_[step.index];
  Claim result{step.from, step.to, step.rule, derived.read, derived.reader, {}};
  for (const Step& hop : path_of(derived)) {
    if (result.path.empty()) result.path.push_back(hop.from);
    result.path.push_back(hop.to);
  }
  return result;
}

void View::add_lemmas(const std::vector<Step>& steps, std::vector<bool>& known,
                      std::vector<Claim>& lemmas) const {
  const auto is_derived = [](const Step& step) {
    return step.rule == Rule::commit || step.rule == Rule::overwritten;
  };
  for (const Step& step : steps) {
    if (!is_derived(step)) continue;
    for (const Step& hop : path_of(derived_[step.index])) {
      if (!is_derived(hop) || known[hop.index]) continue;
      known[hop.index] = true;
      add_lemmas({hop}, known, lemmas);
      lemmas.push_back(claim(hop));
    }
  }
}

Contradiction View::explained(const std::vector<Step>& steps) const {
  Contradiction result;
  for (const Step& step : steps) result.steps.push_back(claim(step));
  std::vector<bool> known(derived_.size(), false);
  add_lemmas(steps, known, result.lemmas);
  return result;
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
  // The shortest through any of them, as far as that does not take long.
  const std::size_t starts = std::clamp<std::size_t>(2'000'000 / steps_.size(), 1, 64);
  std::size_t tried = 0;
  do {
    auto cycle = path(node, node, any);
    if (!cycle.empty() && (best.empty() || cycle.size() < best.size())) best = std::move(cycle);
    node = before[node];
  } while (node != start && ++tried < starts);
  return best;
}

}  // namespace assay::causal
