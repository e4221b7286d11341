#pragma once
// The rules by which one operation must come before another: what each means to a reader, in the
// words of the report's cards.

#include <span>
#include <string_view>

namespace assay {

struct StepRule {
  std::string_view name;     ///< Step::rule
  std::string_view meaning;  ///< a sentence about "the first" and "the second" operation
  /// What the arrow of a picture says of its head or, for rw, its tail; empty: the picture's words
  /// are enough.
  std::string_view arrow = {};
};
std::span<const StepRule> step_rules();
const StepRule* find_step_rule(std::string_view name);

}  // namespace assay
