#include "checker/linearizability/zone_clusters.h"

#include <algorithm>

namespace assay {

bool ZoneCluster::take(const ZoneCluster& other) {
  if (write_start != never && other.write_start != never) return false;
  write_start = std::min(write_start, other.write_start);
  f = std::min(f, other.f);
  s = std::max(s, other.s);
  return true;
}

void ZoneClusters::clear(std::size_t calls) {
  clusters_.clear();
  // Not touched, the memory costs nothing; growing on the way would need the double.
  clusters_.reserve(calls + 1);
  size_table(calls / 2 + 1);
}

ZoneCluster& ZoneClusters::of(ValueId id) {
  const auto value = static_cast<std::uint64_t>(id);
  const std::size_t slot = find(value);
  if (table_[slot] != 0) return clusters_[table_[slot] - 1];
  clusters_.push_back({.value = value});
  if (3 * clusters_.size() > 2 * table_.size()) {
    size_table(2 * clusters_.size());
    for (std::uint32_t i = 0; i < clusters_.size(); ++i) table_[find(clusters_[i].value)] = i + 1;
  } else {
    table_[slot] = static_cast<std::uint32_t>(clusters_.size());
  }
  return clusters_.back();
}

bool ZoneClusters::merge_into(ZoneClusters& earlier) {
  bool written_once = true;
  std::erase_if(clusters_, [&](const ZoneCluster& cluster) {
    const std::uint32_t number = earlier.table_[earlier.find(cluster.value)];
    if (number == 0) return false;
    written_once = earlier.clusters_[number - 1].take(cluster) && written_once;
    return true;
  });
  return written_once;
}

bool ZoneClusters::finish() {
  for (const ZoneCluster& cluster : clusters_) {
    if (cluster.write_start == never || cluster.f < cluster.write_start) return false;
  }
  sort();
  return true;
}

/// Values that follow each other, as they mostly do in time as well, share a cache line.
std::size_t ZoneClusters::slot_of(std::uint64_t value) const {
  constexpr unsigned line_bits = 4;
  const std::uint64_t line = (value >> 7U) * 0x9e3779b97f4a7c15ULL;
  return ((line >> (64 - (table_bits_ - line_bits))) << line_bits) | ((value >> 3U) & 15U);
}

std::size_t ZoneClusters::find(std::uint64_t value) const {
  std::size_t slot = slot_of(value);
  // While the table is made anew it holds some of the clusters only.
  while (table_[slot] != 0 && clusters_[table_[slot] - 1].value != value) {
    slot = (slot + 1) & (table_.size() - 1);
  }
  return slot;
}

void ZoneClusters::size_table(std::size_t clusters) {
  constexpr unsigned least_bits = 6;
  table_bits_ = least_bits;
  while ((std::size_t{1} << table_bits_) < clusters + clusters / 2) ++table_bits_;
  table_.assign(std::size_t{1} << table_bits_, 0);
}

/// They were made in the order in which something of theirs began, which is nearly the right one.
void ZoneClusters::sort() {
  std::size_t moves = 0;
  for (std::size_t i = 1; i < clusters_.size(); ++i) {
    if (!(clusters_[i] < clusters_[i - 1])) continue;
    const ZoneCluster cluster = clusters_[i];
    std::size_t at = i;
    for (; at > 0 && cluster < clusters_[at - 1]; --at, ++moves) clusters_[at] = clusters_[at - 1];
    clusters_[at] = cluster;
    if (moves <= 32 * clusters_.size()) continue;
    std::sort(clusters_.begin(), clusters_.end());
    return;
  }
}

}  // namespace assay
