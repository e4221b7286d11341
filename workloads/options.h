#pragma once
// Reading a workload's options, and the two that all workloads over many objects share.

#include <charconv>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "harness/generators.h"
#include "workloads/workload.h"

namespace assay {

/// Error (configuration): not a number of that range; names the option.
template <class Number>
Result<Number> number_option(const WorkloadSettings& settings, const char* name, Number low,
                             Number high) {
  const std::string& text = settings.options.at(name);
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc{} && end == text.data() + text.size() && number >= low &&
      number <= high) {
    return number;
  }
  return Error{ErrorKind::configuration, std::string("--") + name + ": '" + text +
                                             "' is not a number from " + std::to_string(low) +
                                             " to " + std::to_string(high)};
}

inline constexpr WorkloadOption threads_per_key_option{
    "threads-per-key", "0", "a number", "threads that share a key; 0: twice the nodes"};
/// `count`: the fallback, a number.
constexpr WorkloadOption ops_per_key_option(std::string_view count) {
  return {"ops-per-key", count, "a number", "operations before a group goes on to the next key"};
}

/// Many objects, each asked by a group of threads until ops-per-key is reached. The settings have
/// both options. Error: configuration.
Result<GeneratorPtr> over_keys(const WorkloadSettings& settings,
                               std::function<GeneratorPtr(KeyNumber)> make);

/// A workload with this datatype and model that declares its initial value and has times.
Workload judged_by(const char* datatype, std::vector<std::string> models, Value initial = {});

}  // namespace assay
