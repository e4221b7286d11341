#pragma once
// The verifier of serializability, snapshot isolation, parallel snapshot isolation and prefix
// consistency of transactions over registers. It decodes the history itself and shares no code with
// the search.

#include <string_view>

#include "base/result.h"
#include "checker/certificate/certificate.h"
#include "history/history.h"

namespace assay {

/// Is this a certificate that verify_serial understands?
bool is_serial_certificate(std::string_view model, std::string_view datatype);

/// REQUIRES is_serial_certificate. pass: one order, replayed: every read finds what the model lets
/// it see; O(n log n), for parallel-snapshot-isolation times the number of sessions. violation: for
/// each witness every order of its transactions is tried; at most 12 are accepted.
Status verify_serial(const History& history, const Certificate& certificate);

}  // namespace assay
