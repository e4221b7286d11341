#pragma once
// The timing that a witness rests on, for every datatype: the witness by itself is checked again
// and again as a history of its own, with ever wider intervals.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "checker/checker.h"
#include "checker/linearizability/limits.h"
#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

/// `witness`: the events of operations on one key that no order explains, by themselves. Empty if
/// they are too many, or if the check by itself does not say so. O(n^2) checks of n operations.
std::vector<EssentialTiming> essential_timing(const History& history, std::string_view datatype,
                                              const CheckOptions& options, KeyId key,
                                              std::span<const std::uint64_t> witness,
                                              const SearchLimits& limits);

}  // namespace assay
