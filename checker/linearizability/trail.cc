#include "checker/linearizability/trail.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace assay {

void Trail::collect(std::vector<Node*> tips) {
  // References to a node: its living children and the branches that end there.
  std::vector<std::uint32_t> references(nodes_.size(), 0);
  for (const Node* tip : tips) {
    Node node = *tip;
    while (node != root && references[node]++ == 0) node = nodes_[node].parent;
  }

  // The stretch that all branches share, from the root on. Its last overwrite stays: calls that
  // return later may still be absorbed there.
  std::size_t first_nodes = 0;
  for (Node node = 0; node < nodes_.size(); ++node) {
    if (references[node] != 0 && nodes_[node].parent == root) ++first_nodes;
  }
  const bool some_tip_at_root =
      std::any_of(tips.begin(), tips.end(), [](const Node* tip) { return *tip == root; });
  std::vector<Node> shared;
  if (first_nodes == 1 && !some_tip_at_root) {
    std::vector<Node> path;
    for (Node node = *tips.front(); node != root; node = nodes_[node].parent) path.push_back(node);
    bool branches = false;
    while (!path.empty() && !branches) {
      shared.push_back(path.back());
      branches = references[path.back()] > 1;
      path.pop_back();
    }
  }
  while (!shared.empty() && !is_overwrite(shared.back())) shared.pop_back();
  if (!shared.empty()) shared.pop_back();
  for (const Node node : shared) references[node] = 0;
  std::reverse(shared.begin(), shared.end());
  commit(shared);

  std::vector<Node> renumbered(nodes_.size(), root);
  Node next = 0;
  for (Node node = 0; node < nodes_.size(); ++node) {
    if (references[node] == 0) continue;
    const Node parent = nodes_[node].parent;
    nodes_[next] = {parent == root ? root : renumbered[parent], nodes_[node].call};
    renumbered[node] = next++;
  }
  nodes_.resize(next);
  for (Node* tip : tips) {
    if (*tip != root) *tip = renumbered[*tip];
  }
  collect_at_ = std::max<std::size_t>(1U << 20U, 2 * nodes_.size());
}

void Trail::commit(const std::vector<Node>& path) {
  const std::size_t begin = committed_.size();
  std::vector<std::uint32_t> absorbed;
  std::vector<std::uint32_t> lent;  // to whom the next call that was placed lent its place
  for (const Node node : path) {
    std::uint32_t call = nodes_[node].call;
    if ((call & absorbed_bit) != 0) {
      absorbed.push_back(call & ~absorbed_bit);
      continue;
    }
    if ((call & lent_bit) != 0) {
      lent.push_back(call & ~lent_bit);
      continue;
    }
    for (const std::uint32_t other : std::exchange(lent, {})) {
      const auto unplaced = std::find(absorbed.begin(), absorbed.end(), other);
      if (unplaced != absorbed.end()) call = std::exchange(*unplaced, call);
    }
    committed_.push_back(call);
    if (!overwrites_[call]) continue;
    committed_.insert(committed_.end(), absorbed.begin(), absorbed.end());
    absorbed.clear();
  }
  ASSAY_ASSERT(absorbed.empty());
  std::reverse(committed_.begin() + static_cast<std::ptrdiff_t>(begin), committed_.end());
}

std::vector<std::uint32_t> Trail::finish(Node tip) {
  std::vector<Node> path;
  for (Node node = tip; node != root; node = nodes_[node].parent) path.push_back(node);
  commit(path);
  nodes_.clear();
  return std::move(committed_);
}

}  // namespace assay
