#include "checker/linearizability/containers/container_checker.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "checker/linearizability/containers/describe.h"
#include "checker/linearizability/minimize.h"

namespace assay {
namespace {

constexpr std::string_view name_of_algorithm = "decrease-and-conquer";

/// Some elements and empty removals of a container, with all removals that never returned.
Container part_of(const Container& whole, const ContainerAnswer& answer,
                  const std::vector<std::uint32_t>& units) {
  Container part;
  part.pending = whole.pending;
  for (const std::uint32_t unit : units) {
    if (unit < answer.elements.size()) {
      part.elements.push_back(whole.elements[answer.elements[unit]]);
    } else {
      part.empties.push_back(whole.empties[answer.empties[unit - answer.elements.size()]]);
    }
  }
  std::stable_sort(part.elements.begin(), part.elements.end(),
                   [](const Element& a, const Element& b) { return a.in.start < b.in.start; });
  return part;
}

}  // namespace

Result<KeyOutcome> ContainerChecker::decide(KeyId key, const SearchLimits& limits,
                                            bool want_order) {
  auto read = reader_.read(key);
  if (!read) return read.error();
  KeyOutcome outcome;
  outcome.algorithm = name_of_algorithm;
  if (read->flaw == ContainerFlaw::fresh || read->flaw == ContainerFlaw::repeated) {
    outcome.search.answer = SearchAnswer::not_linearizable;
    return outcome;
  }
  std::string reason =
      "values were put in more than once, something was found empty, and a removal that never "
      "returned may have taken any of them";
  if (read->flaw == ContainerFlaw::none) {
    ContainerAnswer answer = solve_container(kind_, read->container, want_order);
    outcome.search.answer = answer.answer;
    outcome.order = std::move(answer.order);
    if (kind_ == ContainerKind::bag) {
      for (const auto& [event, value] : answer.taken) {
        outcome.completions.emplace_back(event, history_.value(value));
      }
    }
    if (answer.answer != SearchAnswer::undecided) return outcome;
    reason = "many removals never returned and may have taken any of many elements";
  }
  // A removal that never returned can do no good in a bag but for somebody who finds it empty.
  const bool choice = kind_ == ContainerKind::bag && !read->container.pending.empty() &&
                      !read->container.empties.empty();
  if (search_ != nullptr && !choice) return search_->decide(key, limits, want_order);
  outcome.search.reason = std::move(reason);
  return outcome;
}

ExplainedAnomaly ContainerChecker::explain(KeyId key, const KeyOutcome& outcome,
                                           const SearchLimits& limits) {
  if (outcome.algorithm != name_of_algorithm) return search_->explain(key, outcome, limits);
  auto read = reader_.read(key);
  ASSAY_ASSERT(read.ok());
  const Container& container = read->container;
  if (read->flaw != ContainerFlaw::none) {
    return describe_flaw(history_, key, read->flaw, container.echo);
  }
  const ContainerAnswer answer = solve_container(kind_, container, false);
  bool certain = true;
  const auto units =
      minimize(answer.elements.size() + answer.empties.size(), [&](const auto& rest) {
        if (limits.time_is_up()) {
          certain = false;
          return false;
        }
        const auto smaller = solve_container(kind_, part_of(container, answer, rest), false);
        certain = certain && smaller.answer != SearchAnswer::undecided;
        return smaller.answer == SearchAnswer::not_linearizable;
      });
  const Container part = part_of(container, answer, units);
  return describe_container_anomaly(history_, key, part,
                                    solve_container(kind_, part, false).pattern, certain);
}

}  // namespace assay
