#include "checker/transactions/polygraph/acyclic.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace assay::polygraph {

AcyclicGraph::AcyclicGraph(std::size_t vertices)
    : out_(vertices),
      in_(vertices),
      position_(vertices),
      seen_(vertices, false),
      parent_(vertices) {
  std::iota(position_.begin(), position_.end(), 0U);
}

void AcyclicGraph::add_fixed(Vertex from, Vertex to, Label label) {
  out_[from].push_back({to, label});
  in_[to].push_back(from);
}

bool AcyclicGraph::add(Vertex from, Vertex to, Label label) {
  if (position_[from] >= position_[to]) {
    if (search_forward(to, from)) {
      forget();
      return false;
    }
    search_backward(from, position_[to]);
    reorder();
    forget();
  }
  out_[from].push_back({to, label});
  in_[to].push_back(from);
  added_.emplace_back(from, to);
  return true;
}

void AcyclicGraph::shrink_to(std::size_t count) {
  while (added_.size() > count) {
    out_[added_.back().first].pop_back();
    in_[added_.back().second].pop_back();
    added_.pop_back();
  }
}

bool AcyclicGraph::find_path(Vertex from, Vertex to) {
  if (position_[from] > position_[to]) return false;
  const bool found = search_forward(from, to);
  forget();
  return found;
}

/// Breadth first from `from` over what is not behind `to`; if `to` is met, the path is kept.
bool AcyclicGraph::search_forward(Vertex from, Vertex to) {
  const std::uint32_t highest = position_[to];
  forward_.assign(1, from);
  seen_[from] = true;
  bool found = from == to;
  for (std::size_t i = 0; i < forward_.size() && !found; ++i) {
    const Vertex v = forward_[i];
    for (const Arc& arc : out_[v]) {
      if (seen_[arc.to] || position_[arc.to] > highest) continue;
      seen_[arc.to] = true;
      parent_[arc.to] = {v, arc.label};
      forward_.push_back(arc.to);
      if (arc.to == to) {
        found = true;
        break;
      }
    }
  }
  if (!found) return false;
  cycle_.clear();
  for (Vertex v = to; v != from; v = parent_[v].to) cycle_.push_back(parent_[v].label);
  return true;
}

void AcyclicGraph::search_backward(Vertex from, std::uint32_t lowest) {
  backward_.assign(1, from);
  seen_[from] = true;
  for (std::size_t i = 0; i < backward_.size(); ++i) {
    for (const Vertex before : in_[backward_[i]]) {
      if (seen_[before] || position_[before] < lowest) continue;
      seen_[before] = true;
      backward_.push_back(before);
    }
  }
}

/// The places of all that were met are given out again: first to what comes before the new edge.
void AcyclicGraph::reorder() {
  const auto by_position = [&](Vertex a, Vertex b) { return position_[a] < position_[b]; };
  std::sort(forward_.begin(), forward_.end(), by_position);
  std::sort(backward_.begin(), backward_.end(), by_position);
  places_.clear();
  for (const Vertex v : backward_) places_.push_back(position_[v]);
  for (const Vertex v : forward_) places_.push_back(position_[v]);
  std::sort(places_.begin(), places_.end());
  std::size_t next = 0;
  for (const Vertex v : backward_) position_[v] = places_[next++];
  for (const Vertex v : forward_) position_[v] = places_[next++];
}

void AcyclicGraph::forget() {
  for (const Vertex v : forward_) seen_[v] = false;
  for (const Vertex v : backward_) seen_[v] = false;
  forward_.clear();
  backward_.clear();
}

}  // namespace assay::polygraph
