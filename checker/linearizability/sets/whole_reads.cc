#include "checker/linearizability/sets/whole_reads.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "checker/linearizability/sequence.h"

namespace assay {
namespace {

constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();

class Chain {
 public:
  Chain(std::span<const WholeRead> reads, std::span<const ElementAdd> adds,
        std::size_t element_count)
      : reads_(reads),
        adds_(adds),
        group_of_(element_count, nowhere),
        seen_by_(element_count, nowhere),
        group_of_read_(reads.size(), nowhere),
        by_size_(reads.size()) {
    std::iota(by_size_.begin(), by_size_.end(), 0U);
    std::stable_sort(by_size_.begin(), by_size_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return reads_[a].elements.size() < reads_[b].elements.size();
    });
  }

  WholeReadsOutcome run(bool want_order) {
    if (!expected()) return std::move(outcome_);
    if (!group()) return std::move(outcome_);
    if (!sequence()) return std::move(outcome_);
    outcome_.linearizable = true;
    if (want_order) outcome_.order = events_of(sequence_);
    return std::move(outcome_);
  }

 private:
  void refute(std::string_view type, std::string text, std::vector<std::uint64_t> reads,
              std::vector<std::uint32_t> elements) {
    outcome_.type = type;
    outcome_.explanation = std::move(text);
    outcome_.reads = std::move(reads);
    outcome_.elements = std::move(elements);
  }

  /// False: a read saw what nobody added.
  bool expected() {
    std::vector<bool> added(group_of_.size(), false);
    for (const ElementAdd& add : adds_) added[add.element] = true;
    for (const WholeRead& read : reads_) {
      for (const std::uint32_t x : read.elements) {
        if (added[x]) continue;
        refute("unexpected-element", "a read shows an element that nobody added", {read.span.event},
               {x});
        return false;
      }
    }
    return true;
  }

  /// Gives each read its group: reads that saw the same; and each element the first group that saw
  /// it. False: two reads saw something the other did not.
  bool group() {
    std::size_t seen = 0;
    std::vector<std::uint32_t> last(group_of_.size(), nowhere);
    for (const std::uint32_t r : by_size_) {
      const WholeRead& read = reads_[r];
      for (const std::uint32_t x : read.elements) {
        if (last[x] == r) {
          refute("duplicate-elements", "a read of the set shows an element twice",
                 {read.span.event}, {x});
          return false;
        }
        last[x] = r;
      }
      if (group_reads_.empty() || read.elements.size() > seen) {
        group_reads_.emplace_back();
      }
      const auto group = static_cast<std::uint32_t>(group_reads_.size() - 1);
      for (const std::uint32_t x : read.elements) {
        if (group_of_[x] != nowhere) continue;
        group_of_[x] = group;
        seen_by_[x] = r;
        ++seen;
      }
      if (seen != read.elements.size()) return incomparable(r, last);
      group_of_read_[r] = group;
      group_reads_.back().push_back(r);
    }
    return true;
  }

  /// Read r lacks an element that a read of no more elements has.
  bool incomparable(std::uint32_t r, const std::vector<std::uint32_t>& last) {
    std::uint32_t only_before = nowhere;
    for (std::uint32_t x = 0; x < group_of_.size(); ++x) {
      if (group_of_[x] != nowhere && last[x] != r) only_before = x;
    }
    const std::uint32_t other = seen_by_[only_before];
    const auto& has = reads_[other].elements;
    std::uint32_t only_here = nowhere;
    for (const std::uint32_t x : reads_[r].elements) {
      if (std::find(has.begin(), has.end(), x) == has.end()) only_here = x;
    }
    refute("incomparable-reads", "two reads each show an element that the other lacks",
           {reads_[other].span.event, reads_[r].span.event}, {only_before, only_here});
    return false;
  }

  bool sequence() {
    // The adds that an element's first sighting needs: the one that began first.
    std::vector<std::uint32_t> first_add(group_of_.size(), nowhere);
    for (std::uint32_t a = 0; a < adds_.size(); ++a) {
      if (first_add[adds_[a].element] == nowhere) first_add[adds_[a].element] = a;
    }
    std::vector<std::vector<std::uint32_t>> group_adds(group_reads_.size());
    for (std::uint32_t x = 0; x < group_of_.size(); ++x) {
      if (group_of_[x] == nowhere) continue;
      group_adds[group_of_[x]].push_back(first_add[x]);
    }
    for (std::size_t g = 0; g < group_reads_.size(); ++g) {
      std::sort(group_adds[g].begin(), group_adds[g].end());
      for (const std::uint32_t a : group_adds[g]) push(adds_[a].span, adds_[a].element, nowhere);
      for (const std::uint32_t r : group_reads_[g]) push(reads_[r].span, nowhere, r);
    }
    // Adds of what nobody saw come last; those that never returned need not happen.
    for (std::uint32_t a = 0; a < adds_.size(); ++a) {
      const std::uint32_t x = adds_[a].element;
      if (!adds_[a].span.pending() && group_of_[x] == nowhere) push(adds_[a].span, x, nowhere);
    }
    if (const auto pair = inversion(sequence_)) return inverted(pair->first, pair->second);
    return repeated_adds(first_add);
  }

