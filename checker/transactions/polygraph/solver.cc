#include "checker/transactions/polygraph/solver.h"

#include <algorithm>

#include "base/assert.h"

namespace assay::polygraph {
namespace {

/// 1 1 2 1 1 2 4 …
std::uint64_t luby(std::uint64_t i) {
  std::uint64_t size = 1;
  std::uint64_t exponent = 0;
  while (size < i + 1) {
    size = 2 * size + 1;
    ++exponent;
  }
  while (size - 1 != i) {
    size = (size - 1) / 2;
    --exponent;
    i %= size;
  }
  return std::uint64_t{1} << exponent;
}

}  // namespace

Variable Solver::add_variable(bool phase) {
  const auto v = static_cast<Variable>(phase_.size());
  phase_.push_back(phase);
  values_.resize(values_.size() + 2, 0);
  watches_.resize(watches_.size() + 2);
  edges_.resize(edges_.size() + 2);
  level_of_.push_back(0);
  reason_.push_back(none);
  activity_.push_back(0);
  marked_.push_back(false);
  heap_at_.push_back(none);
  heap_insert(v);
  return v;
}

void Solver::add_clause(std::vector<Literal> clause) {
  if (clause.empty()) {
    contradiction_ = true;
  } else if (clause.size() == 1) {
    if (value(clause[0]) < 0) contradiction_ = true;
    if (value(clause[0]) == 0) assign(clause[0], none);
  } else {
    attach(clause, false);
  }
}

void Solver::add_fixed_edge(AcyclicGraph::Vertex from, AcyclicGraph::Vertex to) {
  graph_.add_fixed(from, to, none);
}

void Solver::add_edge(AcyclicGraph::Vertex from, AcyclicGraph::Vertex to, Literal if_true) {
  edges_[if_true.code].push_back({from, to});
}

void Solver::forbid_path(AcyclicGraph::Vertex from, AcyclicGraph::Vertex to) {
  forbidden_.push_back({from, to, none});
}

void Solver::forbid_path(AcyclicGraph::Vertex from, AcyclicGraph::Vertex to, Literal if_true) {
  forbidden_.push_back({from, to, if_true.code});
}

std::uint32_t Solver::attach(std::span<const Literal> clause, bool learnt) {
  const auto id = static_cast<std::uint32_t>(clauses_.size());
  clauses_.push_back({static_cast<std::uint32_t>(literals_.size()),
                      static_cast<std::uint32_t>(clause.size()), clause_increment_, learnt, false});
  literals_.insert(literals_.end(), clause.begin(), clause.end());
  watches_[clause[0].code].push_back({id, clause[1]});
  watches_[clause[1].code].push_back({id, clause[0]});
  if (learnt) ++learnt_;
  return id;
}

void Solver::assign(Literal l, std::uint32_t reason) {
  values_[l.code] = 1;
  values_[(~l).code] = -1;
  level_of_[l.variable()] = level();
  reason_[l.variable()] = reason;
  trail_.push_back(l);
}

bool Solver::propagate() {
  while (true) {
    if (next_clauses_ < trail_.size()) {
      if (!propagate_clauses(trail_[next_clauses_++])) return false;
    } else if (next_edges_ < trail_.size()) {
      edges_before_.resize(next_edges_);
      edges_before_.push_back(graph_.added());
      if (!add_edges_of(trail_[next_edges_++])) return false;
    } else {
      return true;
    }
  }
}

/// A clause whose watched literal became false watches another, or its last literal must hold.
bool Solver::propagate_clauses(Literal l) {
  const Literal gone = ~l;
  auto& watches = watches_[gone.code];
  std::size_t kept = 0;
  for (std::size_t i = 0; i < watches.size(); ++i) {
    const Watch watch = watches[i];
    if (value(watch.other) > 0) {
      watches[kept++] = watch;
      continue;
    }
    const Clause& clause = clauses_[watch.clause];
    if (clause.deleted) continue;
    Literal* lits = &literals_[clause.first];
    if (lits[0] == gone) std::swap(lits[0], lits[1]);
    if (value(lits[0]) > 0) {
      watches[kept++] = {watch.clause, lits[0]};
      continue;
    }
    bool moved = false;
    for (std::uint32_t k = 2; k < clause.size && !moved; ++k) {
      if (value(lits[k]) < 0) continue;
      std::swap(lits[1], lits[k]);
      watches_[lits[1].code].push_back({watch.clause, lits[0]});
      moved = true;
    }
    if (moved) continue;
    watches[kept++] = {watch.clause, lits[0]};
    if (value(lits[0]) == 0) {
      assign(lits[0], watch.clause);
      continue;
    }
    conflict_.assign(lits, lits + clause.size);
    for (++i; i < watches.size(); ++i) watches[kept++] = watches[i];
    watches.resize(kept);
    return false;
  }
  watches.resize(kept);
  return true;
}

bool Solver::add_edges_of(Literal l) {
  for (const ConditionalEdge& edge : edges_[l.code]) {
    if (graph_.add(edge.from, edge.to, l.code)) continue;
    conflict_of_path(graph_.cycle(), l.code);
    return false;
  }
  return true;
}

void Solver::conflict_of_path(std::span<const AcyclicGraph::Label> labels, std::uint32_t extra) {
  conflict_.clear();
  const auto add = [&](std::uint32_t code) {
    if (code == none) return;
    Literal l;
    l.code = code ^ 1U;
    if (std::find(conflict_.begin(), conflict_.end(), l) == conflict_.end()) conflict_.push_back(l);
  };
  for (const auto label : labels) add(label);
  add(extra);
}

bool Solver::check_forbidden() {
  for (const Forbidden& f : forbidden_) {
    if (f.label != none && values_[f.label] <= 0) continue;
    if (!graph_.find_path(f.from, f.to)) continue;
    conflict_of_path(graph_.cycle(), f.label);
    return false;
  }
  return true;
}

/// Turns conflict_ into a learnt clause and goes back to where it forces something. False if it
/// contradicts what holds always.
bool Solver::learn() {
  ++conflicts_;
  std::uint32_t highest = 0;
  for (const Literal l : conflict_) highest = std::max(highest, level_of_[l.variable()]);
  if (highest == 0) return false;
  // A path found late may not touch the current level.
  backtrack(highest);
  std::vector<Literal> learnt;
  std::uint32_t back_to = 0;
  analyze(learnt, back_to);
  backtrack(back_to);
  if (learnt.size() == 1) {
    assign(learnt[0], none);
  } else {
    assign(learnt[0], attach(learnt, true));
  }
  increment_ /= 0.95;
  clause_increment_ /= 0.999F;
  if (clause_increment_ > 1e20F) {
    for (Clause& clause : clauses_) clause.activity *= 1e-20F;
    clause_increment_ *= 1e-20F;
  }
  return true;
}

/// Resolves the conflict with reasons until one literal of the current level is left (first UIP).
void Solver::analyze(std::vector<Literal>& learnt, std::uint32_t& back_to) {
  learnt.assign(1, Literal());
  std::vector<Variable> touched;
  std::size_t at = trail_.size();
  std::size_t open = 0;
  const auto visit = [&](Literal l) {
    const Variable v = l.variable();
    if (marked_[v] || level_of_[v] == 0) return;
    marked_[v] = true;
    touched.push_back(v);
    bump(v);
    if (level_of_[v] == level()) {
      ++open;
    } else {
      learnt.push_back(l);
    }
  };
  for (const Literal l : conflict_) visit(l);
  while (true) {
    do --at;
    while (!marked_[trail_[at].variable()] || level_of_[trail_[at].variable()] != level());
    const Literal pivot = trail_[at];
    if (--open == 0) {
      learnt[0] = ~pivot;
      break;
    }
    const std::uint32_t reason = reason_[pivot.variable()];
    ASSAY_ASSERT(reason != none);
    Clause& clause = clauses_[reason];
    if (clause.learnt) clause.activity += clause_increment_;
    for (std::uint32_t k = 0; k < clause.size; ++k) {
      const Literal l = literals_[clause.first + k];
      if (!(l == pivot)) visit(l);
    }
  }
  for (const Variable v : touched) marked_[v] = false;
  back_to = 0;
  for (std::size_t i = 1; i < learnt.size(); ++i) {
    if (level_of_[learnt[i].variable()] > back_to) {
      back_to = level_of_[learnt[i].variable()];
      std::swap(learnt[1], learnt[i]);
    }
  }
}

void Solver::backtrack(std::uint32_t to) {
  if (level() <= to) return;
  const std::size_t keep = level_begin_[to];
  if (next_edges_ > keep) {
    graph_.shrink_to(edges_before_[keep]);
    next_edges_ = keep;
  }
  while (trail_.size() > keep) {
    const Literal l = trail_.back();
    trail_.pop_back();
    values_[l.code] = values_[(~l).code] = 0;
    phase_[l.variable()] = l.positive();
    heap_insert(l.variable());
  }
  next_clauses_ = std::min(next_clauses_, keep);
  level_begin_.resize(to);
}

/// Forgets the half of the learnt clauses that helped least lately.
void Solver::reduce() {
  std::vector<std::uint32_t> candidates;
  for (std::uint32_t c = 0; c < clauses_.size(); ++c) {
    const Clause& clause = clauses_[c];
    if (!clause.learnt || clause.deleted || clause.size <= 2) continue;
    const Literal first = literals_[clause.first];
    const Literal second = literals_[clause.first + 1];
    const bool in_use = (value(first) > 0 && reason_[first.variable()] == c) ||
                        (value(second) > 0 && reason_[second.variable()] == c);
    if (!in_use) candidates.push_back(c);
  }
  std::sort(candidates.begin(), candidates.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(clauses_[a].activity, a) < std::pair(clauses_[b].activity, b);
  });
  for (std::size_t i = 0; i < candidates.size() / 2; ++i) {
    clauses_[candidates[i]].deleted = true;
    --learnt_;
  }
}

