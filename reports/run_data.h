#pragma once
// What the page's script draws: the run as columns, computed once here, so that the page itself
// stays simple and the numbers in the plots come from all operations even if not all are drawn.

#include <cstddef>
#include <string>
#include <vector>

#include "checker/verdict.h"
#include "history/history.h"
#include "reports/report.h"

namespace assay {

struct RunData {
  /// JSON that may stand in <script type="application/json">: schema, axis, faults, anomalies,
  /// plots, names. Readable by other tools.
  std::string meta;
  /// The columns of the operations drawn and of the lines of the logs (block.h).
  std::string columns;
  std::size_t drawn = 0;
  std::size_t told = 0;  ///< of those drawn, with their values
};

inline constexpr std::size_t drawn_operations_max = 2'000'000;
/// What mail and CI artefacts carry without complaint; the rest of the page takes its share.
inline constexpr std::size_t columns_bytes_max = 14'000'000;

/// At most `limit` operations are drawn: those of witnesses, their neighbours, failed and
/// indeterminate ones first, then an even sample of the others. If the columns would take more than
/// `bytes`, only a sample of the same kind keeps its values; and if that does not help, fewer are
/// drawn. `logs` ascend by time. O(n log n).
RunData run_data(const History& history, const CheckResult& result,
                 const std::vector<LogLine>& logs = {}, std::size_t limit = drawn_operations_max,
                 std::size_t bytes = columns_bytes_max);

}  // namespace assay
