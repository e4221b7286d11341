#include "history/row_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/assert.h"

namespace assay {
namespace {

constexpr std::size_t functions_max = std::numeric_limits<FunctionId>::max();
/// Event indices are also ticks of an order, which is signed.
constexpr std::uint64_t index_max = static_cast<std::uint64_t>(never) - 1;

Error bad(std::uint64_t index, const std::string& what) {
  return {ErrorKind::bad_data, fmt::format("event {}: {}", index, what)};
}

/// Every negative time means the same: not known.
std::int64_t ticks_of(Nanos time) { return std::max(time, unknown_time).count(); }

std::int32_t number_of(ProcessId process) { return static_cast<std::int32_t>(process); }

}  // namespace

RowBuilder::RowBuilder(HistoryInfo info) : columns_(std::make_unique<History::Columns>()) {
  columns_->info = std::move(info);
}

RowBuilder::Slot& RowBuilder::slot(ProcessId process) {
  const auto number = static_cast<std::uint32_t>(process);
  if (number < dense_.size()) return dense_[number];
  if (number >= dense_max) return sparse_[number];
  dense_.resize(number + 1);
  return dense_[number];
}

Status RowBuilder::begin(const Stamp& stamp) {
  if (stamp.index < next_index_) {
    return bad(stamp.index, fmt::format("indices must increase, but the event before has index {}",
                                        next_index_ - 1));
  }
  if (stamp.index > index_max) return bad(stamp.index, "the index is too large");
  next_index_ = stamp.index + 1;
  columns_->duration_of_run = std::max(columns_->duration_of_run, stamp.time);
  if (number_of(stamp.process) < -1) {
    return bad(stamp.index, fmt::format("process {} is negative; clients are numbered from 0",
                                        number_of(stamp.process)));
  }
  return {};
}

void RowBuilder::note_time(const Stamp& stamp, Slot& slot) {
  if (stamp.time < Nanos(0)) {
    ++untimed_;
    return;
  }
  ++timed_;
  if (stamp.time < slot.last && !time_error_) {
    time_error_ = bad(stamp.index,
                      fmt::format("the time of process {} goes back from {} to {}",
                                  number_of(stamp.process), slot.last.count(), stamp.time.count()));
  }
  slot.last = stamp.time;
}

KeyId RowBuilder::key(ValueId id) {
  History::Columns& c = *columns_;
  const KeyId key = c.key_ids.insert(id, static_cast<KeyId>(c.keys.size()));
  if (key == c.keys.size()) {
    c.keys.push_back(id);
    c.key_counts.push_back(0);
  }
  return key;
}

Status RowBuilder::invoke(const Stamp& stamp, std::uint32_t function, KeyId key, ValueId argument,
                          std::uint32_t node) {
  History::Columns& c = *columns_;
  Slot& slot = this->slot(stamp.process);
  note_time(stamp, slot);
  const std::size_t row = c.rows.size();
  if (slot.open) {
    return bad(stamp.index,
               fmt::format("process {} invokes {} while its {} of event {} is still open",
                           number_of(stamp.process), c.functions[function],
                           c.functions[c.rows.function(slot.operation)],
                           c.rows.invoke_event(slot.operation)));
  }
  if (row >= none || c.rows.full()) {
    return bad(stamp.index, "too many operations for one history");
  }
  if (function >= functions_max) return bad(stamp.index, "too many different functions");
  if (slot.operation == none) ++c.process_count;
  slot.operation = static_cast<OpIndex>(row);
  slot.open = true;
  if (key != no_key) ++c.key_counts[key];
  const std::int64_t time = ticks_of(stamp.time);
  c.rows.add({.invoke_event = stamp.index,
              .completed_after = 0,
              .invoked = time,
              .completed = time,
              .function = static_cast<FunctionId>(function),
              .node = node},
             stamp.process, key, argument);
  return {};
}

Result<OpIndex> RowBuilder::completed_by(const Stamp& stamp, EventType type, const Claim& claim) {
  Slot& slot = this->slot(stamp.process);
  note_time(stamp, slot);
  const Rows& rows = columns_->rows;
  const bool matches =
      slot.open && (claim.function == same || claim.function == rows.function(slot.operation)) &&
      (claim.key == no_key || claim.key == rows.key(slot.operation));
  if (!matches) return not_open(stamp, type, claim, slot);
  return slot.operation;
}

std::string RowBuilder::key_text(KeyId key) const {
  const History::Columns& c = *columns_;
  return key < c.keys.size() ? to_text(c.values.value(c.keys[key])) : "no key";
}

Error RowBuilder::not_open(const Stamp& stamp, EventType type, const Claim& claim,
                           const Slot& slot) const {
  const History::Columns& c = *columns_;
  const std::int32_t process = number_of(stamp.process);
  const OpIndex row = slot.operation;
  const std::string_view claimed =
      claim.function < c.functions.size() ? c.functions[claim.function] : claim.function_name;
  if (row == none) {
    return bad(stamp.index, fmt::format("completion without an invocation: {} of {} by process {}, "
                                        "which has invoked nothing",
                                        name_of(type), claimed, process));
  }
  const std::string_view function = c.functions[c.rows.function(row)];
  const std::uint64_t invoked = c.rows.invoke_event(row);
  if (!slot.open) {
    return bad(stamp.index,
               fmt::format("two completions for one invocation: the {} of process {} (event {}) "
                           "already completed {} at event {}",
                           function, process, invoked, name_of(c.rows.outcome(row)),
                           invoked + c.rows.completed_after(row)));
  }
  if (claim.function != same && claim.function != c.rows.function(row)) {
    return bad(stamp.index,
               fmt::format("process {} completes {}, but its open operation is the {} of event {}",
                           process, claimed, function, invoked));
  }
  return bad(
      stamp.index,
      fmt::format("the completion is on key {}, but its invocation (event {}) is on {}",
                  claim.key_value != nullptr ? to_text(*claim.key_value) : key_text(claim.key),
                  invoked, key_text(c.rows.key(row))));
}

void RowBuilder::complete(OpIndex row, const Stamp& stamp, EventType type, std::uint32_t node,
                          std::string_view error) {
  History::Columns& c = *columns_;
  slot(stamp.process).open = false;
  c.rows.complete(row, stamp.index, ticks_of(stamp.time),
                  type == EventType::ok     ? Outcome::ok
                  : type == EventType::fail ? Outcome::fail
                                            : Outcome::info);
  if (node != 0 && c.rows.node(row) == 0) c.rows.set_node(row, node);
  c.error.set(row, error);
}

Result<std::unique_ptr<History::Columns>> RowBuilder::finish() {
  History::Columns& c = *columns_;
  if (c.info.real_time == RealTime::time && untimed_ > 0) {
    c.info.real_time = RealTime::position;
    if (timed_ > 0) {
      c.info.notes.push_back(fmt::format(
          "{} of {} events have no time: the order of the events decides what came first", untimed_,
          untimed_ + timed_));
    }
  }
  if (c.info.real_time == RealTime::time && time_error_) return *time_error_;
  c.initial = c.values.intern(c.info.initial);
  c.index_keys();
  return std::move(columns_);
}

}  // namespace assay
