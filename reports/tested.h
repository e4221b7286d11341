#pragma once
// How much a history tests: what was asked and answered, how many operations were in flight at once
// and met on one object, and how many under each kind of fault. A pass says no more than that.

#include <string>
#include <vector>

#include "history/history.h"

namespace assay {

struct TestedRow {
  std::string name;  ///< "write", "in flight at once", "under kill" (untrusted, as is the text)
  std::string text;  ///< "812 asked: 790 acknowledged, 2 failed, 20 with unknown outcome"
};

/// In the order of a reader's questions. O(n log n).
std::vector<TestedRow> tested_rows(const History& history);

}  // namespace assay
