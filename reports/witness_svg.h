#pragma once
// The witness of an anomaly as a small timeline that a beginner can follow: a lane per process, a
// bar per operation, numbered in the order of the invocations. Time is warped: what came first
// stands to the left and what overlaps overlaps, but distances mean nothing.

#include <string>
#include <vector>

#include "history/history.h"

namespace assay {

/// Inline SVG that needs no script; all text is escaped. At most `limit` operations are drawn.
std::string draw_witness(const History& history, const std::vector<OpIndex>& operations,
                         std::size_t limit = 40);

}  // namespace assay
