#pragma once
// Witnesses about strings: gets, with every put and append that could have had a part in what they
// found. docs/certificates.md argues why they suffice.

#include "base/result.h"
#include "checker/certificate/certificate.h"
#include "checker/certificate/closure.h"

namespace assay {

/// close_witness for datatype kv-string. With `witness.values`, restricts the gets' strings to
/// these tokens; refuses if the tokens of the key could be told apart in two ways. A single get of
/// a string that nothing makes is refuted by that alone. O(n * gets of the witness).
Status close_text(const Witness& witness, const EachAct& each, Evidence& evidence);

}  // namespace assay
