#pragma once
// History: the operations of a run, immutable and validated once, so that no checker validates
// again. An operation takes 36 bytes; what is rare (values beyond 29 bits, very long operations)
// costs more where it occurs. Values are interned: within one History two ValueIds are equal
// exactly if the values are, so checkers compare integers.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/event.h"
#include "history/value.h"

namespace assay {

/// Position of an operation in the History: 0 … size()-1, in the order of the invocations.
using OpIndex = std::uint32_t;
using KeyId = std::uint32_t;       ///< 0 … key_count()-1
using FunctionId = std::uint16_t;  ///< 0 … function_count()-1

/// The key of an operation that names none in a history whose other operations do.
inline constexpr KeyId no_key = std::numeric_limits<KeyId>::max();

/// An interned Value: small integers, alone or in pairs, in place; else an index into a pool.
enum class ValueId : std::uint64_t {};
inline constexpr ValueId nil_value{0};

enum class Outcome : std::uint8_t { ok, fail, info };
std::string_view name_of(Outcome outcome);

inline constexpr std::uint64_t no_event = std::numeric_limits<std::uint64_t>::max();
/// The end of an operation that never returned.
inline constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

/// What a read of nil means. Knossos-style histories: nothing (the value is not known).
/// Everything else: the object was absent, that is, had the initial value nil.
enum class NilRead : std::uint8_t { absent, unconstrained };

/// What decides which of two operations came first. `time`: the time stamps, ties are concurrent.
/// `position`: the order of the lines. `none`: only the order within a process means anything.
enum class RealTime : std::uint8_t { time, position, none };

struct HistoryInfo {
  std::string datatype;  ///< as declared by the input; may be empty
  Value initial;         ///< the initial value of every key
  bool initial_declared = false;
  NilRead nil_read = NilRead::absent;
  RealTime real_time = RealTime::position;
  std::string format;              ///< the name of the format it was read from
  std::vector<std::string> notes;  ///< what a reader must tell the user: cut short, keys guessed, …
};

/// One operation: an invocation with its completion. A view by value; cheap to copy.
struct Operation {
  OpIndex index;
  std::uint64_t invoke_event;    ///< event index in the input's numbering
  std::uint64_t complete_event;  ///< no_event if it never returned
  Nanos invoked;                 ///< unknown_time if the input has no times
  Nanos completed;               ///< unknown_time if it never returned
  ProcessId process;
  Outcome outcome;
  FunctionId function;
  KeyId key;
  ValueId argument;  ///< the value of the invocation
  ValueId result;    ///< the value of an ok completion; of another, if it is not the argument again
};

/// A fault's start or end as the nemesis recorded it.
struct FaultEvent {
  std::uint64_t index;
  Nanos time;
  EventType type;
  std::string f;
  Value value;
  std::string error;
};

class History {
 public:
  History(History&&) noexcept;
  History& operator=(History&&) noexcept;
  ~History();

  const HistoryInfo& info() const;
  std::size_t size() const;  ///< number of client operations
  Operation operator[](OpIndex index) const;

  /// Starts loading an operation that is going to be read soon: on large histories the operations
  /// of one key lie far apart.
  void prefetch(OpIndex index) const;
  // Single fields of an operation, where a checker needs no more: each costs a fraction of [].
  ProcessId process(OpIndex index) const;
  Outcome outcome(OpIndex index) const;
  FunctionId function(OpIndex index) const;
  KeyId key_of(OpIndex index) const;  ///< 0 if not keyed
  ValueId argument(OpIndex index) const;
  ValueId result(OpIndex index) const;
  std::uint64_t invoke_event(OpIndex index) const;

  /// When the operation was open: [start, end] in ticks of the order that info().real_time names;
  /// end == never for an info operation. a came before b exactly if a.end < b.start.
  struct Interval {
    std::int64_t start;
    std::int64_t end;
  };
  Interval interval(OpIndex index) const;

  std::string_view node(OpIndex index) const;   ///< may be empty
  std::string_view error(OpIndex index) const;  ///< may be empty

  std::size_t function_count() const;
  std::string_view function_name(FunctionId id) const;
  std::optional<FunctionId> function_named(std::string_view name) const;

  bool keyed() const;
  std::size_t key_count() const;  ///< 1 if not keyed
  Value key(KeyId id) const;      ///< nil if not keyed
  /// The operations on one key, ascending. Operations without a key in a keyed history: none.
  std::span<const OpIndex> operations_on(KeyId id) const;

  Value value(ValueId id) const;
  /// The value's canonical bytes (codec.h), for readers that want no Value: a view of the pool, or
  /// of `scratch` if the value is in its id.
  std::string_view encoded(ValueId id, std::string& scratch) const;
  /// The id of a value if it occurs in this history (or is nil or a small integer).
  std::optional<ValueId> find(const Value& value) const;
  /// The id of info().initial.
  ValueId initial() const;

  std::span<const FaultEvent> faults() const;
  std::size_t process_count() const;
  /// Wall length of the run: the largest time stamp, or 0 if there are none.
  Nanos duration() const;
  /// 128 bits over all operations, hexadecimal: ties a certificate to its history.
  std::string digest() const;
  /// Gives all events in order, made again one after the other: for writers. The event is only
  /// valid during the call. O(n log p) for p processes.
  void for_each_event(const std::function<void(const Event&)>& visit) const;
  /// The same, as a vector: for short histories.
  std::vector<Event> events() const;

 private:
  friend class HistoryBuilder;
  friend class RowBuilder;
  struct Columns;
  explicit History(std::unique_ptr<Columns> columns);
  std::unique_ptr<Columns> columns_;
};

class RowBuilder;

/// Takes events in order and validates them: an invocation for each completion, one completion an
/// invocation, one open operation a process, increasing indices. Not thread-safe.
class HistoryBuilder {
 public:
  explicit HistoryBuilder(HistoryInfo info);
  HistoryBuilder(HistoryBuilder&&) noexcept;
  ~HistoryBuilder();

  /// Error (bad_data) names the event's index and what is wrong with it; callers add line/offset.
  Status add(const Event& event);
  /// Below the names: for readers of files that number everything themselves.
  RowBuilder& rows();
  /// What finish() puts into the History, for readers that learn it on the way.
  HistoryInfo& info();
  /// Whatever is still open becomes info. If info().real_time is `time`, events without a time turn
  /// it into `position`; times that go back within a process are an error (bad_data). The builder
  /// is spent afterwards.
  Result<History> finish();

 private:
  Status add_invocation(const Event& event);
  Status add_completion(const Event& event);

  std::unique_ptr<RowBuilder> rows_;
};

}  // namespace assay
