#pragma once
// The four session guarantees, each by itself. Per session there must be an order of the writes and
// for each of its reads a set of visible writes, with what it returned as the last of them:
//
// - read-your-writes: its own earlier writes are visible;
// - monotonic-reads: what its earlier reads returned is visible;
// - monotonic-writes: a visible write brings those before it in its session, ordered before it;
// - writes-follow-reads: a visible write brings what its session had read before, ordered before.
//
// The last two are about growing views: of a session that violates monotonic reads they say
// nothing, because each of its reads may have been served by another replica. Source: Terry et al.,
// "Session Guarantees for Weakly Consistent Replicated Data", 1994.

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "checker/causal/claims.h"
#include "checker/transactions/weak/observations.h"

namespace assay::causal {

enum class Guarantee : std::uint8_t {
  read_your_writes,
  monotonic_reads,
  monotonic_writes,
  writes_follow_reads
};

/// Why the session breaks the guarantee (read_your_writes or monotonic_reads), if it does. O(its
/// operations). REQUIRES operations on single keys, with at most one read each.
std::optional<Contradiction> find_broken(const weak::Observations& seen, Guarantee guarantee,
                                         std::uint32_t session);

/// The writes of the session, or those that it read, in an order that explains its reads. REQUIRES
/// find_broken found nothing.
std::vector<Node> explaining_order(const weak::Observations& seen, Guarantee guarantee,
                                   std::uint32_t session);

/// The growing view of one session after the other, and the order of writes that each needs: for
/// monotonic_writes and writes_follow_reads. Keeps a reference to the observations.
class GrowingView {
 public:
  GrowingView(const weak::Observations& seen, Guarantee guarantee);

  /// REQUIRES that the session has monotonic reads. O(what is visible to it).
  std::optional<Contradiction> check(std::uint32_t session);
  /// The visible writes in an order that explains the session. REQUIRES check found nothing.
  std::vector<Node> order() const;

 private:
  /// How a write became visible: `reader` returned it, and precedes `write` in its session, which
  /// is visible itself; or is of the session that is checked, then `write` is the same write.
  struct Via {
    Node reader;
    Node write;
  };
  struct Derived {
    Node from;
    Node to;
    Node reader;
    std::uint32_t read;
  };
  struct KeyView {
    std::vector<Node> members;  ///< the visible writes of the key
    std::size_t ordered = 0;    ///< of these, how many precede `current` or are it
    Node current = weak::initial_node;
  };
  /// Vertices: operation n is n; the reads of its session up to it are node_count + n.
  struct Edge {
    std::uint32_t from;
    std::uint32_t to;
    Rule rule;
    std::uint32_t index;  ///< of the reads or of derived_
  };

  void forget();
  void add(Node write, Node reader);
  void derive(Node reader, std::uint32_t read);
  std::vector<Edge> edges_of_view() const;
  std::vector<Edge> find_cycle();
  std::vector<Edge> shortest(std::uint32_t through, const std::vector<bool>& sorted) const;
  Contradiction explain(const std::vector<Edge>& cycle) const;
  Claim claim(const Derived& derived) const;

  const weak::Observations& seen_;
  bool writes_;                      ///< monotonic writes; else writes follow reads
  std::vector<Via> via_;             ///< by write; initial_node: not visible
  std::vector<std::uint32_t> done_;  ///< by session: the operations whose past is visible
  std::unordered_map<TxnKey, KeyView> keys_;
  std::vector<Derived> derived_;
  std::vector<std::uint32_t> begin_;
  std::vector<Edge> edges_;           ///< by from
  std::vector<std::uint32_t> order_;  ///< of the vertices
};

}  // namespace assay::causal
