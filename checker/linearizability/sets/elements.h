#pragma once
// One element of a set, apart from all others: absent, then perhaps present, and so on. Sets whose
// operations name one element each are linearizable exactly if every element is.
//
// An element with at most one add and at most one remove that changed it has closed form: the add
// as late and the remove as early as the operations that found it present allow. Others are
// registers of one bit, which the frontier search decides.

#include <cstdint>
#include <span>
#include <vector>

#include "checker/linearizability/extent.h"
#include "checker/linearizability/limits.h"
#include "checker/linearizability/search.h"

namespace assay {

/// What an operation says about its element. `add` and `remove` succeeded or did not tell; an add
/// that changed nothing found it present, and so on.
enum class ElementAct : std::uint8_t { add, remove, remove_sure, add_sure, present, absent };

struct ElementCall {
  Extent span;
  ElementAct act;

  bool mutates() const { return act <= ElementAct::add_sure; }
};

/// What the closed form needs, gathered in one pass.
/// One cache line, for there may be millions.
struct alignas(64) ElementSummary {
  History::Interval add{never, never};
  History::Interval remove{never, never};
  std::int64_t present_until = never;  ///< the first end of an operation that found it present
  std::int64_t present_from = 0;       ///< the last start of one
  std::int64_t absent_from = 0;        ///< the last start of an operation that found it absent
  std::uint8_t adds = 0;               ///< 2: or more
  std::uint8_t removes = 0;            ///< 2: or more
  bool seen = false;                   ///< some operation found it present
  bool missed = false;                 ///< some operation found it absent
  bool sure = false;                   ///< the remove told that the element was there

  void note(const ElementCall& call);
  bool closed_form() const { return adds <= 1 && removes <= 1; }
};

/// Where the add and the remove go.
struct ElementPlan {
  bool possible = false;
  bool added = false;
  bool removed = false;        ///< after the add
  bool removed_first = false;  ///< before the add, without effect
  std::int64_t add_at = never;
  std::int64_t remove_at = never;
};

/// REQUIRES closed_form(). Necessary, and sufficient together with fits() for every operation that
/// found the element absent.
ElementPlan plan_element(const ElementSummary& summary);
/// Can an operation have found the element absent?
bool fits(const ElementPlan& plan, const Extent& absent);

struct Placement {
  std::int64_t at;
  std::uint32_t turn;  ///< among those of one instant and element
  std::uint64_t event;
};
/// REQUIRES a possible plan that fits.
Placement place(const ElementPlan& plan, const ElementCall& call);

/// Any element, by whichever way decides it; `calls` in the order of their starts. With
/// `placements`, appends a linearization. The answer may be undecided within limits.
SearchAnswer decide_element(std::span<const ElementCall> calls, const SearchLimits& limits,
                            std::vector<Placement>* placements);

}  // namespace assay
