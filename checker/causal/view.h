#pragma once
// A view: an order of operations that a session, or everybody, must be able to agree with. Starts
// from session order and reads-from and adds what every legal order must contain, until nothing
// changes:
//
// - commit: w2 precedes a read of what w1 wrote to the same key, so w2 precedes w1;
// - overwritten (one order for all): w1 precedes w2, so whoever read w1 precedes w2.
//
// Sources: Bouajjani, Enea, Guerraoui and Hamza, "On Verifying Causal Consistency", 2017 (the
// relations HB_o); Zennou et al., "Gradual Consistency Checking", 2019 (saturation). O(n k log n)
// time a round, 4 n k bytes.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "checker/causal/claims.h"
#include "checker/linearizability/limits.h"
#include "checker/transactions/weak/commit_edges.h"
#include "checker/transactions/weak/observations.h"

namespace assay::causal {

using weak::Observations;

/// `from` precedes `to`. `index`: of the reads, or of the derived steps.
struct Step {
  Node from;
  Node to;
  Rule rule;
  std::uint32_t index;
};

/// commit: `from` precedes `reader`, which reads `to`'s write (the initial node: nobody's).
/// overwritten: from = reader, whose source precedes `to`.
struct Derived {
  Node from;
  Node to;
  Node reader;
  std::uint32_t read;
  std::uint32_t round;
  Rule rule;
};

struct ViewRules {
  std::optional<std::uint32_t> session;  ///< whose reads must be explained; nobody: everybody's
  bool others_read = true;               ///< reads of the other sessions order anything at all
  bool overwritten = false;
};

enum class ViewVerdict : std::uint8_t { consistent, cyclic, stale_initial, limit };

class View {
 public:
  View(const Observations& seen, const ViewRules& rules);
  /// One order for all with the commit steps `edges` as they are: for paths, not to be run.
  View(const Observations& seen, std::span<const weak::CommitEdge> edges);

  ViewVerdict run(const SearchLimits& limits);

  /// All operations in an order that contains every step. REQUIRES consistent.
  const std::vector<Node>& order() const { return order_; }
  /// With rules.session: an order in which every read of the session finds the last write before
  /// it. REQUIRES consistent.
  std::vector<Node> legal_order() const;
  /// How many operations of a session precede the node or are it.
  std::span<const std::uint32_t> clock(Node node) const {
    return std::span(clocks_).subspan(node * sessions_, sessions_);
  }
  const std::vector<Derived>& derived() const { return derived_; }

  /// A shortest cycle, or the one stale step to the initial state. REQUIRES cyclic, stale_initial.
  std::vector<Step> contradiction() const;
  /// The steps with what they rest on.
  Contradiction explained(const std::vector<Step>& steps) const;
  /// A shortest path of steps derived before `round`; empty if there is none.
  std::vector<Step> path(Node from, Node to, std::uint32_t round) const;

 private:
  /// The writes of one key in one session, by position: places_[begin … end - 1].
  struct Run {
    std::uint32_t session;
    std::uint32_t begin;
    std::uint32_t end;
  };
  bool orders(Node reader) const {
    return rules_.others_read || !rules_.session || seen_.session[reader] == *rules_.session;
  }
  Node node_at(std::uint32_t session, std::uint32_t position) const {
    return seen_.by_session[seen_.session_begin[session] + position - 1];
  }
  /// Why a derived step holds: the path of earlier steps that it rests on.
  std::vector<Step> path_of(const Derived& step) const;
  Claim claim(const Step& step) const;
  void add_lemmas(const std::vector<Step>& steps, std::vector<bool>& known,
                  std::vector<Claim>& lemmas) const;
  void index_writers();
  void index_steps();
  bool sort();
  void compute_clocks();
  bool derive(std::uint32_t round);
  void derive_commit(Node reader, std::uint32_t read, std::uint32_t round);
  void derive_overwritten(Node reader, std::uint32_t read, std::uint32_t round);

  const Observations& seen_;
  ViewRules rules_;
  std::size_t sessions_;
  std::vector<std::vector<Run>> writers_;  ///< by key, ascending by session
  std::vector<std::uint32_t> places_;
  std::vector<std::uint32_t> begin_;
  std::vector<Step> steps_;  ///< by from
  std::vector<Node> order_;
  std::vector<std::uint32_t> clocks_;
  std::vector<Derived> derived_;
  std::optional<std::uint32_t> stale_;
};

}  // namespace assay::causal
