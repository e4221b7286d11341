#pragma once
// How operations end, in the words that all clients share, and how fast one may fail.

#include "harness/client.h"

namespace assay {

Completion done(Value value);
/// What it requires does not hold.
Completion unmet();
/// No server was asked: the client has no such function, or its argument has another shape.
Completion unsupported();

/// How long an operation that failed takes at least, so that servers that are not there are not
/// asked thousands of times a second.
inline constexpr Nanos failure_pause = std::chrono::milliseconds(100);
/// Waits until then, if it failed and the servers may be the reason. `timeout`: the operation's.
void pause_after_failure(const Completion& completion, Nanos start, Nanos timeout);

}  // namespace assay
