#pragma once
// What Jepsen's two text forms share: turning the values of an operation's fields into an Event.

#include <string>

#include "base/result.h"
#include "history/event.h"
#include "history/value.h"

namespace assay {

/// Errors say what was expected; callers add the line.
Status set_type(const Value& value, Event& event);
/// A client's number; anything else is the nemesis.
Status set_process(const Value& value, Event& event);
Status set_function(const Value& value, Event& event);
/// A marker such as :timed-out in the place of a completion's value is the reason, not a value.
void move_marker(Event& event);
/// An error may be any form: strings stay as they are, the rest becomes its text.
std::string error_text(const Value& value);

}  // namespace assay
