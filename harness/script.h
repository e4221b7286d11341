#pragma once
// Script: what was invoked when, to be invoked again at the same times. With it a recorded run is
// repeated, and parts of it can be left out.

#include <optional>
#include <span>
#include <vector>

#include "harness/generator.h"
#include "history/event.h"

namespace assay {

struct ScriptLine {
  Nanos time{0};   ///< since the run's start; a thread that is still busy then invokes it later
  int thread = 0;  ///< of a client; 0 for a fault
  Invocation invocation;
};
/// Ascending in time.
using Script = std::vector<ScriptLine>;

struct RunScript {
  std::optional<Script> clients;  ///< nothing: the workload decides
  Script faults;
};

/// The invocations among these events of a run with so many client threads.
RunScript script_of(std::span<const Event> events, int threads);

/// The same invocations as events of which none returns: a history that says what to do.
/// script_of gives the script back.
std::vector<Event> events_of(const RunScript& script, int threads);

/// Invokes line after line, each on its own thread; exhausted when none is left.
GeneratorPtr play(Script script);

}  // namespace assay