bool Solver::decide() {
  while (!heap_.empty()) {
    const Variable v = heap_[0];
    heap_at_[v] = none;
    heap_[0] = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) {
      heap_at_[heap_[0]] = 0;
      heap_down(0);
    }
    if (values_[2 * v] != 0) continue;
    level_begin_.push_back(trail_.size());
    assign(Literal(v, phase_[v]), none);
    return true;
  }
  return false;
}

Satisfiable Solver::solve(const SearchLimits& limits) {
  if (contradiction_) return Satisfiable::no;
  std::uint64_t restarts = 0;
  std::uint64_t until_restart = 100 * luby(restarts);
  std::size_t keep = 4000 + phase_.size() / 3;
  std::uint64_t steps = 0;
  while (true) {
    if ((++steps & 0xffU) == 0 && limits.time_is_up()) return Satisfiable::unknown;
    bool fine = propagate();
    if (fine) {
      if (until_restart == 0) {
        until_restart = 100 * luby(++restarts);
        backtrack(0);
      }
      if (learnt_ > keep) {
        reduce();
        keep += keep / 10;
        const std::uint64_t bytes = literals_.size() * sizeof(Literal);
        if (limits.memory_bytes != 0 && bytes > limits.memory_bytes) return Satisfiable::unknown;
      }
      if (decide()) continue;
      fine = check_forbidden();
      if (fine) return Satisfiable::yes;
    }
    if (!learn()) return Satisfiable::no;
    if (until_restart > 0) --until_restart;
  }
}

