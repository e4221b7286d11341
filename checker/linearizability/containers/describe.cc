#include "checker/linearizability/containers/describe.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "checker/linearizability/narrator.h"

namespace assay {
namespace {

/// All operations of the part, and those removals that never returned that could have taken one of
/// its elements: one for each that is left over, the earliest.
std::vector<std::uint64_t> events_of(const Container& part) {
  std::vector<std::uint64_t> events;
  std::int64_t latest = std::numeric_limits<std::int64_t>::min();
  std::size_t left_over = 0;
  const auto add = [&](const Extent& span) {
    events.push_back(span.event);
    if (!span.pending()) latest = std::max(latest, span.end);
  };
  for (const Element& e : part.elements) {
    add(e.in);
    if (e.out.exists()) {
      add(e.out);
    } else {
      ++left_over;
    }
  }
  for (const Extent& empty : part.empties) add(empty);
  for (std::size_t k = 0; k < std::min(left_over, part.pending.size()); ++k) {
    if (part.pending[k].start <= latest) events.push_back(part.pending[k].event);
  }
  return events;
}

struct Told {
  std::string_view type;
  std::string explanation;
  std::vector<Step> steps;
};

class Teller {
 public:
  Teller(const History& history, KeyId key, const Container& part)
      : narrator_(history, key), part_(part) {}

  Told tell(ContainerPattern pattern) const {
    switch (pattern) {
      case ContainerPattern::too_early:
        return too_early(part_.elements.front());
      case ContainerPattern::not_empty:
        return not_empty();
      case ContainerPattern::wrong_order:
        return wrong_order();
      case ContainerPattern::no_bottom:
        return {"stack-order",
                fmt::format("At every instant one of {} was certainly inside, so one of them would "
                            "have to lie under all others the whole time; but each was put in "
                            "after another, or taken out before another, in real time",
                            values()),
                {}};
      case ContainerPattern::overtaken:
        return overtaken();
      case ContainerPattern::none:
        break;
    }
    return {"nonlinearizable", fmt::format("No order of the operations on {} fits", values()), {}};
  }

 private:
  std::string value(const Element& e) const { return narrator_.value(e.value); }
  std::string values() const {
    std::string text;
    for (const Element& e : part_.elements) text += (text.empty() ? "" : ", ") + value(e);
    return text;
  }

  Told too_early(const Element& e) const {
    return {"early-removal",
            fmt::format("{} was taken out by {} before {} began to put it in", value(e),
                        narrator_.process(e.out.event), narrator_.process(e.in.event)),
            {{e.in.event, e.out.event, "reads-from",
              fmt::format("{} must be put in before it is taken out", value(e))},
             narrator_.in_time(e.out.event, e.in.event)}};
  }

  Told not_empty() const {
    const Extent& empty = part_.empties.front();
    const bool lost = part_.elements.size() == 1 && !part_.elements.front().out.exists();
    std::string what =
        fmt::format("{} found nothing, although {} inside all the time that it took",
                    narrator_.say(empty.event),
                    part_.elements.size() == 1
                        ? fmt::format("{} was certainly", values())
                        : fmt::format("at every instant one of {} was certainly", values()));
    if (lost) what += "; nobody is known to have taken it";
    return {lost ? "lost-element" : "false-empty", std::move(what), {}};
  }

  Told wrong_order() const {
    const Element& a = part_.elements.front();
    const Element& b = part_.elements.back();
    if (!a.out.exists()) {
      return {
          "lost-element",
          fmt::format("{} was put in before {}, and {} was taken out, but {} never was: a queue "
                      "gives the oldest first",
                      value(a), value(b), value(b), value(a)),
          {}};
    }
    return {"queue-order",
            fmt::format("{} was put in before {} in real time, but taken out after it: a queue "
                        "gives the oldest first",
                        value(a), value(b)),
            {{a.out.event, b.out.event, "fifo",
              fmt::format("{} was put in before {} began, so it is taken out first", value(a),
                          narrator_.say(b.in.event))},
             narrator_.in_time(b.out.event, a.out.event)}};
  }

  Told overtaken() const {
    const auto largest =
        std::max_element(part_.elements.begin(), part_.elements.end(),
                         [](const Element& a, const Element& b) { return a.rank < b.rank; });
    std::string smaller;
    for (const Element& e : part_.elements) {
      if (&e != &*largest) smaller += (smaller.empty() ? "" : ", ") + value(e);
    }
    return {"priority-order",
            fmt::format("{} was taken out by {} although, at every instant that it took, something "
                        "smaller was inside ({}): the smallest leaves first",
                        value(*largest), narrator_.process(largest->out.event), smaller),
            {}};
  }

  Narrator narrator_;
  const Container& part_;
};

}  // namespace

ExplainedAnomaly describe_flaw(const History& history, KeyId key, ContainerFlaw flaw,
                               const std::vector<std::uint64_t>& events) {
  const Narrator narrator(history, key);
  ExplainedAnomaly result;
  std::string who;
  for (const std::uint64_t event : events) {
    who += (who.empty() ? "" : ", ") + narrator.say(event);
  }
  // All operations on the value: more than these, and some may have come too late to matter.
  const bool fresh = flaw == ContainerFlaw::fresh;
  const bool minimal = events.size() == (fresh ? 1 : 3);
  result.anomaly =
      fresh
          ? narrator.anomaly("unexpected-element", events,
                             fmt::format("a value was taken out that nobody put in: {}", who),
                             minimal)
          : narrator.anomaly(
                "duplicate-removal", events,
                fmt::format("a value was put in once but taken out more often: {}", who), minimal);
  result.witness = {result.anomaly.key, result.anomaly.witness, {}};
  return result;
}

ExplainedAnomaly describe_container_anomaly(const History& history, KeyId key,
                                            const Container& part, ContainerPattern pattern,
                                            bool minimal) {
  const Narrator narrator(history, key);
  Told told = Teller(history, key, part).tell(pattern);
  ExplainedAnomaly result;
  result.anomaly =
      narrator.anomaly(told.type, events_of(part), std::move(told.explanation), minimal);
  result.anomaly.steps = std::move(told.steps);
  result.witness = {result.anomaly.key, result.anomaly.witness, {}};
  return result;
}

}  // namespace assay
