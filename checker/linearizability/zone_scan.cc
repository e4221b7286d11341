#include "checker/linearizability/zone_scan.h"

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>

namespace assay {
namespace {

/// Each part's clusters are looked up in all parts before it, so that more cost more than they
/// help.
constexpr std::size_t most_parts = 4;

}  // namespace

ZoneScan::ZoneScan(const History& history, std::size_t operations_a_part)
    : history_(history),
      operations_a_part_(operations_a_part),
      functions_(history.function_count()) {
  if (const auto read = history.function_named("read")) functions_[*read] = RegisterFunction::read;
  if (const auto write = history.function_named("write")) {
    functions_[*write] = RegisterFunction::write;
  }
}

ScanAnswer ZoneScan::decide(KeyId key, const SearchLimits& limits) {
  const std::size_t size = history_.operations_on(key).size();
  parts_.resize(parts_of(size));
  std::vector<ScanAnswer> answers(parts_.size(), ScanAnswer::linearizable);
  const auto for_each_part = [&](const auto& visit) {
    if (parts_.size() == 1) return visit(std::size_t{0});
    // Isolated, lest a thread that waits for the others begins with another key.
    tbb::this_task_arena::isolate([&] { tbb::parallel_for(std::size_t{0}, parts_.size(), visit); });
  };
  const auto disagreement = [&] {
    return std::find_if(answers.begin(), answers.end(),
                        [](ScanAnswer a) { return a != ScanAnswer::linearizable; });
  };
  for_each_part([&](std::size_t p) {
    const std::size_t begin = size * p / parts_.size();
    const std::size_t end = size * (p + 1) / parts_.size();
    parts_[p].clear(end - begin);
    if (p == 0) {
      ZoneCluster& initial = parts_[0].of(history_.initial());
      initial.f = initial.s = initial.write_start = ZoneCluster::earliest;
    }
    answers[p] = scan(key, begin, end, parts_[p], limits);
  });
  if (const auto it = disagreement(); it != answers.end()) return *it;
  // The last first, because only what has not been merged itself can be found by value.
  for (std::size_t p = parts_.size(); p-- > 1;) {
    for (std::size_t q = 0; q < p; ++q) {
      if (!parts_[p].merge_into(parts_[q])) return ScanAnswer::open;
    }
  }
  for_each_part([&](std::size_t p) {
    if (!parts_[p].finish()) answers[p] = ScanAnswer::open;
  });
  if (const auto it = disagreement(); it != answers.end()) return *it;
  return zones_agree() ? ScanAnswer::linearizable : ScanAnswer::open;
}

std::size_t ZoneScan::parts_of(std::size_t operations) const {
  const auto threads = static_cast<std::size_t>(tbb::this_task_arena::max_concurrency());
  return std::clamp(operations / operations_a_part_, std::size_t{1}, std::min(most_parts, threads));
}

ScanAnswer ZoneScan::scan(KeyId key, std::size_t begin, std::size_t end, ZoneClusters& clusters,
                          const SearchLimits& limits) const {
  constexpr std::size_t ahead = 24;
  constexpr std::size_t pause = std::size_t{1} << 16U;
  const auto operations = history_.operations_on(key);
  for (std::size_t i = begin; i < end; ++i) {
    if (i % pause == pause - 1 && limits.time_is_up()) return ScanAnswer::undecided;
    if (i + ahead < end) history_.prefetch(operations[i + ahead]);
    if (!add(operations[i], clusters)) return ScanAnswer::open;
  }
  return ScanAnswer::linearizable;
}

bool ZoneScan::add(OpIndex operation, ZoneClusters& clusters) const {
  const auto function = functions_[history_.function(operation)];
  if (!function.has_value()) return false;
  const Outcome outcome = history_.outcome(operation);
  if (outcome == Outcome::fail) return true;
  const bool reads = *function == RegisterFunction::read;
  const ValueId value = reads ? history_.result(operation) : history_.argument(operation);
  if (reads && outcome == Outcome::info) return true;
  if (reads && value == nil_value && history_.info().nil_read == NilRead::unconstrained) {
    return true;
  }
  const auto interval = history_.interval(operation);
  ZoneCluster& cluster = clusters.of(value);
  if (!reads) {
    if (cluster.write_start != never) return false;
    cluster.write_start = interval.start;
  }
  cluster.f = std::min(cluster.f, interval.end);
  cluster.s = std::max(cluster.s, interval.start);
  return true;
}

/// Sweeps over the clusters of all parts in the order of where they begin.
bool ZoneScan::zones_agree() const {
  std::vector<std::size_t> next(parts_.size(), 0);
  std::int64_t last_forward = ZoneCluster::earliest;  // where it ends
  while (true) {
    const ZoneCluster* first = nullptr;
    std::size_t from = 0;
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      if (next[p] == parts_[p].all().size()) continue;
      const ZoneCluster& cluster = parts_[p].all()[next[p]];
      if (first != nullptr && !(cluster < *first)) continue;
      first = &cluster;
      from = p;
    }
    if (first == nullptr) return true;
    if (first->f < last_forward) return false;
    if (first->forward()) last_forward = first->s;
    ++next[from];
  }
}

}  // namespace assay
