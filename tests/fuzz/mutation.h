#pragma once
// Small damages to a file: what the fuzzing driver feeds to the readers.

#include <string>

#include "base/random.h"

namespace assay::testing {

/// `bytes` with one to four damages: changed, flipped, doubled, cut out or cut off bytes, numbers
/// at the limits, long runs, parts of `other` put in between.
std::string mutated(const std::string& bytes, const std::string& other, Random& random);

/// The same journal with the checksums of all its frames made right again, so that what is inside
/// of them is read.
std::string with_checksums(std::string journal);

}  // namespace assay::testing