  void push(const Extent& span, std::uint32_t element, std::uint32_t read) {
    sequence_.push_back(span);
    what_.push_back({element, read});
  }

  /// Position b comes after a by what was read, but returned before a began.
  bool inverted(std::size_t a, std::size_t b) {
    const What early = what_[a];
    const What late = what_[b];
    if (early.read == nowhere && late.read == nowhere) {
      // An add of something seen comes before one of something not seen then: a read is between.
      const std::uint32_t r = read_between(early.element);
      refute("lost-element",
             "a read shows one element but not another, whose add had returned before the add of "
             "the one began",
             {reads_[r].span.event}, {early.element, late.element});
    } else if (early.read == nowhere) {
      refute("early-read", "an element was read before its add began",
             {reads_[late.read].span.event}, {early.element});
    } else if (late.read == nowhere) {
      const bool ever = group_of_[late.element] != nowhere;
      refute(ever ? "stale-read" : "lost-element",
             "a read that began after the add of an element had returned does not show it",
             {reads_[early.read].span.event}, {late.element});
    } else {
      std::uint32_t x = nowhere;
      const auto& less = reads_[early.read].elements;
      for (const std::uint32_t e : reads_[late.read].elements) {
        if (std::find(less.begin(), less.end(), e) == less.end()) x = e;
      }
      refute("stale-read", "an element that one read shows is missing in a later read",
             {reads_[late.read].span.event, reads_[early.read].span.event}, {x});
    }
    return false;
  }

  /// The last read of the first group that saw an element.
  std::uint32_t read_between(std::uint32_t element) const {
    return group_reads_[group_of_[element]].front();
  }

  /// Every other add of an element must not take effect before reads that do not show it.
  bool repeated_adds(const std::vector<std::uint32_t>& first_add) {
    std::vector<std::uint32_t> others;
    for (std::uint32_t a = 0; a < adds_.size(); ++a) {
      const std::uint32_t x = adds_[a].element;
      if (group_of_[x] != nowhere && first_add[x] != a && !adds_[a].span.pending()) {
        others.push_back(a);
      }
    }
    if (others.empty()) return true;
    // By group: of everything before it, what began last.
    std::vector<std::size_t> latest(group_reads_.size(), 0);
    std::size_t last = 0;
    for (std::size_t i = 0; i < sequence_.size(); ++i) {
      if (sequence_[i].start > sequence_[last].start) last = i;
      if (what_[i].read == nowhere) continue;
      const std::uint32_t g = group_of_read_[what_[i].read];
      if (g + 1 < latest.size()) latest[g + 1] = last;
    }
    for (const std::uint32_t a : others) {
      const std::uint32_t g = group_of_[adds_[a].element];
      if (g == 0 || adds_[a].span.end >= sequence_[latest[g]].start) continue;
      const What what = what_[latest[g]];
      std::vector<std::uint32_t> elements{adds_[a].element};
      if (what.read == nowhere) elements.push_back(what.element);
      refute("stale-read",
             "a read that came after the add of an element had returned does not show it",
             {reads_[what.read == nowhere ? read_between(what.element) : what.read].span.event},
             std::move(elements));
      return false;
    }
    insert_late(others);
    return true;
  }

  /// Adds without effect, as late as they can be.
  void insert_late(std::vector<std::uint32_t> others) {
    std::sort(others.begin(), others.end(), [&](std::uint32_t a, std::uint32_t b) {
      return adds_[a].span.end < adds_[b].span.end;
    });
    std::vector<Extent> merged;
    std::size_t next = 0;
    for (const Extent& span : sequence_) {
      while (next < others.size() && adds_[others[next]].span.end < span.start) {
        merged.push_back(adds_[others[next++]].span);
      }
      merged.push_back(span);
    }
    for (; next < others.size(); ++next) merged.push_back(adds_[others[next]].span);
    sequence_ = std::move(merged);
  }

  struct What {
    std::uint32_t element;
    std::uint32_t read;
  };

  std::span<const WholeRead> reads_;
  std::span<const ElementAdd> adds_;
  std::vector<std::uint32_t> group_of_;  ///< by element: the first group that saw it
  std::vector<std::uint32_t> seen_by_;   ///< by element: the first read that saw it
  std::vector<std::uint32_t> group_of_read_;
  std::vector<std::uint32_t> by_size_;
  std::vector<std::vector<std::uint32_t>> group_reads_;
  std::vector<Extent> sequence_;
  std::vector<What> what_;
  WholeReadsOutcome outcome_;
};

}  // namespace

WholeReadsOutcome decide_whole_reads(std::span<const WholeRead> reads,
                                     std::span<const ElementAdd> adds, std::size_t element_count,
                                     bool want_order) {
  return Chain(reads, adds, element_count).run(want_order);
}

}  // namespace assay
