#pragma once
// What the page's script draws: the run as columns, computed once here, so that the page itself
// stays simple and the numbers in the plots come from all operations even if not all are drawn.

#include <cstddef>
#include <string>

#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

struct RunData {
  /// JSON that may stand in <script type="application/json">: schema, axis, faults, anomalies,
  /// plots, names. Readable by other tools.
  std::string meta;
  /// base64 of gzip of a JSON document of columns, one entry an operation drawn.
  std::string columns;
  std::size_t drawn = 0;
};

inline constexpr std::size_t drawn_operations_max = 200'000;

/// At most `limit` operations are drawn: those of witnesses, their neighbours, failed and
/// indeterminate ones first, then an even sample of the others. O(n log n).
RunData run_data(const History& history, const CheckResult& result,
                 std::size_t limit = drawn_operations_max);

}  // namespace assay
