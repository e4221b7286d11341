// Versions of unknown order put into one.
#include <algorithm>
#include <numeric>
#include <utility>

#include "checker/transactions/graph/levels.h"

namespace assay {
namespace {

/// Per version: the position of the one at the start of its chain of updates, and its place in the
/// chain. Whoever replaces the version it read should replace the newest.
std::vector<std::pair<std::uint32_t, std::uint32_t>> chain_places(
    const VersionOrders& orders, const std::vector<std::uint32_t>& position) {
  std::vector<std::uint32_t> replaced(orders.writer.size(), initial_version);
  std::vector<bool> replaces_initial(orders.writer.size(), false);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> places(orders.writer.size(), {0, 0});
  for (const VersionStep& step : orders.steps) {
    if (step.shown_by != no_txn) continue;
    replaced[step.after] = step.before;
    replaces_initial[step.after] = step.before == initial_version;
  }
  // Of lists, those that read all that is known come next.
  for (const VersionRead& read : orders.reads) {
    if (!orders.lists || read.position != orders.known[read.key]) continue;
    const auto tail = orders.tail(read.key);
    const auto own = std::lower_bound(tail.begin(), tail.end(), read.reader);
    if (own == tail.end() || *own != read.reader) continue;
    replaces_initial[orders.begin[read.key] + read.position +
                     static_cast<std::size_t>(own - tail.begin())] = true;
  }
  std::vector<std::uint32_t> by_position;
  for (std::uint32_t v = 0; v < orders.writer.size(); ++v) {
    if (orders.writer[v] != no_txn) by_position.push_back(v);
  }
  std::sort(by_position.begin(), by_position.end(), [&](std::uint32_t a, std::uint32_t b) {
    return position[orders.writer[a]] < position[orders.writer[b]];
  });
  for (const std::uint32_t v : by_position) {
    if (replaces_initial[v]) {
      places[v] = {0, 0};
    } else if (replaced[v] == initial_version) {
      places[v] = {position[orders.writer[v]] + 1, 0};
    } else {
      places[v] = {places[replaced[v]].first, places[replaced[v]].second + 1};
    }
  }
  return places;
}

}  // namespace

VersionOrders completed(const VersionOrders& orders, const std::vector<std::uint32_t>& position,
                        bool along_updates) {
  VersionOrders whole = orders;
  whole.steps.clear();
  whole.every_order_known = true;
  whole.completed = true;
  std::vector<std::uint32_t> place_of(orders.writer.size());
  std::iota(place_of.begin(), place_of.end(), 0U);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> places;
  if (along_updates) places = chain_places(orders, position);
  for (TxnKey k = 0; k + 1 < orders.begin.size(); ++k) {
    const std::size_t first = orders.begin[k] + orders.known[k];
    const std::size_t end = orders.begin[k + 1];
    whole.known[k] = static_cast<std::uint32_t>(end - orders.begin[k]);
    if (end - first < 2) continue;
    std::vector<std::uint32_t> tail(end - first);
    std::iota(tail.begin(), tail.end(), static_cast<std::uint32_t>(first));
    std::sort(tail.begin(), tail.end(), [&](std::uint32_t a, std::uint32_t b) {
      if (along_updates && places[a] != places[b]) return places[a] < places[b];
      return position[orders.writer[a]] < position[orders.writer[b]];
    });
    for (std::size_t i = 0; i < tail.size(); ++i) {
      whole.writer[first + i] = orders.writer[tail[i]];
      whole.value[first + i] = orders.value[tail[i]];
      place_of[tail[i]] = static_cast<std::uint32_t>(first + i);
    }
  }
  for (VersionRead& read : whole.reads) {
    if (read.position == 0) continue;
    const std::size_t base = orders.begin[read.key];
    read.position = place_of[base + read.position - 1] - static_cast<std::uint32_t>(base) + 1;
  }
  return whole;
}

}  // namespace assay
