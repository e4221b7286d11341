#pragma once
// Small random histories of strings and multi-registers, with the definition of linearizability for
// any object: try every order. Shares nothing with the checker.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "history/history.h"

namespace assay::oracle {

/// An operation on an object of type S: `apply` says whether it fits, and changes the state.
template <class Op>
struct Timed {
  std::int64_t start;
  std::int64_t end;
  bool pending;
  Op op;
};

template <class S, class Op, class Apply>
bool some_order(const std::vector<Timed<Op>>& calls, std::uint32_t placed, const S& state,
                const Apply& apply) {
  bool complete = true;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    complete = complete && (((placed >> i) & 1U) != 0 || calls[i].pending);
  }
  if (complete) return true;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    bool allowed = ((placed >> i) & 1U) == 0;
    for (std::size_t j = 0; j < calls.size(); ++j) {
      const bool unplaced = ((placed >> j) & 1U) == 0;
      if (unplaced && !calls[j].pending && calls[j].end < calls[i].start) allowed = false;
    }
    S next = state;
    if (!allowed || !apply(calls[i].op, calls[i].pending, next)) continue;
    if (some_order(calls, placed | (1U << i), next, apply)) return true;
  }
  return false;
}

/// Times: every operation begins within a few ticks of the one before and lasts a random while.
/// Ties occur. The history's real time is the time stamps, so an event's index says nothing.
struct Times {
  std::int64_t start;
  std::int64_t end;
};
inline std::vector<Times> random_times(Random& random, std::size_t count) {
  std::vector<Times> times;
  std::int64_t now = 0;
  const std::int64_t length = random.between(0, 8);
  for (std::size_t i = 0; i < count; ++i) {
    now += random.between(0, 3);
    times.push_back({now, now + random.between(0, length)});
  }
  return times;
}

/// One event of a history, to be sorted by time, invocations first.
struct TimedEvent {
  std::int64_t time;
  bool completes;
  Event event;
};
inline History as_history(std::vector<TimedEvent> events, const std::string& datatype,
                          const Value& initial) {
  std::stable_sort(events.begin(), events.end(), [](const TimedEvent& a, const TimedEvent& b) {
    return std::pair(a.time, a.completes) < std::pair(b.time, b.completes);
  });
  HistoryInfo info;
  info.datatype = datatype;
  info.initial = initial;
  info.real_time = RealTime::time;
  HistoryBuilder builder(std::move(info));
  std::uint64_t index = 0;
  for (TimedEvent& e : events) {
    e.event.index = index++;
    e.event.time = Nanos(e.time);
    if (!builder.add(e.event)) return std::move(HistoryBuilder(HistoryInfo{}).finish()).value();
  }
  return std::move(builder.finish()).value();
}

/// The two events of one operation of process i.
inline void add_operation(std::vector<TimedEvent>& events, std::size_t i, const Times& times,
                          const std::string& f, const Value& argument, const Value& result,
                          EventType completion) {
  Event event;
  event.process = static_cast<ProcessId>(static_cast<std::int32_t>(i));
  event.type = EventType::invoke;
  event.f = f;
  event.value = argument;
  events.push_back({times.start, false, event});
  event.type = completion;
  event.value = result;
  events.push_back({times.end, true, event});
}

}  // namespace assay::oracle
