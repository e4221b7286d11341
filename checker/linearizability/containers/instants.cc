#include "checker/linearizability/containers/instants.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "history/history.h"

namespace assay {

Instants::Instants(std::vector<std::int64_t> instants) {
  const bool endless = std::erase(instants, never) > 0;
  if (!instants.empty()) {
    const auto [least, most] = std::minmax_element(instants.begin(), instants.end());
    const std::int64_t first = *least;
    latest_ = *most;
    const std::uint64_t range =
        static_cast<std::uint64_t>(latest_) - static_cast<std::uint64_t>(first);
    if (range / 64 < instants.size()) {
      bits_.resize(range / 64 + 1);
      for (const std::int64_t instant : instants) {
        const auto distance = static_cast<std::uint64_t>(instant - first);
        bits_[distance / 64] |= std::uint64_t{1} << (distance % 64);
      }
      instants.clear();
      before_.reserve(bits_.size());
      for (std::size_t word = 0; word < bits_.size(); ++word) {
        before_.push_back(static_cast<std::uint32_t>(instants.size()));
        for (std::uint64_t rest = bits_[word]; rest != 0; rest &= rest - 1) {
          instants.push_back(first + static_cast<std::int64_t>(word * 64) + std::countr_zero(rest));
        }
      }
    } else {
      std::sort(instants.begin(), instants.end());
      instants.erase(std::unique(instants.begin(), instants.end()), instants.end());
    }
  }
  instants_ = std::move(instants);
  if (endless) instants_.push_back(never);
}

std::uint32_t Instants::position(std::int64_t instant) const {
  if (bits_.empty()) {
    return static_cast<std::uint32_t>(
        std::lower_bound(instants_.begin(), instants_.end(), instant) - instants_.begin());
  }
  if (instant <= instants_.front()) return 0;
  if (instant > latest_) {
    const bool endless = instants_.back() == never;
    return static_cast<std::uint32_t>(instants_.size() - (endless ? 1 : 0));
  }
  const auto distance = static_cast<std::uint64_t>(instant - instants_.front());
  const std::uint64_t earlier = bits_[distance / 64] & ((std::uint64_t{1} << (distance % 64)) - 1);
  return before_[distance / 64] + static_cast<std::uint32_t>(std::popcount(earlier));
}

std::uint32_t Instants::after(std::int64_t instant) const {
  return instant == never ? static_cast<std::uint32_t>(size()) : position(instant + 1);
}

}  // namespace assay
