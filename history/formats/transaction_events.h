#pragma once
// What the formats of isolation checkers share: transactions over registers, session by session,
// turned into events `txn` with values [[:w key value] [:r key value] …]. They know no times, so
// only the order within a session means anything.

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "history/event.h"
#include "history/formats/format.h"
#include "history/sink.h"

namespace assay {

/// Declares such a history: rw-register, nil is what nobody wrote, no real time; then what the user
/// asked for.
void declare_transactions(std::string_view format, const ReadOptions& options, EventSink& sink);

/// Transaction n (counted from 0 in the order of finish()) has the events 2n and 2n+1.
class TransactionEvents {
 public:
  explicit TransactionEvents(EventSink& sink);

  void write(Value key, Value value);
  void read(Value key, Value value);
  /// The transaction made of the calls above: committed (ok) or aborted (fail). Errors have no
  /// place yet: callers add the line or the byte.
  Status finish(std::int64_t session, EventType outcome, Nanos begin = unknown_time,
                Nanos end = unknown_time);
  EventSink& sink() { return sink_; }
  std::uint64_t count() const { return invoke_.index / 2; }

 private:
  EventSink& sink_;
  Event invoke_;
  Event complete_;
  Value::List asked_;
  Value::List answered_;
};

}  // namespace assay
