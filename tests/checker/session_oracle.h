#pragma once
// The oracle of models of sessions: by their definitions, trying every order of operations, every
// causal order and every set of visible writes. Exponential; for very few operations. It knows
// nothing of how the checker works.

#include <string>
#include <vector>

namespace assay {
struct SmallTxn;
}

namespace assay::oracle {

/// sequential, causal-memory, causal-convergence, causal (Bouajjani et al. 2017), pram, and the
/// four guarantees as docs/models.md defines them. Each transaction is one operation on one key: a
/// read, a write, or a read and a write (cas). Keys start at 0.
bool satisfies_sessions(const std::vector<SmallTxn>& operations, const std::string& model);

}  // namespace assay::oracle
