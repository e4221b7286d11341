#include "checker/linearizability/containers/solve.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

namespace assay {
namespace {

constexpr std::size_t few = 5;
/// Pairs of elements that may be compared to find out what is urgent.
constexpr std::size_t comparisons_max = 400'000'000;

class Solver {
 public:
  Solver(ContainerKind kind, const Container& container, bool want_order)
      : kind_(kind), container_(container), want_order_(want_order) {
    for (std::uint32_t i = 0; i < container.elements.size(); ++i) {
      if (!container.elements[i].out.exists()) left_over_.push_back(i);
    }
  }

  ContainerAnswer run() {
    auto outcome = decide_container(kind_, container_.elements, container_.empties, want_order_);
    if (outcome.pattern == ContainerPattern::none) return accept(std::move(outcome));
    if (container_.pending.empty() || left_over_.empty()) return refuse(std::move(outcome));
    // Most generous: everything left over is taken as early as any of these removals could.
    elements_ = container_.elements;
    for (const std::uint32_t i : left_over_) take(i, container_.pending.front());
    outcome = decide_container(kind_, elements_, container_.empties, false);
    if (outcome.pattern != ContainerPattern::none) return refuse(std::move(outcome));
    auto answer = most_urgent_first();
    if (answer.answer == SearchAnswer::undecided && left_over_.size() <= few) answer = try_all();
    return answer;
  }

 private:
  ContainerAnswer accept(ContainerOutcome outcome) const {
    ContainerAnswer answer;
    answer.answer = SearchAnswer::linearizable;
    answer.order = std::move(outcome.order);
    return answer;
  }
  static ContainerAnswer refuse(ContainerOutcome outcome) {
    ContainerAnswer answer;
    answer.answer = SearchAnswer::not_linearizable;
    answer.pattern = outcome.pattern;
    answer.elements = std::move(outcome.elements);
    answer.empties = std::move(outcome.empties);
    return answer;
  }

  void take(std::uint32_t element, const Extent& removal) { elements_[element].out = removal; }

  /// Does it fit with the removals as they are assigned in elements_?
  std::optional<ContainerAnswer> attempt() const {
    auto outcome = decide_container(kind_, elements_, container_.empties, want_order_);
    if (outcome.pattern != ContainerPattern::none) return std::nullopt;
    ContainerAnswer answer = accept(std::move(outcome));
    for (const std::uint32_t i : left_over_) {
      if (elements_[i].out.exists()) {
        answer.taken.emplace_back(elements_[i].out.event, elements_[i].value);
      }
    }
    return answer;
  }

  ContainerAnswer try_all() {
    const std::size_t taken = std::min(left_over_.size(), container_.pending.size());
    std::vector<std::uint32_t> turn(left_over_.size());
    std::iota(turn.begin(), turn.end(), 0U);
    do {
      elements_ = container_.elements;
      for (std::size_t k = 0; k < taken; ++k) take(left_over_[turn[k]], container_.pending[k]);
      if (auto answer = attempt()) return std::move(*answer);
    } while (std::next_permutation(turn.begin(), turn.end()));
    ContainerOutcome all;
    all.pattern = decide_container(kind_, container_.elements, container_.empties, false).pattern;
    all.elements.resize(container_.elements.size());
    std::iota(all.elements.begin(), all.elements.end(), 0U);
    all.empties.resize(container_.empties.size());
    std::iota(all.empties.begin(), all.empties.end(), 0U);
    return refuse(std::move(all));
  }

  /// Must `a`, which is left over, be gone before `b` can be taken?
  bool hinders(const Element& a, const Element& b) const {
    switch (kind_) {
      case ContainerKind::fifo:
        return a.in.end < b.in.start;
      case ContainerKind::stack:
        return b.in.end < a.in.start && a.in.end < b.out.start;
      case ContainerKind::priority:
        return a.rank < b.rank && a.in.end < std::max(b.out.start, b.in.start);
      case ContainerKind::bag:
        break;
    }
    return false;
  }

  ContainerAnswer most_urgent_first() {
    ContainerAnswer undecided;
    if (left_over_.size() * container_.elements.size() > comparisons_max) return undecided;
    struct Urgent {
      std::int64_t deadline;
      std::int64_t entered;
      std::uint32_t element;
    };
    std::vector<Urgent> urgent;
    for (const std::uint32_t i : left_over_) {
      const Element& a = container_.elements[i];
      std::int64_t deadline = never;
      for (const Element& b : container_.elements) {
        if (b.out.end < deadline && hinders(a, b)) deadline = b.out.end;
      }
      for (const Extent& empty : container_.empties) {
        if (a.in.end < empty.start) deadline = std::min(deadline, empty.end);
      }
      urgent.push_back({deadline, a.in.end, i});
    }
    std::sort(urgent.begin(), urgent.end(), [](const Urgent& a, const Urgent& b) {
      return std::tie(a.deadline, a.entered, a.element) <
             std::tie(b.deadline, b.entered, b.element);
    });
    elements_ = container_.elements;
    const std::size_t taken = std::min(urgent.size(), container_.pending.size());
    for (std::size_t k = 0; k < taken; ++k) take(urgent[k].element, container_.pending[k]);
    if (auto answer = attempt()) return std::move(*answer);
    return undecided;
  }

  ContainerKind kind_;
  const Container& container_;
  bool want_order_;
  std::vector<std::uint32_t> left_over_;
  std::vector<Element> elements_;
};

}  // namespace

ContainerAnswer solve_container(ContainerKind kind, const Container& container, bool want_order) {
  return Solver(kind, container, want_order).run();
}

}  // namespace assay
