#include "checker/linearizability/narrator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay {

Operation Narrator::operation(std::uint64_t event) const {
  OpIndex low = 0;
  auto high = static_cast<OpIndex>(history_.size());
  while (low + 1 < high) {
    const OpIndex middle = low + (high - low) / 2;
    if (history_[middle].invoke_event <= event) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return history_[low];
}

std::string Narrator::process(std::uint64_t event) const {
  return fmt::format("process {}", static_cast<std::int32_t>(operation(event).process));
}

std::string Narrator::say(std::uint64_t event) const {
  const Operation op = operation(event);
  std::string text(history_.function_name(op.function));
  if (op.argument != nil_value) text += " " + value(op.argument);
  if (op.outcome == Outcome::info) {
    text += " (never confirmed)";
  } else if (op.result != op.argument || op.argument == nil_value) {
    text += " -> " + value(op.result);
  }
  return fmt::format("`{}` by process {} (event {})", text, static_cast<std::int32_t>(op.process),
                     event);
}

Anomaly Narrator::anomaly(std::string_view type, std::vector<std::uint64_t> witness,
                          std::string explanation, bool minimal) const {
  Anomaly anomaly;
  anomaly.type = type;
  anomaly.model = "linearizable";
  if (history_.keyed()) anomaly.key = history_.key(key_);
  std::sort(witness.begin(), witness.end());
  anomaly.witness = std::move(witness);
  anomaly.explanation = std::move(explanation);
  anomaly.minimal = minimal;
  return anomaly;
}

Step Narrator::in_time(std::uint64_t before, std::uint64_t after) const {
  return {before, after, "real-time",
          fmt::format("{} returned before {} began", say(before), say(after))};
}

}  // namespace assay
