#include "checker/transactions/polygraph/precedence.h"

#include <algorithm>
#include <utility>

namespace assay::polygraph {

Precedence::Precedence(const Facts& facts, const Rules& rules)
    : kind_(rules.kind),
      doubled_(rules.doubled()),
      use_clocks_(rules.session),
      carriers_from_(facts.nodes.size() * (rules.doubled() ? 2 : 1)),
      size_(carriers_from_) {
  if (doubled_) {
    for (NodeId n = 0; n < facts.nodes.size(); ++n) add({begin(n), commit(n)});
  }
  if (rules.session) add_sessions(facts);
  if (rules.real_time) add_real_time(facts);
}

// An indeterminate transaction follows its session, but nothing follows it: it is a chain of its
// own.
void Precedence::add_sessions(const Facts& facts) {
  constexpr NodeId none = initial_writer;
  std::vector<NodeId> last(facts.session_count, none);
  std::vector<std::uint32_t> length(facts.session_count, 0);
  chains_ = static_cast<std::uint32_t>(facts.session_count);
  chain_.resize(carriers_from_);
  place_.resize(carriers_from_);
  const auto put = [&](NodeId n, std::uint32_t chain, std::uint32_t place) {
    chain_[begin(n)] = chain_[commit(n)] = chain;
    place_[begin(n)] = doubled_ ? 2 * place : place;
    place_[commit(n)] = doubled_ ? 2 * place + 1 : place;
  };
  for (NodeId n = 0; n < facts.nodes.size(); ++n) {
    const Node& node = facts.nodes[n];
    if (last[node.session] != none) add({commit(last[node.session]), begin(n)});
    if (node.certain) {
      put(n, node.session, length[node.session]++);
      last[node.session] = n;
    } else {
      put(n, chains_++, 0);
    }
  }
}

// One carrier for all that ended between two beginnings, after the carrier before it.
void Precedence::add_real_time(const Facts& facts) {
  std::vector<NodeId> by_start(facts.nodes.size());
  for (NodeId n = 0; n < by_start.size(); ++n) by_start[n] = n;
  std::vector<NodeId> by_end = by_start;
  std::sort(by_start.begin(), by_start.end(),
            [&](NodeId a, NodeId b) { return facts.nodes[a].start < facts.nodes[b].start; });
  std::sort(by_end.begin(), by_end.end(),
            [&](NodeId a, NodeId b) { return facts.nodes[a].end < facts.nodes[b].end; });
  std::size_t ended = 0;
  Point barrier = 0;
  bool any = false;
  for (const NodeId n : by_start) {
    if (ended < by_end.size() && facts.nodes[by_end[ended]].end < facts.nodes[n].start) {
      const Point next = add_carrier();
      if (any) add({barrier, next});
      barrier = next;
      any = true;
      while (ended < by_end.size() && facts.nodes[by_end[ended]].end < facts.nodes[n].start) {
        add({commit(by_end[ended++]), barrier});
      }
    }
    if (any) add({barrier, begin(n)});
  }
}

void Precedence::index_edges() {
  first_out_.assign(size_ + 1, 0);
  for (const Edge& edge : edges_) ++first_out_[edge.from + 1];
  for (std::size_t p = 0; p < size_; ++p) first_out_[p + 1] += first_out_[p];
  out_.resize(edges_.size());
  std::vector<std::uint32_t> next(first_out_.begin(), first_out_.end() - 1);
  for (const Edge& edge : edges_) out_[next[edge.from]++] = edge.to;
}

// The points that are free longest ago come first, so that the order keeps sessions abreast.
bool Precedence::sort() {
  index_edges();
  std::vector<std::uint32_t> missing(size_, 0);
  for (const Edge& edge : edges_) ++missing[edge.to];
  order_.clear();
  order_.reserve(size_);
  for (Point p = 0; p < size_; ++p) {
    if (missing[p] == 0) order_.push_back(p);
  }
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const Point p = order_[i];
    for (std::uint32_t e = first_out_[p]; e < first_out_[p + 1]; ++e) {
      if (--missing[out_[e]] == 0) order_.push_back(out_[e]);
    }
  }
  if (order_.size() == size_) return true;
  find_cycle(missing);
  return false;
}

