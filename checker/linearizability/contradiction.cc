#include "checker/linearizability/contradiction.h"

#include <algorithm>
#include <queue>
#include <utility>

namespace assay {
namespace {

constexpr std::size_t largest = 64;

bool before(const RegisterCall& a, const RegisterCall& b) { return a.end < b.start; }

/// How much a person has to take in to follow a step by this rule.
int difficulty(EdgeRule rule) {
  switch (rule) {
    case EdgeRule::real_time:
    case EdgeRule::initial:
      return 0;
    case EdgeRule::reads_from:
    case EdgeRule::after_observer:
      return 1;
    case EdgeRule::before_source:
      return 3;
  }
  return 3;
}

/// Shorter is better, then easier.
std::pair<std::size_t, int> cost(const std::vector<Edge>& cycle) {
  int sum = 0;
  for (const Edge& edge : cycle) sum += difficulty(edge.rule);
  return {cycle.size(), sum};
}

}  // namespace

Contradiction::Contradiction(std::span<const RegisterCall> calls)
    : calls_(calls),
      sources_(calls.size()),
      certain_(calls.size()),
      has_edge_(calls.size() * calls.size(), false),
      reach_(calls.size() * calls.size(), false) {
  if (calls.size() > largest) return;
  find_sources();
  derive();
}

void Contradiction::find_sources() {
  const std::size_t n = calls_.size();
  for (std::size_t r = 0; r < n; ++r) {
    if (!calls_[r].op.observes()) continue;
    const std::uint32_t value = calls_[r].op.observed();
    const auto overwritten = [&](std::int64_t since) {
      return std::any_of(calls_.begin(), calls_.end(), [&](const RegisterCall& m) {
        return m.op.mutates() && since < m.start && before(m, calls_[r]);
      });
    };
    std::vector<std::size_t> writers;
    std::vector<std::size_t> possible;
    for (std::size_t w = 0; w < n; ++w) {
      if (w == r || !calls_[w].op.mutates() || calls_[w].op.value != value) continue;
      writers.push_back(w);
      if (!before(calls_[r], calls_[w]) && !overwritten(calls_[w].end)) possible.push_back(w);
    }
    const bool from_initial = value == 0 && !overwritten(std::numeric_limits<std::int64_t>::min());
    if (value == 0 && possible.empty() && (from_initial || writers.empty())) {
      sources_[r] = {Source::Kind::initial, 0};
    } else if (!from_initial && possible.size() == 1) {
      sources_[r] = {Source::Kind::call, possible.front()};
    } else if (value != 0 && writers.size() == 1) {
      sources_[r] = {Source::Kind::call, writers.front()};
    }
  }
  for (std::size_t i = 0; i < n; ++i) certain_[i] = !calls_[i].pending();
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t r = 0; r < n; ++r) {
      const Source& source = sources_[r];
      if (!certain_[r] || source.kind != Source::Kind::call || certain_[source.call]) continue;
      certain_[source.call] = true;
      changed = true;
    }
  }
}

void Contradiction::add(const Edge& edge) {
  const std::size_t at = edge.from * calls_.size() + edge.to;
  if (has_edge_[at] || edge.from == edge.to) return;
  has_edge_[at] = true;
  edges_.push_back(edge);
}

void Contradiction::derive() {
  const std::size_t n = calls_.size();
  for (std::size_t a = 0; a < n; ++a) {
    if (!certain_[a]) continue;
    if (sources_[a].kind == Source::Kind::call) {
      add({sources_[a].call, a, EdgeRule::reads_from, {}});
    }
    for (std::size_t b = 0; b < n; ++b) {
      if (!certain_[b] || a == b) continue;
      if (before(calls_[a], calls_[b])) add({a, b, EdgeRule::real_time, {}});
    }
  }
  for (std::size_t a = 0; a < n; ++a) {
    for (std::size_t b = 0; b < n; ++b) {
      if (certain_[a] && sources_[a].kind == Source::Kind::initial && certain_[b] &&
          calls_[b].op.mutates()) {
        add({a, b, EdgeRule::initial, {}});
      }
    }
  }
  close();
  const auto contradictory = [&] {
    for (std::size_t i = 0; i < n; ++i) {
      if (precedes(i, i)) return true;
    }
    return false;
  };
  while (!contradictory() && derive_once()) close();
}

bool Contradiction::derive_once() {
  const std::size_t n = calls_.size();
  const std::size_t edges_before = edges_.size();
  for (std::size_t r = 0; r < n; ++r) {
    if (!certain_[r] || sources_[r].kind != Source::Kind::call) continue;
    const std::size_t w = sources_[r].call;
    for (std::size_t m = 0; m < n; ++m) {
      if (m == w || m == r || !certain_[m] || !calls_[m].op.mutates()) continue;
      if (precedes(m, r)) add({m, w, EdgeRule::before_source, r});
      if (precedes(w, m)) add({r, m, EdgeRule::after_observer, w});
    }
  }
  return edges_.size() > edges_before;
}

void Contradiction::close() {
  const std::size_t n = calls_.size();
  for (const Edge& edge : edges_) reach_[edge.from * n + edge.to] = true;
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t i = 0; i < n; ++i) {
      if (!reach_[i * n + k]) continue;
      for (std::size_t j = 0; j < n; ++j) {
        if (reach_[k * n + j]) reach_[i * n + j] = true;
      }
    }
  }
}

std::vector<Edge> Contradiction::cycle() const {
  const std::size_t n = calls_.size();
  std::vector<Edge> best;
  if (n > largest) return best;
  std::vector<Edge> edges = edges_;
  std::stable_sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
    return difficulty(a.rule) < difficulty(b.rule);
  });
  for (std::size_t root = 0; root < n; ++root) {
    if (!precedes(root, root)) continue;
    std::vector<const Edge*> reached_by(n, nullptr);
    std::queue<std::size_t> queue;
    queue.push(root);
    while (!queue.empty() && reached_by[root] == nullptr) {
      const std::size_t at = queue.front();
      queue.pop();
      for (const Edge& edge : edges) {
        if (edge.from != at || reached_by[edge.to] != nullptr) continue;
        reached_by[edge.to] = &edge;
        queue.push(edge.to);
      }
    }
    std::vector<Edge> found;
    for (std::size_t at = root; found.empty() || at != root; at = found.back().from) {
      found.push_back(*reached_by[at]);
    }
    if (!best.empty() && cost(best) <= cost(found)) continue;
    std::reverse(found.begin(), found.end());
    best = std::move(found);
  }
  return best;
}

}  // namespace assay
