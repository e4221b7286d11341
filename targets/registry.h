#pragma once
// The table of targets: every system that can be put under test.

#include <span>
#include <string_view>

#include "harness/target.h"

namespace assay {

std::span<const TargetEntry> targets();

/// Null if there is none of that name.
const TargetEntry* find_target(std::string_view name);

/// The suite of Debian whose packages a target's nodes have unless another one is asked for.
std::string_view suite_of(std::string_view target);

}  // namespace assay
