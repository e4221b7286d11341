#pragma once
// A read that no order explains, whatever else happened: everything that could have supplied its
// value had certainly been replaced when it began, or nothing ever could. Necessary for
// linearizability only, but linear-logarithmic, and it finds what goes wrong most often before any
// search has to.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "checker/models/register.h"

namespace assay {

/// Of such observers the one that returned first, with the calls that show it: the mutation that
/// replaced the value, and the last that supplied it. `calls` sorted by start. O(n log n).
std::optional<std::vector<std::uint32_t>> find_stale_observer(std::span<const RegisterCall> calls,
                                                              std::size_t value_count);

}  // namespace assay
