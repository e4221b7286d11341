#pragma once
// Between the harness' words and the store's: invocations as commands, data as values.

#include <optional>

#include "harness/client.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// read, write or cas of a key, its id left open. Nothing: the store has no such operation.
std::optional<Command> to_command(const Invocation& invocation);

/// Nothing: neither nil, an integer nor a string that is short enough.
std::optional<Datum> to_datum(const Value& value);
Value to_value(const Datum& datum);

/// What the client reports of a reply to this invocation.
Completion to_completion(const Invocation& invocation, const Command& command, const Reply& reply);

}  // namespace assay::reference
