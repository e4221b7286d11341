#include "checker/causal/arbitrated_views.h"

#include <algorithm>

namespace assay::causal {

using weak::initial_node;
using weak::no_index;
using weak::Node;
using weak::Read;

ArbitratedViews::ArbitratedViews(const weak::Observations& seen, const std::vector<Node>& order,
                                 bool causal)
    : seen_(seen), order_(order), causal_(causal) {}

void ArbitratedViews::find_causes(std::uint32_t block) {
  block_ = block;
  Row nothing{};
  nothing.fill(no_index);
  first_.assign(seen_.node_count(), nothing);
  const auto pass_on = [&](Node to, const Row& row) {
    for (std::size_t i = 0; i < lanes; ++i) first_[to][i] = std::min(first_[to][i], row[i]);
  };
  for (auto at = order_.rbegin(); at != order_.rend(); ++at) {
    const Node node = *at;
    if (seen_.position[node] == 0) continue;
    const std::uint32_t session = seen_.session[node];
    Row& row = first_[node];
    if (session / lanes == block) row[session % lanes] = seen_.position[node];
    for (const Read& read : seen_.reads_of(node)) {
      if (read.writer != initial_node) pass_on(read.writer, row);
    }
    if (seen_.position[node] > 1) {
      pass_on(seen_.by_session[seen_.session_begin[session] + seen_.position[node] - 2], row);
    }
  }
}

/// Without causes: what a session read, and what its writers wrote before.
void ArbitratedViews::find_seen(std::uint32_t session) {
  batch_.assign(seen_.node_count(), no_index);
  std::vector<std::uint32_t> done(seen_.session_count(), 0);
  for (const Node node : seen_.nodes_of(session)) {
    batch_[node] = seen_.position[node];
    for (const Read& read : seen_.reads_of(node)) {
      if (read.writer == initial_node) continue;
      const std::uint32_t other = seen_.session[read.writer];
      if (other == session) continue;
      for (; done[other] < seen_.position[read.writer]; ++done[other]) {
        batch_[seen_.nodes_of(other)[done[other]]] = seen_.position[node];
      }
    }
  }
}

std::optional<std::vector<Node>> ArbitratedViews::view(std::uint32_t session) {
  if (!causal_) {
    find_seen(session);
  } else {
    if (block_ != session / lanes) find_causes(static_cast<std::uint32_t>(session / lanes));
    batch_.resize(seen_.node_count());
    for (Node node = 0; node < batch_.size(); ++node) {
      batch_[node] = first_[node][session % lanes];
    }
  }
  // By batch, and in the order that all share within one.
  const std::size_t own = seen_.nodes_of(session).size();
  const auto bucket = [&](Node node) { return std::min<std::size_t>(batch_[node], own + 1); };
  std::vector<std::uint32_t> begin(own + 3, 0);
  for (const Node node : order_) {
    if (seen_.position[node] != 0) ++begin[bucket(node) + 1];
  }
  for (std::size_t b = 1; b < begin.size(); ++b) begin[b] += begin[b - 1];
  std::vector<Node> result(begin.back());
  for (const Node node : order_) {
    if (seen_.position[node] != 0) result[begin[bucket(node)]++] = node;
  }
  last_.assign(seen_.transactions->key_count(), initial_node);
  for (const Node node : result) {
    if (seen_.session[node] == session) {
      for (const Read& read : seen_.reads_of(node)) {
        if (last_[read.key] != read.writer) return std::nullopt;
      }
    }
    for (const TxnKey key : seen_.writes_of(node)) last_[key] = node;
  }
  return result;
}

}  // namespace assay::causal
