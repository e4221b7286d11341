#include "history/row_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/assert.h"

namespace assay {
namespace {

constexpr std::size_t functions_max = std::numeric_limits<FunctionId>::max();

Error bad(std::uint64_t index, const std::string& what) {
  return {ErrorKind::bad_data, fmt::format("event {}: {}", index, what)};
}

/// Every negative time means the same: not known.
std::int64_t ticks_of(Nanos time) { return std::max(time, unknown_time).count(); }

Outcome outcome_of(EventType type) {
  return type == EventType::ok     ? Outcome::ok
         : type == EventType::fail ? Outcome::fail
                                   : Outcome::info;
}

}  // namespace

RowBuilder::RowBuilder(HistoryInfo info) : columns_(std::make_unique<History::Columns>()) {
  columns_->info = std::move(info);
}

RowBuilder::Slot& RowBuilder::new_slot(std::uint32_t number) {
  if (number >= dense_max) return sparse_[number];
  dense_.resize(number + 1);
  return dense_[number];
}

Error RowBuilder::bad_stamp(const Stamp& stamp) {
  if (stamp.index < next_index_) {
    const std::uint64_t before = next_index_ - 1;
    next_index_ = stamp.index + 1;
    return bad(stamp.index,
               fmt::format("indices must increase, but the event before has index {}", before));
  }
  if (stamp.index > index_max) return bad(stamp.index, "the index is too large");
  return bad(stamp.index, fmt::format("process {} is negative; clients are numbered from 0",
                                      number_of(stamp.process)));
}

void RowBuilder::time_goes_back(const Stamp& stamp, const Slot& slot) {
  time_error_ = bad(stamp.index,
                    fmt::format("the time of process {} goes back from {} to {}",
                                number_of(stamp.process), slot.last.count(), stamp.time.count()));
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
  Status status;
  if (slot.open) status = still_open(stamp, function, slot);
  if (row >= none || c.rows.full()) {
    return bad(stamp.index, "too many operations for one history");
  }
  if (function >= functions_max) return bad(stamp.index, "too many different functions");
  if (slot.operation == none) ++c.process_count;
  slot.operation = static_cast<OpIndex>(row);
  slot.open = true;
  if (key != no_key) ++c.key_counts[key];
  c.rows.add({.event = stamp.index,
              .time = ticks_of(stamp.time),
              .function = function,
              .node = node,
              .process = stamp.process,
              .key = key,
              .argument = argument});
  return status;
}

Error RowBuilder::still_open(const Stamp& stamp, std::uint32_t function, const Slot& slot) const {
  const History::Columns& c = *columns_;
  return bad(stamp.index,
             fmt::format("process {} invokes {} while its {} of event {} is still open",
                         number_of(stamp.process), c.functions[function],
                         c.functions[c.rows.function(slot.operation)],
                         c.rows.invoke_event(slot.operation)));
}

Status RowBuilder::complete(const Stamp& stamp, const Claim& claim, const Completion& completion) {
  History::Columns& c = *columns_;
  Slot& slot = this->slot(stamp.process);
  note_time(stamp, slot);
  const OpIndex row = slot.operation;
  const bool matches = slot.open &&
                       (claim.function == same || claim.function == c.rows.function(row)) &&
                       (claim.key == no_key || claim.key == c.rows.key(row));
  if (!matches) {
    const Error error = not_open(stamp, completion.type, claim, slot);
    slot.open = false;
    return error;
  }
  slot.open = false;
  c.rows.complete(row, stamp.index, ticks_of(stamp.time), outcome_of(completion.type));
  if (completion.type == EventType::ok || completion.value != c.rows.argument(row)) {
    c.rows.set_result(row, completion.value);
  }
  if (completion.node != 0 && c.rows.node(row) == 0) c.rows.set_node(row, completion.node);
  if (!completion.error.empty()) c.error.set(row, completion.error);
  return {};
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
