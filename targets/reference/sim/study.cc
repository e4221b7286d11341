#include "targets/reference/sim/study.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace assay::reference {

std::span<const StudyEntry> studies() {
  static const std::array table{failure_detection_study(), logical_clocks_study()};
  return table;
}

const StudyEntry* find_study(std::string_view name) {
  const auto found = std::find_if(studies().begin(), studies().end(),
                                  [&](const StudyEntry& study) { return study.name == name; });
  return found == studies().end() ? nullptr : &*found;
}

Result<std::map<std::string, double>> run_study(const StudyEntry& study,
                                                std::map<std::string, std::string> options,
                                                std::uint64_t seed) {
  for (const auto& [name, value] : options) {
    const bool known =
        std::any_of(study.options.begin(), study.options.end(),
                    [&name = name](const ProtocolOption& option) { return option.name == name; });
    if (known) continue;
    std::string names;
    for (const auto& option : study.options) names += " " + std::string(option.name);
    return Error{ErrorKind::usage, "study " + std::string(study.name) + " has no option '" + name +
                                       "'; it has:" + names};
  }
  for (const auto& option : study.options) {
    options.try_emplace(std::string(option.name), option.fallback);
  }
  return study.run(options, seed);
}

Result<double> number_option(const std::map<std::string, std::string>& options,
                             const std::string& name, double low, double high) {
  const std::string& text = options.at(name);
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  // Written so that NaN is refused.
  const bool within = number >= low && number <= high;
  if (failure == std::errc{} && end == text.data() + text.size() && within) return number;
  return Error{ErrorKind::usage, name + ": expected a number from " + std::to_string(low) + " to " +
                                     std::to_string(high) + ", got '" + text + "'"};
}

}  // namespace assay::reference
