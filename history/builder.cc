// HistoryBuilder: pairs invocations with completions and refuses what cannot have happened.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "history/columns.h"
#include "history/history.h"

namespace assay {
namespace {

constexpr OpIndex no_operation = std::numeric_limits<OpIndex>::max();
constexpr std::size_t functions_max = std::numeric_limits<FunctionId>::max();
/// Event indices are also ticks of an order, which is signed.
constexpr std::uint64_t index_max = static_cast<std::uint64_t>(never) - 1;

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

/// The state of every process: its latest operation.
struct HistoryBuilder::Open {
  struct Slot {
    OpIndex operation = no_operation;
    bool open = false;
    Nanos last = unknown_time;
  };

  Slot& slot(ProcessId process) {
    const auto number = static_cast<std::uint32_t>(process);
    if (number >= dense_max) return sparse[number];
    if (number >= dense.size()) dense.resize(number + 1);
    return dense[number];
  }

  static constexpr std::uint32_t dense_max = 1U << 20U;
  std::vector<Slot> dense;
  std::unordered_map<std::uint32_t, Slot> sparse;
  std::optional<std::uint64_t> last_index;
  std::uint64_t timed = 0;    ///< client events with a time
  std::uint64_t untimed = 0;  ///< client events without
  std::optional<Error> time_error;
};

HistoryBuilder::HistoryBuilder(HistoryInfo info)
    : columns_(std::make_unique<History::Columns>()), open_(std::make_unique<Open>()) {
  columns_->info = std::move(info);
}
HistoryBuilder::HistoryBuilder(HistoryBuilder&&) noexcept = default;
HistoryBuilder::~HistoryBuilder() = default;

HistoryInfo& HistoryBuilder::info() {
  ASSAY_ASSERT(columns_ != nullptr);
  return columns_->info;
}

Status HistoryBuilder::add(const Event& event) {
  ASSAY_ASSERT(columns_ != nullptr);
  if (open_->last_index && event.index <= *open_->last_index) {
    return bad(event.index, fmt::format("indices must increase, but the event before has index {}",
                                        *open_->last_index));
  }
  if (event.index > index_max) return bad(event.index, "the index is too large");
  open_->last_index = event.index;
  columns_->duration_of_run = std::max(columns_->duration_of_run, event.time);
  if (event.process == nemesis_process) {
    columns_->faults.push_back(
        {event.index, event.time, event.type, event.f, event.value, event.error});
    return {};
  }
  if (static_cast<std::int32_t>(event.process) < 0) {
    return bad(event.index, fmt::format("process {} is negative; clients are numbered from 0",
                                        static_cast<std::int32_t>(event.process)));
  }
  note_time(event);
  return event.type == EventType::invoke ? add_invocation(event) : add_completion(event);
}

void HistoryBuilder::note_time(const Event& event) {
  if (event.time < Nanos(0)) {
    ++open_->untimed;
    return;
  }
  ++open_->timed;
  Open::Slot& slot = open_->slot(event.process);
  if (event.time < slot.last && !open_->time_error) {
    open_->time_error =
        bad(event.index, fmt::format("the time of process {} goes back from {} to {}",
                                     static_cast<std::int32_t>(event.process), slot.last.count(),
                                     event.time.count()));
  }
  slot.last = event.time;
}

Status HistoryBuilder::add_invocation(const Event& event) {
  History::Columns& c = *columns_;
  Open::Slot& slot = open_->slot(event.process);
  if (slot.open) {
    return bad(
        event.index,
        fmt::format("process {} invokes {} while its {} of event {} is still open",
                    static_cast<std::int32_t>(event.process), event.f,
                    c.functions[c.function[slot.operation]], c.invoke_event[slot.operation]));
  }
  if (c.size() >= no_operation) return bad(event.index, "too many operations for one history");
  const std::uint32_t function = c.functions.intern(event.f);
  if (function >= functions_max) return bad(event.index, "too many different functions");
  if (slot.operation == no_operation) ++c.process_count;
  const std::size_t row = c.size();
  slot.operation = static_cast<OpIndex>(row);
  slot.open = true;
  c.invoke_event.push_back(event.index);
  c.completed_after.push_back(0);
  c.invoked.push_back(ticks_of(event.time));
  c.duration.push_back(0);
  c.process.push_back(event.process);
  c.outcome.push_back(Outcome::info);
  c.function.push_back(static_cast<FunctionId>(function));
  c.argument.push_back(c.values.intern(event.value));
  c.result.push_back(nil_value);
  c.node.set(row, event.node);
  KeyId key = no_key;
  if (event.key) {
    const ValueId id = c.values.intern(*event.key);
    const auto [it, fresh] = c.key_ids.try_emplace(id, static_cast<KeyId>(c.keys.size()));
    if (fresh) c.keys.push_back(id);
    key = it->second;
  }
  c.key.push_back(key);
  return {};
}

Status HistoryBuilder::add_completion(const Event& event) {
  History::Columns& c = *columns_;
  Open::Slot& slot = open_->slot(event.process);
  const auto process = static_cast<std::int32_t>(event.process);
  const std::size_t row = slot.operation;
  if (row == no_operation) {
    return bad(event.index, fmt::format("completion without an invocation: {} of {} by process {}, "
                                        "which has invoked nothing",
                                        name_of(event.type), event.f, process));
  }
  const std::string_view function = c.functions[c.function[row]];
  if (!slot.open) {
    return bad(event.index,
               fmt::format("two completions for one invocation: the {} of process {} (event {}) "
                           "already completed {} at event {}",
                           function, process, c.invoke_event[row], name_of(c.outcome[row]),
                           c.invoke_event[row] + c.completed_after[row]));
  }
  if (event.f != function && !event.f.empty()) {
    return bad(event.index, fmt::format("process {} completes {}, but its open operation is the {} "
                                        "of event {}",
                                        process, event.f, function, c.invoke_event[row]));
  }
  if (event.key) {
    const auto id = c.values.find(*event.key);
    if (c.key[row] == no_key || !id || c.keys[c.key[row]] != *id) {
      return bad(event.index,
                 fmt::format("the completion is on key {}, but its invocation (event {}) is on {}",
                             to_text(*event.key), c.invoke_event[row],
                             c.key[row] == no_key ? "no key"
                                                  : to_text(c.values.value(c.keys[c.key[row]]))));
    }
  }
  slot.open = false;
  c.completed_after.set(row, event.index - c.invoke_event[row]);
  c.duration.set(row, static_cast<std::uint64_t>(ticks_of(event.time)) -
                          static_cast<std::uint64_t>(c.invoked[row]));
  c.outcome[row] = outcome_of(event.type);
  const ValueId value = c.values.intern(event.value);
  // What failed or is indeterminate mostly repeats its argument; kept is what it learned.
  if (event.type == EventType::ok || value != c.argument[row]) c.result[row] = value;
  if (c.node[row].empty()) c.node.set(row, event.node);
  c.error.set(row, event.error);
  return {};
}

Result<History> HistoryBuilder::finish() {
  ASSAY_ASSERT(columns_ != nullptr);
  History::Columns& c = *columns_;
  if (c.info.real_time == RealTime::time && open_->untimed > 0) {
    c.info.real_time = RealTime::position;
    if (open_->timed > 0) {
      c.info.notes.push_back(fmt::format(
          "{} of {} events have no time: the order of the events decides what came first",
          open_->untimed, open_->untimed + open_->timed));
    }
  }
  if (c.info.real_time == RealTime::time && open_->time_error) return *open_->time_error;
  c.initial = c.values.intern(c.info.initial);
  c.index_keys();
  open_.reset();
  return History(std::move(columns_));
}

}  // namespace assay
