#pragma once
// Random histories for tests: every kind of event a recorder can write, from a fixed seed.

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "history/event.h"
#include "history/formats/format.h"
#include "history/history.h"

namespace assay::testing {

struct RandomOptions {
  int events = 200;
  int processes = 5;
  bool keyed = false;
  bool times = true;
  bool faults = true;
  bool plain = false;  ///< only values that JSON can say
};

/// A value of any type, nested a little.
Value random_value(Random& random, bool plain, int depth = 0);
std::vector<Event> random_events(Random& random, const RandomOptions& options);
/// The history of events that are known to be well-formed.
History build(const std::vector<Event>& events, HistoryInfo info = {});

/// What a reader of the table of formats makes of a text.
Result<History> read_text(decltype(Format::read) read, const std::string& text,
                          const ReadOptions& options = {});

std::string show(const Event& event);
/// Every difference between the two histories, one a line; empty if they are the same.
std::string difference(const History& a, const History& b);

}  // namespace assay::testing