std::vector<Variable> Solver::most_active(std::size_t count) const {
  std::vector<Variable> all(phase_.size());
  for (Variable v = 0; v < all.size(); ++v) all[v] = v;
  count = std::min(count, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(),
                    [&](Variable a, Variable b) {
                      return std::pair(-activity_[a], a) < std::pair(-activity_[b], b);
                    });
  all.resize(count);
  return all;
}

void Solver::bump(Variable v) {
  activity_[v] += increment_;
  if (activity_[v] > 1e100) {
    for (double& a : activity_) a *= 1e-100;
    increment_ *= 1e-100;
  }
  if (heap_at_[v] != none) heap_up(heap_at_[v]);
}

void Solver::heap_insert(Variable v) {
  if (heap_at_[v] != none) return;
  heap_.push_back(v);
  heap_at_[v] = static_cast<std::uint32_t>(heap_.size() - 1);
  heap_up(heap_.size() - 1);
}

void Solver::heap_up(std::size_t at) {
  const Variable v = heap_[at];
  while (at > 0 && activity_[heap_[(at - 1) / 2]] < activity_[v]) {
    heap_[at] = heap_[(at - 1) / 2];
    heap_at_[heap_[at]] = static_cast<std::uint32_t>(at);
    at = (at - 1) / 2;
  }
  heap_[at] = v;
  heap_at_[v] = static_cast<std::uint32_t>(at);
}

void Solver::heap_down(std::size_t at) {
  const Variable v = heap_[at];
  while (2 * at + 1 < heap_.size()) {
    std::size_t child = 2 * at + 1;
    if (child + 1 < heap_.size() && activity_[heap_[child + 1]] > activity_[heap_[child]]) ++child;
    if (activity_[heap_[child]] <= activity_[v]) break;
    heap_[at] = heap_[child];
    heap_at_[heap_[at]] = static_cast<std::uint32_t>(at);
    at = child;
  }
  heap_[at] = v;
  heap_at_[v] = static_cast<std::uint32_t>(at);
}

}  // namespace assay::polygraph
