#pragma once
// The independent verifier: re-checks a certificate against its history. A few hundred lines that
// share no code with the search: it has its own sequential specification and its own enumeration.

#include "base/result.h"
#include "checker/certificate/certificate.h"
#include "history/history.h"

namespace assay {

/// Success only if the certificate proves its verdict for this history. pass: every key has an
/// order that contains each ok operation once, no failed one, info ones at will, is legal and
/// respects real time; O(n). violation: the witness is closed under writers and none of its
/// orders is legal; exponential in the witness (witness_verifier.h: its bounds).
/// The error says what does not hold, naming event indices.
Status verify(const History& history, const Certificate& certificate);

}  // namespace assay
