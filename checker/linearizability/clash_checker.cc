#include "checker/linearizability/clash_checker.h"

#include <algorithm>
#include <tuple>

#include "base/assert.h"

namespace assay {

Result<KeyOutcome> ClashChecker::decide(KeyId key, const SearchLimits& /*limits*/,
                                        bool want_order) {
  if (auto status = read(key); !status) return status.error();
  KeyOutcome outcome;
  outcome.algorithm = algorithm_;
  if (clash().has_value()) {
    outcome.search.answer = SearchAnswer::not_linearizable;
    return outcome;
  }
  outcome.search.answer = SearchAnswer::linearizable;
  if (want_order) outcome.order = order();
  return outcome;
}

ExplainedAnomaly ClashChecker::explain(KeyId key, const KeyOutcome& /*outcome*/,
                                       const SearchLimits& /*limits*/) {
  const auto status = read(key);
  ASSAY_ASSERT(status.ok());
  const Clash found = *clash();
  const Narrator narrator(history_, key);
  ExplainedAnomaly result;
  result.anomaly =
      narrator.anomaly(found.anomaly, {found.first, found.second}, found.tell(narrator), true);
  result.witness = {result.anomaly.key, result.anomaly.witness, {}};
  return result;
}

void EarliestOrder::add(const Extent& span, std::int64_t rank) {
  latest_ = std::max(latest_, span.start);
  placed_.push_back({latest_, rank, span.event});
}

std::vector<std::uint64_t> EarliestOrder::events() && {
  std::stable_sort(placed_.begin(), placed_.end(), [](const Placed& a, const Placed& b) {
    return std::tie(a.at, a.rank) < std::tie(b.at, b.rank);
  });
  std::vector<std::uint64_t> events;
  events.reserve(placed_.size());
  for (const Placed& p : placed_) events.push_back(p.event);
  return events;
}

}  // namespace assay
