#pragma once
// Event: one line of a history, as readers produce it and the recorder journals it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "history/value.h"

namespace assay {

/// info: may have happened, may still happen, may never. Nothing else.
enum class EventType : std::uint8_t { invoke, ok, fail, info };
std::string_view name_of(EventType type);
std::optional<EventType> event_type_named(std::string_view name);

/// A logical client thread, numbered from 0. A process whose operation ended `info` is never used
/// again: its thread goes on under a new number.
enum class ProcessId : std::int32_t {};
/// The process of fault events. Its events are invoke (asked for) and ok or info (what came of it).
inline constexpr ProcessId nemesis_process{-1};

inline constexpr Nanos unknown_time{-1};

struct Event {
  std::uint64_t index = 0;    ///< in the input's own numbering; strictly increasing
  Nanos time = unknown_time;  ///< since the run's start
  ProcessId process{};
  EventType type = EventType::invoke;
  std::string f;             ///< the function: read, write, cas, txn, start-partition, …
  std::optional<Value> key;  ///< set if the history is keyed: many independent objects
  Value value;               ///< invoke: the argument; ok: the result; cas: a list [old new]
  std::string node;          ///< the node the client spoke to; may be empty
  std::string error;         ///< why fail or info; may be empty
};

}  // namespace assay
