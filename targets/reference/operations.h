#pragma once
// Between the harness' words and the store's: invocations as commands, data as values.

#include <optional>

#include "harness/client.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// As the table of commands (protocols/commands.h) says, its id left open. Nothing: it has no such
/// function, or the argument is not of its shape.
std::optional<Command> to_command(const Invocation& invocation);

/// Nothing: something else than nil, truths, integers, short strings, lists and maps of these, or
/// nested too deeply.
std::optional<Datum> to_datum(const Value& value);
Value to_value(const Datum& datum);

/// What the client reports of a reply to this invocation.
Completion to_completion(const Invocation& invocation, const Command& command, const Reply& reply);

}  // namespace assay::reference
