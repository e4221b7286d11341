#pragma once
// What Jepsen's two text forms share: turning the values of an operation's fields into an Event.

#include <cstdint>
#include <string>
#include <unordered_set>

#include "base/result.h"
#include "history/event.h"
#include "history/value.h"

namespace assay {

/// Errors say what was expected; callers add the line.
Status set_type(const Value& value, Event& event);
/// A client's number; anything else is the nemesis.
Status set_process(const Value& value, Event& event);
Status set_function(const Value& value, Event& event);
/// A marker such as :timed-out in the place of a completion's value is the reason, not a value; but
/// not if the invocation's value was a keyword as well.
class Markers {
 public:
  void move_to_error(Event& event);

 private:
  std::unordered_set<std::int32_t> keyword_invokers_;
};
/// An error may be any form: strings stay as they are, the rest becomes its text.
std::string error_text(const Value& value);

}  // namespace assay
