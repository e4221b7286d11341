#include "checker/linearizability/containers/coverage.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "checker/linearizability/sorting.h"

namespace assay {
Coverage::Coverage(std::vector<Cover> covers) : covers_(std::move(covers)) {
  std::erase_if(covers_, [](const Cover& cover) { return cover.from >= cover.to; });
  sort_by_instant(covers_, [](const Cover& cover) { return cover.from; });
  for (const Cover& cover : covers_) {
    // (1, 2) and (2, 3) leave 2 free.
    if (unions_.empty() || cover.from >= unions_.back().to) {
      unions_.push_back(cover);
    } else {
      unions_.back().to = std::max(unions_.back().to, cover.to);
    }
  }
}

std::optional<std::int64_t> Coverage::free_instant(const Extent& span) const {
  const auto after = std::lower_bound(
      unions_.begin(), unions_.end(), span.start,
      [](const Cover& cover, std::int64_t instant) { return cover.from < instant; });
  if (after == unions_.begin() || (after - 1)->to <= span.start) return span.start;
  const std::int64_t instant = (after - 1)->to;
  if (instant > span.end || instant == never) return std::nullopt;
  return instant;
}

std::vector<std::uint32_t> Coverage::chain(const Extent& span) const {
  std::vector<std::uint32_t> owners;
  std::int64_t reached = span.start;
  auto next = covers_.begin();
  const Cover* best = nullptr;
  while (reached <= span.end) {
    for (; next != covers_.end() && next->from < reached; ++next) {
      if (best == nullptr || next->to > best->to) best = &*next;
    }
    ASSAY_ASSERT(best != nullptr && best->to > reached);
    owners.push_back(best->owner);
    if (best->to == never) break;
    reached = best->to;
  }
  return owners;
}

}  // namespace assay
