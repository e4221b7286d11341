#pragma once
// Small register histories as event sequences, for the tests of the checkers that follow a history.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "checker/models/register.h"
#include "checker/streaming/register_stream.h"

namespace assay {

/// A call and how it ended: ok at call.end, or fail or info at `ended`, or not at all.
struct StreamCase {
  RegisterCall call;
  Outcome outcome = Outcome::ok;
  std::int64_t ended = never;  ///< never: no event tells
};

/// `count`: about so many calls.
std::vector<StreamCase> random_stream_calls(Random& random, std::size_t count);

struct CaseEvent {
  std::int64_t time;
  bool is_end;
  std::size_t at;  ///< of the case
};
/// All events in order: within a tick every start before every return.
std::vector<CaseEvent> events_of(const std::vector<StreamCase>& cases);

inline constexpr std::size_t no_bad_event = std::numeric_limits<std::size_t>::max();

/// The event after which the history is not linearizable; no_bad_event if there is none. Decided by
/// the checks of whole histories.
std::size_t first_bad_event(const std::vector<StreamCase>& cases);
/// What is known of the cases after the first `events` events.
std::vector<RegisterCall> prefix_of(const std::vector<StreamCase>& cases, std::size_t events);

struct StreamOutcome {
  StreamAnswer answer = StreamAnswer::fine;
  std::size_t bad_event = no_bad_event;
  bool searched = false;
};
/// Feeds the events one by one.
StreamOutcome play_stream(const std::vector<StreamCase>& cases, const StreamLimits& limits);

std::string describe(const std::vector<StreamCase>& cases);

}  // namespace assay
