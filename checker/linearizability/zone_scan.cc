#include "checker/linearizability/zone_scan.h"

#include <algorithm>
#include <limits>

namespace assay {
namespace {

constexpr std::int64_t earliest = std::numeric_limits<std::int64_t>::min();
constexpr unsigned least_bits = 6;

}  // namespace

ZoneScan::ZoneScan(const History& history)
    : history_(history), functions_(history.function_count()) {
  if (const auto read = history.function_named("read")) functions_[*read] = RegisterFunction::read;
  if (const auto write = history.function_named("write")) {
    functions_[*write] = RegisterFunction::write;
  }
}

ScanAnswer ZoneScan::decide(KeyId key, const SearchLimits& limits) {
  const auto operations = history_.operations_on(key);
  clusters_.clear();
  // Not touched, the memory costs nothing; growing on the way would need the double.
  clusters_.reserve(operations.size() + 1);
  size_table(operations.size() / 2 + 1);
  Cluster& initial = cluster_of(history_.initial());
  initial.f = initial.s = initial.write_start = earliest;
  constexpr std::size_t ahead = 24;
  constexpr std::size_t pause = std::size_t{1} << 16U;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (i + ahead < operations.size()) history_.prefetch(operations[i + ahead]);
    if (i % pause == pause - 1 && limits.time_is_up()) return ScanAnswer::undecided;
    if (!add(operations[i])) return ScanAnswer::open;
  }
  return zones_agree() ? ScanAnswer::linearizable : ScanAnswer::open;
}

bool ZoneScan::add(OpIndex operation) {
  const auto function = functions_[history_.function(operation)];
  if (!function.has_value()) return false;
  const Outcome outcome = history_.outcome(operation);
  if (outcome == Outcome::fail) return true;
  if (*function == RegisterFunction::read) {
    const ValueId value = history_.result(operation);
    if (outcome == Outcome::info) return true;
    if (value == nil_value && history_.info().nil_read == NilRead::unconstrained) return true;
    const auto interval = history_.interval(operation);
    Cluster& cluster = cluster_of(value);
    cluster.f = std::min(cluster.f, interval.end);
    cluster.s = std::max(cluster.s, interval.start);
    return true;
  }
  const auto interval = history_.interval(operation);
  Cluster& cluster = cluster_of(history_.argument(operation));
  if (cluster.write_start != never) return false;
  cluster.write_start = interval.start;
  cluster.f = std::min(cluster.f, interval.end);
  cluster.s = std::max(cluster.s, interval.start);
  return true;
}

ZoneScan::Cluster& ZoneScan::cluster_of(ValueId id) {
  const auto value = static_cast<std::uint64_t>(id);
  std::size_t slot = slot_of(value);
  for (; table_[slot] != 0; slot = (slot + 1) & (table_.size() - 1)) {
    Cluster& cluster = clusters_[table_[slot] - 1];
    if (cluster.value == value) return cluster;
  }
  clusters_.push_back({value, never, earliest, never});
  if (3 * clusters_.size() > 2 * table_.size()) {
    size_table(2 * clusters_.size());
    for (std::uint32_t i = 0; i < clusters_.size(); ++i) {
      std::size_t at = slot_of(clusters_[i].value);
      while (table_[at] != 0) at = (at + 1) & (table_.size() - 1);
      table_[at] = i + 1;
    }
  } else {
    table_[slot] = static_cast<std::uint32_t>(clusters_.size());
  }
  return clusters_.back();
}

/// Values that follow each other, as they mostly do in time as well, share a cache line.
std::size_t ZoneScan::slot_of(std::uint64_t value) const {
  constexpr unsigned line_bits = 4;
  const std::uint64_t line = (value >> 7U) * 0x9e3779b97f4a7c15ULL;
  return ((line >> (64 - (table_bits_ - line_bits))) << line_bits) | ((value >> 3U) & 15U);
}

void ZoneScan::size_table(std::size_t clusters) {
  table_bits_ = least_bits;
  while ((std::size_t{1} << table_bits_) < clusters + clusters / 2) ++table_bits_;
  table_.assign(std::size_t{1} << table_bits_, 0);
}

bool ZoneScan::zones_agree() {
  for (const Cluster& cluster : clusters_) {
    if (cluster.write_start == never || cluster.f < cluster.write_start) return false;
  }
  sort_clusters();
  std::int64_t last_forward = earliest;  // where it ends
  for (const Cluster& cluster : clusters_) {
    if (cluster.f < last_forward) return false;
    if (cluster.forward()) last_forward = cluster.s;
  }
  return true;
}

/// They were made in the order in which something of theirs began, which is nearly the right one.
void ZoneScan::sort_clusters() {
  std::size_t moves = 0;
  for (std::size_t i = 1; i < clusters_.size(); ++i) {
    if (!(clusters_[i] < clusters_[i - 1])) continue;
    const Cluster cluster = clusters_[i];
    std::size_t at = i;
    for (; at > 0 && cluster < clusters_[at - 1]; --at, ++moves) clusters_[at] = clusters_[at - 1];
    clusters_[at] = cluster;
    if (moves <= 32 * clusters_.size()) continue;
    std::sort(clusters_.begin(), clusters_.end());
    return;
  }
}

}  // namespace assay
