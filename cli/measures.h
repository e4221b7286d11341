#pragma once
// What a campaign may ask of a history besides its verdict: how much was answered, and how fast.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "history/history.h"

namespace assay::cli {

struct Measure {
  std::string_view name;
  std::string_view summary;
  /// Over several runs: the largest counts, or else the smallest.
  bool largest;
  double (*of)(const History& history);
};
std::span<const Measure> measures();
const Measure* find_measure(std::string_view name);
std::vector<std::string> measure_names();

}  // namespace assay::cli
