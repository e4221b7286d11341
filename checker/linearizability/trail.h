#pragma once
// Trail: which operations each branch of the frontier search has placed, in which order. Branches
// share their beginnings (a tree with parent links), so that a linearization can be written down
// at the end without keeping one per branch. What all branches have in common is committed to the
// result and forgotten from time to time, which bounds the memory on long histories.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace assay {

/// Not thread-safe; one search owns it.
class Trail {
 public:
  using Node = std::uint32_t;
  static constexpr Node root = std::numeric_limits<Node>::max();

  /// `overwrites`: by call, whether it is an overwrite.
  explicit Trail(std::vector<bool> overwrites) : overwrites_(std::move(overwrites)) {}

  /// The branch `parent` places `call` next.
  Node place(Node parent, std::uint32_t call) { return add(parent, call); }
  /// The branch `parent` places `call`, an overwrite, right before the latest overwrite it placed,
  /// where it has no visible effect.
  Node absorb(Node parent, std::uint32_t call) { return add(parent, call | absorbed_bit); }

  /// The branch has just placed a call in place of `call`, an equal one that may return unplaced
  /// because of that: should it do so, it gets that place, and the other one is absorbed.
  Node lend(Node parent, std::uint32_t call) { return add(parent, call | lent_bit); }

  bool is_large() const { return nodes_.size() >= collect_at_; }
  std::uint64_t bytes() const {
    return nodes_.capacity() * sizeof(Link) + committed_.capacity() * sizeof(std::uint32_t);
  }

  /// Forgets everything that no branch in `tips` needs and renumbers the tips. O(nodes).
  void collect(std::vector<Node*> tips);

  /// All calls placed by the branch `tip`, in order. The trail is spent afterwards.
  std::vector<std::uint32_t> finish(Node tip);

 private:
  struct Link {
    Node parent;
    std::uint32_t call;
  };
  static constexpr std::uint32_t absorbed_bit = 0x8000'0000U;
  static constexpr std::uint32_t lent_bit = 0x4000'0000U;

  Node add(Node parent, std::uint32_t call) {
    nodes_.push_back({parent, call});
    return static_cast<Node>(nodes_.size() - 1);
  }
  /// Appends the path's calls to committed_; `path` runs from the newest node to the oldest.
  void commit(const std::vector<Node>& path);
  bool is_overwrite(Node node) const {
    const std::uint32_t call = nodes_[node].call;
    return (call & (absorbed_bit | lent_bit)) == 0 && overwrites_[call];
  }

  std::vector<bool> overwrites_;
  std::vector<Link> nodes_;  ///< a parent has a smaller number than its children
  std::vector<std::uint32_t> committed_;
  std::size_t collect_at_ = 1U << 20U;
};

}  // namespace assay
