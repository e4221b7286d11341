#include "targets/reference/protocols/membership/detectors.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace assay::reference {
namespace {

double ms_of(Nanos time) { return static_cast<double>(time.count()) / 1e6; }

}  // namespace

bool TimeoutDetector::suspects(NodeId member, Nanos now) const {
  const auto found = last_.find(member);
  return found != last_.end() && now - found->second >= timeout_;
}

void PhiAccrualDetector::expect(NodeId member, Nanos now) {
  const auto [place, fresh] = arrivals_.try_emplace(member);
  if (!fresh) return;
  // As in the paper's implementations: a first guess whose deviation is a quarter of it.
  const double first = ms_of(options_.first_interval);
  place->second = {now, {first * 0.75, first * 1.25}};
}

void PhiAccrualDetector::heard(NodeId member, Nanos now) {
  expect(member, now);
  Arrivals& arrivals = arrivals_.at(member);
  if (now <= arrivals.last) return;
  arrivals.intervals_ms.push_back(ms_of(now - arrivals.last));
  if (arrivals.intervals_ms.size() > options_.window) arrivals.intervals_ms.pop_front();
  arrivals.last = now;
}

double PhiAccrualDetector::phi(NodeId member, Nanos now) const {
  const auto found = arrivals_.find(member);
  if (found == arrivals_.end()) return 0;
  const auto& intervals = found->second.intervals_ms;
  double sum = 0;
  for (const double interval : intervals) sum += interval;
  const double mean = sum / static_cast<double>(intervals.size());
  double squares = 0;
  for (const double interval : intervals) squares += (interval - mean) * (interval - mean);
  const double deviation = std::max(std::sqrt(squares / static_cast<double>(intervals.size())),
                                    ms_of(options_.deviation_min));
  const double z = (ms_of(now - found->second.last) - mean) / deviation;
  // erfc keeps its precision in the tail, where 1 - erf would be 0.
  const double later = 0.5 * std::erfc(z / std::sqrt(2.0));
  return later > 0 ? -std::log10(later) : std::numeric_limits<double>::infinity();
}

}  // namespace assay::reference
