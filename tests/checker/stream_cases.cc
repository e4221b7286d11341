#include "stream_cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "checker/linearizability/register_search.h"
#include "checker/linearizability/zones.h"
#include "small_histories.h"

namespace assay {

std::vector<StreamCase> random_stream_calls(Random& random, std::size_t count) {
  RandomCalls options;
  options.count = count;
  options.values = 2 + static_cast<std::uint32_t>(random.below(4));
  options.cas = random.chance(0.3) ? 0 : 0.4;
  options.pending = random.chance(0.3) ? 0 : 0.25;
  options.wrong = random.chance(0.5) ? 0 : (count > 12 ? 0.05 : 0.3);
  options.length = random.between(0, 8);
  options.unique = random.chance(0.7);
  // Values that come again, but rarely while somebody can still read the old ones.
  const auto again = static_cast<std::uint32_t>(random.chance(0.4) ? random.between(3, 12) : 0);
  std::vector<StreamCase> cases;
  const auto fold = [&](std::uint32_t value) {
    return again == 0 || value == 0 ? value : 1 + (value - 1) % again;
  };
  for (RegisterCall call : random_calls(random, options)) {
    call.op.value = fold(call.op.value);
    call.op.expected = fold(call.op.expected);
    StreamCase made{call, Outcome::ok, call.end};
    if (call.pending()) {
      made.outcome = random.chance(0.3) ? Outcome::fail : Outcome::info;
      made.ended = random.chance(0.3) && made.outcome == Outcome::info
                       ? never
                       : call.start + random.between(0, 12);
    }
    cases.push_back(made);
  }
  return cases;
}

std::vector<CaseEvent> events_of(const std::vector<StreamCase>& cases) {
  std::vector<CaseEvent> events;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    events.push_back({cases[i].call.start, false, i});
    if (cases[i].ended != never) events.push_back({cases[i].ended, true, i});
  }
  std::stable_sort(events.begin(), events.end(), [](const CaseEvent& a, const CaseEvent& b) {
    return std::tie(a.time, a.is_end) < std::tie(b.time, b.is_end);
  });
  return events;
}

std::vector<RegisterCall> prefix_of(const std::vector<StreamCase>& cases, std::size_t events) {
  enum class Seen : std::uint8_t { nothing, start, end };
  std::vector<Seen> seen(cases.size(), Seen::nothing);
  const auto all = events_of(cases);
  for (std::size_t i = 0; i < std::min(events, all.size()); ++i) {
    seen[all[i].at] = all[i].is_end ? Seen::end : Seen::start;
  }
  std::vector<RegisterCall> result;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    RegisterCall call = cases[i].call;
    const bool ended = seen[i] == Seen::end;
    if (seen[i] == Seen::nothing || (ended && cases[i].outcome == Outcome::fail)) continue;
    if (!ended || cases[i].outcome != Outcome::ok) call.end = never;
    if (call.pending() && !call.op.mutates()) continue;
    result.push_back(call);
  }
  return result;
}

namespace {

bool is_linearizable(const std::vector<RegisterCall>& prefix) {
  const auto calls = searchable(prefix);
  std::uint32_t values = 1;
  for (const RegisterCall& call : calls) {
    values = std::max({values, call.op.value + 1, call.op.expected + 1});
  }
  const SearchResult result = has_unique_writers(calls, values)
                                  ? check_zones(calls, values, false)
                                  : search_register(calls, values, {}, false);
  return result.answer == SearchAnswer::linearizable;
}

}  // namespace

std::size_t first_bad_event(const std::vector<StreamCase>& cases) {
  const std::size_t count = events_of(cases).size();
  // What is not linearizable stays so.
  if (is_linearizable(prefix_of(cases, count))) return no_bad_event;
  std::size_t low = 0;
  std::size_t high = count;
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    (is_linearizable(prefix_of(cases, middle)) ? low : high) = middle;
  }
  return high - 1;
}

StreamOutcome play_stream(const std::vector<StreamCase>& cases, const StreamLimits& limits) {
  const auto value_of = [](std::uint32_t value) { return StreamValue{value, 1}; };
  RegisterStream stream(value_of(0), limits);
  StreamOutcome outcome;
  const auto events = events_of(cases);
  for (std::size_t i = 0; i < events.size() && outcome.answer == StreamAnswer::fine; ++i) {
    const StreamCase& at = cases[events[i].at];
    const RegisterOp& op = at.call.op;
    if (events[i].is_end) {
      outcome.answer =
          stream.complete(events[i].at, at.outcome, events[i].time, value_of(op.value));
    } else {
      StreamCall call{events[i].at, events[i].time, never, {{}, {}, op.function}};
      if (op.mutates()) call.op.value = value_of(op.value);
      if (op.mutates() && op.observes()) call.op.expected = value_of(op.expected);
      outcome.answer = stream.invoke(call);
    }
    if (outcome.answer == StreamAnswer::violation) outcome.bad_event = i;
  }
  if (outcome.answer == StreamAnswer::fine) outcome.answer = stream.finish();
  outcome.searched = stream.searched();
  return outcome;
}

std::string describe(const std::vector<StreamCase>& cases) {
  std::string text;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const RegisterOp& op = cases[i].call.op;
    const char* const name = op.function == RegisterFunction::read    ? "read"
                             : op.function == RegisterFunction::write ? "write"
                                                                      : "cas";
    text += fmt::format(
        "\n  {}: [{}, {}] {} {}{} {}", i, cases[i].call.start,
        cases[i].ended == never ? "never" : std::to_string(cases[i].ended), name,
        op.function == RegisterFunction::cas ? fmt::format("{}->", op.expected) : std::string(),
        op.value, name_of(cases[i].outcome));
  }
  return text;
}

}  // namespace assay
