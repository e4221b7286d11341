#pragma once
// Operations on append-only logs as Kafka's clients see them: send appends a message to the log of
// a key and learns its offset, poll returns messages of several logs with their offsets. Decoded
// once, with keys and values numbered, for the checks.
//
// In the history: functions send, poll and txn take a list of [send key value] and [poll], which
// return as [send key [offset value]] and [poll {key [[offset value] …]}]; assign and subscribe
// take the keys that the process polls from then on.

#include <cstdint>
#include <limits>
#include <vector>

#include "base/result.h"
#include "history/history.h"
#include "history/value.h"

namespace assay {

using LogKey = std::uint32_t;
/// A message: values of different logs have different numbers.
using LogValue = std::uint32_t;
inline constexpr std::int64_t no_offset = std::numeric_limits<std::int64_t>::min();

struct LogMessage {
  LogKey key;
  LogValue value;
  std::int64_t offset;  ///< no_offset if a send did not learn it
};

/// Where the process reads from after an operation that polled nothing.
enum class Reassignment : std::uint8_t { none, assign, subscribe };

struct LogOperation {
  OpIndex operation;
  std::uint64_t event;
  std::uint64_t complete_event;
  std::int32_t process;
  Outcome outcome;
  Reassignment reassignment = Reassignment::none;
  bool transaction = false;        ///< its sends take effect together or not at all
  std::vector<LogKey> assigned{};  ///< assign, subscribe: the keys
  std::vector<LogMessage> sends{};
  std::vector<LogMessage> polls{};
};

struct LogOperations {
  std::vector<LogOperation> operations;  ///< by completion: the order in which results were seen
  std::vector<Value> keys;
  std::vector<Value> values;         ///< by LogValue
  std::vector<LogKey> key_of_value;  ///< by LogValue
};

/// Does the history speak of logs in this form, not of one log with send and poll of single values?
bool has_log_micro_operations(const History& history);

/// Errors: bad_data (names the event).
Result<LogOperations> read_log_operations(const History& history);

}  // namespace assay
