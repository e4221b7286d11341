#pragma once
// The oracle of weak isolation levels: by their definitions, trying every order of commits and
// every choice of what is visible. Exponential; for very few transactions. It knows nothing of how
// the checker works.

#include <cstddef>
#include <string>
#include <vector>

namespace assay {
struct SmallTxn;
}

namespace assay::oracle {

/// read-atomic and transactional-causal as visibility and arbitration (Cerone, Bernardi, Gotsman
/// 2015), read-committed-be and monotonic-atomic-view as Biswas and Enea's axiom over all orders of
/// commits (2019). Registers start at 0, lists empty.
bool satisfies(const std::vector<SmallTxn>& txns, const std::string& model);

}  // namespace assay::oracle
