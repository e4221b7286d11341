#pragma once
// A contradiction as a list of claims, each of which the history itself shows.

#include <cstdint>
#include <vector>

#include "checker/transactions/weak/observations.h"

namespace assay::causal {

using weak::Node;

enum class Rule : std::uint8_t { session, reads_from, commit, overwritten };

/// `from` precedes `to`.
/// - commit: `from` writes the key and is visible to `reader`, which returned what `to` wrote (the
///   initial node: the initial value, which is a contradiction by itself);
/// - overwritten: from = reader, whose source precedes `to`, which writes the key too.
struct Claim {
  Node from;
  Node to;
  Rule rule;
  std::uint32_t read = 0;            ///< of Observations::reads; not of session
  Node reader = weak::initial_node;  ///< commit, overwritten; or to whom `from` is visible
  std::vector<Node> path{};          ///< how `from` is visible; or from the source to `to`
};

struct Contradiction {
  std::vector<Claim> lemmas;  ///< steps that paths go over, each after those that it rests on
  std::vector<Claim> steps;   ///< they lead back to where they began, or there is one to nobody
};

}  // namespace assay::causal