/// Every point with a missing predecessor lies on a cycle or behind one: breadth first from each
/// of the first few in the cyclic part, the shortest cycle found is kept.
void Precedence::find_cycle(std::vector<std::uint32_t>& missing) {
  constexpr Point none = std::numeric_limits<Point>::max();
  constexpr int starts = 64;
  // Leave out what only follows cycles: peel from the other end.
  std::vector<std::uint32_t> ahead(size_, 0);
  std::vector<std::vector<Point>> in(size_);
  for (const Edge& edge : edges_) {
    if (missing[edge.from] == 0 || missing[edge.to] == 0) continue;
    ++ahead[edge.from];
    in[edge.to].push_back(edge.from);
  }
  std::vector<Point> peel;
  for (Point p = 0; p < size_; ++p) {
    if (missing[p] != 0 && ahead[p] == 0) peel.push_back(p);
  }
  while (!peel.empty()) {
    const Point p = peel.back();
    peel.pop_back();
    missing[p] = 0;
    for (const Point q : in[p]) {
      if (--ahead[q] == 0 && missing[q] != 0) peel.push_back(q);
    }
  }
  cycle_.clear();
  int tried = 0;
  std::vector<Point> parent(size_, none);
  for (Point start = 0; start < size_ && tried < starts; ++start) {
    if (missing[start] == 0) continue;
    ++tried;
    std::vector<Point> queue{start};
    bool closed = false;
    for (std::size_t i = 0; i < queue.size() && !closed; ++i) {
      const Point p = queue[i];
      for (std::uint32_t e = first_out_[p]; e < first_out_[p + 1]; ++e) {
        const Point q = out_[e];
        if (q == start) {
          std::vector<Point> found{p};
          while (found.back() != start) found.push_back(parent[found.back()]);
          if (cycle_.empty() || found.size() < cycle_.size()) {
            cycle_.assign(found.rbegin(), found.rend());
          }
          closed = true;
          break;
        }
        if (missing[q] == 0 || parent[q] != none) continue;
        parent[q] = p;
        queue.push_back(q);
      }
    }
    for (const Point p : queue) parent[p] = none;
  }
}

bool Precedence::compute_reach(std::uint64_t memory_bytes) {
  if (use_clocks_) {
    const std::uint64_t bytes = std::uint64_t{size_} * chains_ * sizeof(std::uint32_t);
    if (memory_bytes == 0 || bytes <= memory_bytes) {
      compute_clocks();
      return true;
    }
    return false;
  }
  return compute_bits(memory_bytes);
}

void Precedence::compute_clocks() {
  clocks_.assign(size_ * chains_, 0);
  for (const Point p : order_) {
    std::uint32_t* mine = &clocks_[std::size_t{p} * chains_];
    if (!is_carrier(p)) mine[chain_[p]] = std::max(mine[chain_[p]], place_[p] + 1);
    for (std::uint32_t e = first_out_[p]; e < first_out_[p + 1]; ++e) {
      std::uint32_t* theirs = &clocks_[std::size_t{out_[e]} * chains_];
      for (std::uint32_t c = 0; c < chains_; ++c) theirs[c] = std::max(theirs[c], mine[c]);
    }
  }
}

bool Precedence::compute_bits(std::uint64_t memory_bytes) {
  words_ = (carriers_from_ + 63) / 64;
  const std::uint64_t bytes = std::uint64_t{size_} * words_ * 8;
  if (bytes > (memory_bytes == 0 ? std::uint64_t{4} << 30U : memory_bytes)) return false;
  bits_.assign(size_ * words_, 0);
  for (const Point p : order_) {
    const std::uint64_t* mine = &bits_[std::size_t{p} * words_];
    for (std::uint32_t e = first_out_[p]; e < first_out_[p + 1]; ++e) {
      const Point q = out_[e];
      std::uint64_t* theirs = &bits_[std::size_t{q} * words_];
      for (std::size_t w = 0; w < words_; ++w) theirs[w] |= mine[w];
      if (!is_carrier(p)) theirs[p / 64] |= std::uint64_t{1} << (p % 64);
    }
  }
  return true;
}

}  // namespace assay::polygraph
