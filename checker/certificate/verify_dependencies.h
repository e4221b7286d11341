#pragma once
// The verifier of isolation levels by dependencies, for lists and registers: version orders and an
// order of the transactions for a pass, a cycle or another anomaly for a violation. It decodes the
// history itself, derives every dependency again from its definition, and shares no code with the
// search.

#include "base/result.h"
#include "checker/certificate/certificate.h"
#include "history/history.h"

namespace assay {

/// Does the certificate rest on dependencies?
bool is_dependency_certificate(const Certificate& certificate);
/// Is there a level of this name whose certificates verify_dependencies understands?
bool is_dependency_level(std::string_view model);

/// REQUIRES is_dependency_certificate. pass: O(operations and elements read), for
/// monotonic-atomic-view and update-atomic times the keys of a transaction; for consistent-view and
/// parallel-snapshot-isolation, times the anti-dependencies that lead back in the order. violation:
/// O(operations and elements read).
Status verify_dependencies(const History& history, const Certificate& certificate);

}  // namespace assay
