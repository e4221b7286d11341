#pragma once
// Studies: quantities that are measured in a simulated world and that no history shows, because no
// client asks for them. A campaign holds them against bounds.

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "targets/reference/protocols/catalogue.h"

namespace assay::reference {

struct StudyMeasure {
  std::string_view name;
  std::string_view summary;
};

struct StudyEntry {
  std::string_view name;
  std::string_view summary;
  std::span<const ProtocolOption> options;
  std::span<const StudyMeasure> measures;
  /// `options`: all of them. Every measure is in the answer. Error: usage.
  Result<std::map<std::string, double>> (*run)(const std::map<std::string, std::string>& options,
                                               std::uint64_t seed);
};
std::span<const StudyEntry> studies();

/// Null: there is none of this name.
const StudyEntry* find_study(std::string_view name);

/// With the fallbacks of the options that are not given. Error (usage): an unknown option or value.
Result<std::map<std::string, double>> run_study(const StudyEntry& study,
                                                std::map<std::string, std::string> options,
                                                std::uint64_t seed);

/// An option's value as a number from `low` to `high`. Error: usage.
Result<double> number_option(const std::map<std::string, std::string>& options,
                             const std::string& name, double low, double high);

// The rows, one function a study.
StudyEntry failure_detection_study();
StudyEntry logical_clocks_study();

}  // namespace assay::reference
