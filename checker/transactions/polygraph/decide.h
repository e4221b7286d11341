#pragma once
// Is there an order of the transactions that a model allows? Facts in, an order or a contradiction
// out. NP-complete (Papadimitriou, 1979; Biswas and Enea, 2019); what pruning leaves open is split
// into the strongly connected components of everything that might be an edge, and each is searched.

#include <cstdint>
#include <string>
#include <vector>

#include "checker/linearizability/limits.h"
#include "checker/transactions/polygraph/facts.h"
#include "checker/transactions/polygraph/rules.h"

namespace assay::polygraph {

enum class Answer : std::uint8_t { ordered, contradiction, unknown };

struct Decision {
  Answer answer = Answer::unknown;
  /// If ordered: the transactions as they commit; if the model has begins of its own, each twice,
  /// first its begin, then its commit.
  std::vector<NodeId> order;
  /// After a contradiction: some transactions that take part in it, a place to start from.
  std::vector<NodeId> suspects;
  std::string unknown_because;
  std::uint64_t choices = 0;    ///< left open by pruning
  std::uint64_t conflicts = 0;  ///< of the searches
};

/// Deterministic but for the limits. Components are searched in parallel.
Decision decide(const Facts& facts, const Rules& rules, const SearchLimits& limits);

}  // namespace assay::polygraph
