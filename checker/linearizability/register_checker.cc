#include "checker/linearizability/register_checker.h"

#include "base/assert.h"
#include "checker/linearizability/explain.h"
#include "checker/linearizability/register_search.h"
#include "checker/linearizability/stale_read.h"
#include "checker/linearizability/witness.h"
#include "checker/linearizability/zones.h"

namespace assay {

Result<KeyOutcome> RegisterChecker::decide(KeyId key, const SearchLimits& limits, bool want_order) {
  auto object = reader_.read(key);
  if (!object) return object.error();
  const auto& calls = object->calls;
  KeyOutcome outcome;
  if (has_unique_writers(calls, object->value_count)) {
    outcome.algorithm = "zones";
    outcome.search = check_zones(calls, object->value_count, want_order);
  } else if (auto stale = find_stale_observer(calls, object->value_count)) {
    outcome.algorithm = "stale-read";
    outcome.search.answer = SearchAnswer::not_linearizable;
    outcome.search.suspects = *std::move(stale);
  } else {
    outcome.algorithm = "frontier";
    outcome.search = search_register(calls, object->value_count, limits, want_order);
  }
  outcome.order.reserve(outcome.search.order.size());
  for (const std::uint32_t i : outcome.search.order) outcome.order.push_back(calls[i].event);
  outcome.search.order = {};
  return outcome;
}

ExplainedAnomaly RegisterChecker::explain(KeyId key, const KeyOutcome& outcome,
                                          const SearchLimits& limits) {
  const auto object = reader_.read(key);
  ASSAY_ASSERT(object.ok());
  const CallWitness witness =
      find_witness(object.value().calls, object.value().value_count, outcome.search, limits);
  ExplainedAnomaly result;
  result.anomaly = describe_register_anomaly(history_, key, object.value(), witness);
  result.witness = {result.anomaly.key, result.anomaly.witness, {}};
  return result;
}

}  // namespace assay
