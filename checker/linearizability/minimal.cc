#include "checker/linearizability/minimal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "checker/certificate/witness_verifier.h"
#include "checker/linearizability/narrator.h"

namespace assay {
namespace {

/// The verifier keeps the key's operations and scans them again for every operation of the witness.
constexpr std::size_t largest_key = 250'000;
/// It refutes no larger ones but by rules, and those are made minimal by the algorithms.
constexpr std::size_t largest_witness = 64;

/// What is left to say of a witness whose explanation was about more operations than it has now.
std::string explanation_of(const std::vector<std::uint64_t>& witness, const Narrator& narrator) {
  constexpr std::size_t named = 12;
  std::string text = fmt::format("No order explains these {} operations:", witness.size());
  for (std::size_t i = 0; i < witness.size() && i < named; ++i) {
    text += (i == 0 ? " " : ", ") + narrator.say(witness[i]);
  }
  if (witness.size() > named) text += fmt::format(" and {} more", witness.size() - named);
  return text;
}

void forget(Anomaly& anomaly, std::uint64_t event) {
  std::erase(anomaly.witness, event);
  std::erase_if(anomaly.timing, [&](const EssentialTiming& timing) {
    return timing.before == event || timing.after == event;
  });
  const bool told = std::any_of(anomaly.steps.begin(), anomaly.steps.end(), [&](const Step& step) {
    return step.before == event || step.after == event;
  });
  if (told) anomaly.steps.clear();
}

}  // namespace

ExplainedAnomaly explain_minimal(ObjectChecker& checker, const History& history,
                                 std::string_view datatype, KeyId key, const KeyOutcome& outcome,
                                 const SearchLimits& limits) {
  ExplainedAnomaly explained = checker.explain(key, outcome, limits);
  // A register's algorithm applies the verifier's rules itself.
  if (datatype == "register" || !explained.anomaly.minimal) return explained;
  explained.anomaly.minimal = false;
  auto& operations = explained.witness.operations;
  const bool feasible = history.operations_on(key).size() <= largest_key &&
                        operations.size() <= largest_witness &&
                        make_specification(datatype, history.info()) != nullptr;
  if (!feasible) return explained;
  WitnessVerifier verifier(history, datatype, key);
  verifier.remember();
  if (!verifier.refute(explained.witness)) return explained;
  const std::size_t before = operations.size();
  const auto tell = [&] {
    if (operations.size() == before) return;
    explained.anomaly.explanation =
        explanation_of(explained.anomaly.witness, Narrator(history, key));
  };
  for (std::size_t i = operations.size(); i-- > 0;) {
    if (limits.time_is_up()) {
      tell();
      return explained;
    }
    Witness less = explained.witness;
    less.operations.erase(less.operations.begin() + static_cast<std::ptrdiff_t>(i));
    if (!verifier.refute(less)) continue;
    forget(explained.anomaly, operations[i]);
    explained.witness = std::move(less);
    i = operations.size();  // what was needed with it may not be without it
  }
  tell();
  explained.anomaly.minimal = true;
  return explained;
}

}  // namespace assay
