// What a transaction must see of those it saw something of, and updates of stale versions.
#include <algorithm>
#include <numeric>
#include <span>

#include "checker/transactions/graph/levels.h"

namespace assay {
namespace {

constexpr std::size_t findings_max = 20;

/// The versions of each transaction: places in VersionOrders::writer.
class VersionsOf {
 public:
  VersionsOf(const VersionOrders& orders, std::size_t transactions) : begin_(transactions + 1, 0) {
    for (const TxnIndex t : orders.writer) {
      if (t != no_txn) ++begin_[t + std::size_t{1}];
    }
    std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
    places_.resize(begin_.back());
    std::vector<std::size_t> next(begin_.begin(), begin_.end() - 1);
    for (TxnKey k = 0; k + 1 < orders.begin.size(); ++k) {
      for (std::size_t p = orders.begin[k]; p < orders.begin[k + 1]; ++p) {
        if (orders.writer[p] != no_txn) {
          places_[next[orders.writer[p]]++] = {k, static_cast<std::uint32_t>(p - orders.begin[k])};
        }
      }
    }
  }
  struct Place {
    TxnKey key;
    std::uint32_t index;
  };
  std::span<const Place> operator[](TxnIndex t) const {
    return std::span(places_).subspan(begin_[t], begin_[t + 1] - begin_[t]);
  }

 private:
  std::vector<std::size_t> begin_;
  std::vector<Place> places_;
};

class EffectSearch {
 public:
  EffectSearch(const Transactions& txns, VersionOrders& orders, Visibility visibility)
      : orders_(orders), visibility_(visibility), versions_(orders, txns.size()) {}

  std::vector<GraphFinding> run() {
    std::size_t first = 0;
    while (first < orders_.reads.size()) {
      std::size_t end = first;
      while (end < orders_.reads.size() &&
             orders_.reads[end].reader == orders_.reads[first].reader) {
        ++end;
      }
      // One read alone sees one version: nothing can be missing beside it.
      if (end - first > 1) judge(std::span(orders_.reads).subspan(first, end - first));
      if (findings_.size() >= findings_max) break;
      first = end;
    }
    std::move(steps_.begin(), steps_.end(), std::back_inserter(orders_.steps));
    return std::move(findings_);
  }

 private:
  void judge(std::span<const VersionRead> reads) {
    for (const VersionRead& read : reads) {
      if (read.position == 0) continue;
      const std::size_t base = orders_.begin[read.key];
      // A list shows all that was appended to it, a register what was written last.
      const std::uint32_t from = orders_.lists ? 0 : read.position - 1;
      for (std::uint32_t i = from; i < read.position; ++i) {
        const TxnIndex seen = orders_.writer[base + i];
        if (seen == no_txn || seen == read.reader || !orders_.committed[seen]) continue;
        for (const auto& place : versions_[seen]) {
          for (const VersionRead& other : reads) {
            if (other.key == place.key) compare(read, other, place, seen);
          }
        }
      }
    }
  }

  void compare(const VersionRead& read, const VersionRead& other, VersionsOf::Place place,
               TxnIndex seen) {
    if (visibility_ == Visibility::later_reads && other.op <= read.op) return;
    const bool known = orders_.lists || orders_.known[other.key] > place.index;
    if (known || other.position == 0) {
      if (place.index < other.position) return;
      if (findings_.size() >= findings_max) return;
      findings_.push_back({visibility_ == Visibility::later_reads ? "OTV" : "fractured-read",
                           other.key,
                           {read.reader, seen},
                           {orders_.value[orders_.begin[other.key] + place.index]},
                           "the transaction saw one effect of another and then missed its others"});
      return;
    }
    if (other.position - 1 == place.index) return;
    const auto base = static_cast<std::uint32_t>(orders_.begin[other.key]);
    steps_.push_back({other.key, base + place.index, base + other.position - 1, read.reader});
  }

  VersionOrders& orders_;
  Visibility visibility_;
  VersionsOf versions_;
  std::vector<VersionStep> steps_;
  std::vector<GraphFinding> findings_;
};

}  // namespace

std::vector<GraphFinding> invisible_effects(const Transactions& txns, VersionOrders& orders,
                                            Visibility visibility) {
  return EffectSearch(txns, orders, visibility).run();
}

std::vector<GraphFinding> stale_updates(const Transactions& txns, VersionOrders& orders) {
  const VersionsOf versions(orders, txns.size());
  std::vector<GraphFinding> findings;
  // Of two that read the newest known version and replaced it, one was late.
  std::vector<TxnIndex> newest(txns.key_count(), no_txn);
  for (const VersionRead& read : orders.reads) {
    const std::size_t base = orders.begin[read.key];
    const std::uint32_t known = orders.known[read.key];
    if (read.position > known) continue;
    if (orders.lists && read.position == known) {
      const auto tail = orders.tail(read.key);
      const auto own = std::lower_bound(tail.begin(), tail.end(), read.reader);
      if (own == tail.end() || *own != read.reader) continue;
      TxnIndex& other = newest[read.key];
      if (other == read.reader) continue;
      if (other != no_txn) {
        findings.push_back({"lost-update",
                            read.key,
                            {other, read.reader},
                            {},
                            "both read the same version and appended to it"});
        if (findings.size() >= findings_max) break;
      }
      other = read.reader;
      // Its own version is the next one: all others that nobody read come behind it.
      const auto first = static_cast<std::uint32_t>(base + known);
      const auto place = first + static_cast<std::uint32_t>(own - tail.begin());
      for (std::uint32_t v = first; v < orders.begin[read.key + std::size_t{1}]; ++v) {
        if (v != place) orders.steps.push_back({read.key, place, v, read.reader});
      }
      continue;
    }
    std::uint32_t own = 0xFFFFFFFF;
    for (const auto& place : versions[read.reader]) {
      if (place.key == read.key) own = std::min(own, place.index);
    }
    if (own == 0xFFFFFFFF) continue;
    for (std::uint32_t i = read.position; i < std::min(own, known); ++i) {
      const TxnIndex between = orders.writer[base + i];
      if (between == no_txn || between == read.reader || !orders.committed[between]) continue;
      findings.push_back({"lost-update",
                          read.key,
                          {read.reader, between},
                          {orders.value[base + i]},
                          "the version that the transaction had read and replaced was no longer "
                          "the newest"});
      break;
    }
    if (findings.size() >= findings_max) break;
  }
  return findings;
}

}  // namespace assay
