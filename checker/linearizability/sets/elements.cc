#include "checker/linearizability/sets/elements.h"

#include <algorithm>
#include <limits>

#include "checker/linearizability/register_search.h"

namespace assay {

void ElementSummary::note(const ElementCall& call) {
  switch (call.act) {
    case ElementAct::add:
    case ElementAct::add_sure:
      add = {call.span.start, call.span.end};
      adds = adds == 0 ? 1 : 2;
      break;
    case ElementAct::remove_sure:
    case ElementAct::remove:
      sure = call.act == ElementAct::remove_sure;
      remove = {call.span.start, call.span.end};
      removes = removes == 0 ? 1 : 2;
      break;
    case ElementAct::present:
      present_until = std::min(present_until, call.span.end);
      present_from = seen ? std::max(present_from, call.span.start) : call.span.start;
      seen = true;
      break;
    case ElementAct::absent:
      absent_from = missed ? std::max(absent_from, call.span.start) : call.span.start;
      missed = true;
      break;
  }
}

ElementPlan plan_element(const ElementSummary& s) {
  ElementPlan plan;
  if (s.adds == 0) {
    plan.possible = !s.seen && !(s.removes == 1 && s.sure);
    plan.removed_first = s.removes == 1;
    return plan;
  }
  const bool needed = s.seen || (s.removes == 1 && s.sure);
  if (s.add.end == never && !needed) {
    plan.possible = true;  // it may never happen
    plan.removed_first = s.removes == 1;
    return plan;
  }
  plan.added = true;
  plan.add_at = std::min(s.add.end, s.present_until);
  if (s.add.start > plan.add_at) return plan;
  if (s.removes == 0) {
    plan.add_at = plan.add_at == never ? s.add.start : plan.add_at;
    plan.possible = true;
    return plan;
  }
  // Removed after it was added, as early as possible.
  const std::int64_t earliest = s.seen ? std::max(s.remove.start, s.present_from) : s.remove.start;
  if (earliest <= s.remove.end && s.add.start <= s.remove.end) {
    plan.removed = true;
    plan.possible = true;
    plan.remove_at = earliest;
    if (plan.add_at >= earliest) plan.add_at = plan.remove_at = std::max(earliest, s.add.start);
    // Whoever found it absent decides whether this will do; else the other way round.
    if (s.sure || !s.missed) return plan;
  }
  ElementPlan other;
  other.added = true;
  other.removed_first = true;
  other.add_at = std::min(s.add.end, s.present_until);
  std::int64_t from = std::max(s.add.start, s.remove.start);
  if (s.missed) from = std::max(from, s.absent_from);
  other.possible = !s.sure && from <= other.add_at;
  if (other.add_at == never) other.add_at = from;
  return other.possible ? other : plan;
}

bool fits(const ElementPlan& plan, const Extent& absent) {
  if (!plan.added || absent.start <= plan.add_at) return true;
  return plan.removed && absent.end >= plan.remove_at;
}

Placement place(const ElementPlan& plan, const ElementCall& call) {
  const Extent& span = call.span;
  switch (call.act) {
    case ElementAct::add:
    case ElementAct::add_sure:
      return {plan.add_at, 1, span.event};
    case ElementAct::remove:
    case ElementAct::remove_sure:
      return plan.removed ? Placement{plan.remove_at, 3, span.event}
                          : Placement{span.start, 0, span.event};
    case ElementAct::present:
      return {std::max(plan.add_at, span.start), 2, span.event};
    case ElementAct::absent:
      break;
  }
  if (!plan.added || span.start <= plan.add_at) return {span.start, 0, span.event};
  return {std::max(plan.remove_at, span.start), 4, span.event};
}

namespace {

constexpr std::uint32_t gone = 0;
constexpr std::uint32_t there = 1;

RegisterOp bit_of(ElementAct act) {
  switch (act) {
    case ElementAct::add:
      return {there, 0, RegisterFunction::write};
    case ElementAct::add_sure:
      return {there, gone, RegisterFunction::cas};
    case ElementAct::remove:
      return {gone, 0, RegisterFunction::write};
    case ElementAct::remove_sure:
      return {gone, there, RegisterFunction::cas};
    case ElementAct::present:
      return {there, 0, RegisterFunction::read};
    case ElementAct::absent:
      break;
  }
  return {gone, 0, RegisterFunction::read};
}

SearchAnswer search_element(std::span<const ElementCall> calls, const SearchLimits& limits,
                            std::vector<Placement>* placements) {
  bool needed[2] = {false, false};  // NOLINT(modernize-avoid-c-arrays): two bits
  for (const ElementCall& call : calls) {
    const RegisterOp op = bit_of(call.act);
    if (!call.span.pending() && op.observes()) needed[op.observed()] = true;
  }
  std::vector<RegisterCall> registers;
  for (const ElementCall& call : calls) {
    const RegisterOp op = bit_of(call.act);
    if (call.span.pending() && !needed[op.value]) continue;
    registers.push_back({call.span.start, call.span.end, call.span.event, op});
  }
  const SearchResult result = search_register(registers, 2, limits, placements != nullptr);
  if (placements != nullptr && result.answer == SearchAnswer::linearizable) {
    std::int64_t at = std::numeric_limits<std::int64_t>::min();
    std::uint32_t turn = 0;
    for (const std::uint32_t i : result.order) {
      at = std::max(at, registers[i].start);
      placements->push_back({at, turn++, registers[i].event});
    }
  }
  return result.answer;
}

}  // namespace

SearchAnswer decide_element(std::span<const ElementCall> calls, const SearchLimits& limits,
                            std::vector<Placement>* placements) {
  ElementSummary summary;
  for (const ElementCall& call : calls) summary.note(call);
  if (!summary.closed_form()) return search_element(calls, limits, placements);
  const ElementPlan plan = plan_element(summary);
  const bool possible =
      plan.possible && std::all_of(calls.begin(), calls.end(), [&](const ElementCall& call) {
        return call.act != ElementAct::absent || fits(plan, call.span);
      });
  if (!possible) return SearchAnswer::not_linearizable;
  if (placements == nullptr) return SearchAnswer::linearizable;
  for (const ElementCall& call : calls) {
    if (call.mutates() && call.span.pending()) {
      const bool adds = call.act == ElementAct::add || call.act == ElementAct::add_sure;
      if (adds ? !plan.added : !plan.removed) continue;
    }
    placements->push_back(place(plan, call));
  }
  return SearchAnswer::linearizable;
}

}  // namespace assay
