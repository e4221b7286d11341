#pragma once
// The options of targets, protocols and workloads are tables of one shape.

#include <algorithm>
#include <string>

namespace assay::cli {

/// Whether a table of options has one of this name. O(its length).
template <class Options>
bool has_option(const Options& options, const std::string& name) {
  return std::any_of(options.begin(), options.end(),
                     [&](const auto& option) { return option.name == name; });
}

}  // namespace assay::cli
