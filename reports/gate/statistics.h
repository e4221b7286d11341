#pragma once
// The statistical test of the gate.

#include <cstdint>
#include <vector>

namespace assay::gate {

/// The chance that samples at least as small as `values` come out, compared with `reference`, if
/// both had one distribution: the exact one-sided Mann–Whitney test, ties counted half. Small
/// means that `values` are smaller. 1 if either is empty. Source: Mann and Whitney, "On a test of
/// whether one of two random variables is stochastically larger than the other", 1947.
/// O(m² n²) for m and n values; more than 60 of either are cut to the last 60.
double chance_of_smaller(std::vector<double> values, std::vector<double> reference);

/// The smallest chance that so many values can give: below it no test can decide. 1 / (m+n over m).
double smallest_chance(std::uint64_t values, std::uint64_t reference);

/// Of an even number, the mean of the two in the middle. REQUIRES: not empty.
double median(std::vector<double> values);

}  // namespace assay::gate
