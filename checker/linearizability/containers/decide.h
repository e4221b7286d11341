#pragma once
// Linearizability of containers whose values are all different, in O(n log n).
//
// Common ground. An element whose insertion ended before its removal began is certainly inside in
// between: the open interval (in.end, out.start). Elsewhere it can be kept out, because insertion
// and removal can be put next to each other. So
// - a bag is linearizable exactly if no removal ended before its insertion began, and every empty
//   removal has an instant at which nothing is certainly inside;
// - a FIFO queue, if moreover no two elements were certainly put in in one order and taken out in
//   the other. The two relations "inserted before" and "removed before" are interval orders, and a
//   cycle in the union of two interval orders contains one of length two;
// - a stack, if the elements come apart: an instant at which nothing is inside splits the history
//   in two; where there is none, some element must lie at the bottom all the time, that is, its
//   insertion can come first and its removal last. Taking it away changes nothing for the others;
// - a priority queue, if, from the highest priority to the lowest, every element has an instant to
//   leave at which none of higher priority is inside; the earliest possible is the best.
//
// Sources: Henzinger, Sezgin and Vafeiadis, "Aspect-oriented linearizability proofs", 2013; Lee and
// Mathur, "Efficient decrease-and-conquer linearizability monitoring", 2025; Abdulla et al.,
// "Efficient linearizability monitoring for stacks, queues and sets", 2025.

#include <cstdint>
#include <span>
#include <vector>

#include "checker/linearizability/containers/container.h"

namespace assay {

enum class ContainerPattern : std::uint8_t {
  none,
  too_early,    ///< an element was taken out before it was put in
  not_empty,    ///< a removal found nothing while something was inside all the time (VWit)
  wrong_order,  ///< FIFO: put in in one order, taken out in the other (VOrd)
  no_bottom,    ///< stack: always something inside, but nothing that could lie at the bottom
  overtaken     ///< priority queue: taken out while something smaller was inside all the time
};

struct ContainerOutcome {
  ContainerPattern pattern = ContainerPattern::none;  ///< none: linearizable
  std::vector<std::uint64_t> order;                   ///< events of a linearization, if asked for
  std::vector<std::uint32_t> elements;                ///< else: positions of elements that
  std::vector<std::uint32_t> empties;  ///< with these empty removals fit no order; few
};

/// `elements` and `empties` sorted by start; the ends of an element that was never taken out lie at
/// `never`. Always decides. Thread-safe.
ContainerOutcome decide_container(ContainerKind kind, std::span<const Element> elements,
                                  std::span<const Extent> empties, bool want_order);

/// Parts of decide_container.
ContainerOutcome decide_queue(std::span<const Element> elements, std::span<const Extent> empties,
                              bool want_order);
ContainerOutcome decide_stack(std::span<const Element> elements, std::span<const Extent> empties,
                              bool want_order);
ContainerOutcome decide_priority(std::span<const Element> elements, std::span<const Extent> empties,
                                 bool want_order);

}  // namespace assay
