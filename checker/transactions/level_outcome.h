#pragma once
// What a check of one isolation level found: the same form for every engine.

#include <string>
#include <vector>

#include "checker/certificate/certificate.h"
#include "checker/verdict.h"

namespace assay {

struct LevelOutcome {
  Verdict verdict = Verdict::unknown;
  std::string unknown_because;     ///< non-empty exactly if verdict is unknown
  std::vector<Anomaly> anomalies;  ///< at least one if it is a violation
  Certificate certificate;         ///< header fields are filled in by the caller
  std::string algorithm;
};

}  // namespace assay
