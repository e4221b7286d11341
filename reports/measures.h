#pragma once
// Quantities of a history besides its verdict: how much was asked and answered, how fast, and how
// hard it was made. Campaigns bound them, the run store keeps them, the gate judges them.
//
// "Outside faults" is an operation invoked while no fault was in force (faults.h).

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "history/history.h"

namespace assay {

struct Measure {
  std::string_view name;
  std::string_view summary;
  /// Over several runs: the largest counts, or else the smallest.
  bool largest;
  double (*of)(const History& history);  ///< O(n log n); times in seconds
};
std::span<const Measure> measures();
const Measure* find_measure(std::string_view name);
std::vector<std::string> measure_names();

/// Every measure by its name.
std::map<std::string, double> measures_of(const History& history);

/// For each kind of fault that was injected, how many operations were in flight while it was in
/// force. O(n log f).
std::map<std::string, std::uint64_t> in_flight_under_faults(const History& history);

/// For each function that was invoked, how many operations were acknowledged. O(n).
std::map<std::string, std::uint64_t> acknowledged_by_function(const History& history);

}  // namespace assay
