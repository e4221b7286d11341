// History: reading the columns back.
#include "history/history.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"
#include "history/codec.h"
#include "history/columns.h"
#include "history/digest.h"

namespace assay {
namespace {
constexpr std::array<std::string_view, 3> outcome_names{"ok", "fail", "info"};
}  // namespace

std::string_view name_of(Outcome outcome) {
  return outcome_names.at(static_cast<std::size_t>(outcome));
}

History::History(std::unique_ptr<Columns> columns) : columns_(std::move(columns)) {}
History::History(History&&) noexcept = default;
History& History::operator=(History&&) noexcept = default;
History::~History() = default;

const HistoryInfo& History::info() const { return columns_->info; }
std::size_t History::size() const { return columns_->size(); }

Operation History::operator[](OpIndex index) const {
  const Columns& c = *columns_;
  ASSAY_ASSERT(index < c.size());
  const std::uint64_t after = c.completed_after[index];
  const auto completed =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(c.invoked[index]) + c.duration[index]);
  return {.index = index,
          .invoke_event = c.invoke_event[index],
          .complete_event = after == 0 ? no_event : c.invoke_event[index] + after,
          .invoked = Nanos(c.invoked[index]),
          .completed = after == 0 ? unknown_time : Nanos(completed),
          .process = c.process[index],
          .outcome = c.outcome[index],
          .function = c.function[index],
          .key = c.keys.empty() ? 0 : c.key[index],
          .argument = c.argument[index],
          .result = c.result[index]};
}

History::Interval History::interval(OpIndex index) const {
  const Operation op = (*this)[index];
  const bool open = op.outcome == Outcome::info;
  if (columns_->info.real_time == RealTime::time) {
    return {op.invoked.count(), open ? never : op.completed.count()};
  }
  return {static_cast<std::int64_t>(op.invoke_event),
          open ? never : static_cast<std::int64_t>(op.complete_event)};
}

std::string_view History::node(OpIndex index) const { return columns_->node[index]; }
std::string_view History::error(OpIndex index) const { return columns_->error[index]; }

std::size_t History::function_count() const { return columns_->functions.size(); }
std::string_view History::function_name(FunctionId id) const { return columns_->functions[id]; }
std::optional<FunctionId> History::function_named(std::string_view name) const {
  const auto id = columns_->functions.find(name);
  if (!id) return std::nullopt;
  return static_cast<FunctionId>(*id);
}

bool History::keyed() const { return !columns_->keys.empty(); }
std::size_t History::key_count() const { return keyed() ? columns_->keys.size() : 1; }
Value History::key(KeyId id) const { return keyed() ? value(columns_->keys.at(id)) : Value(); }

std::span<const OpIndex> History::operations_on(KeyId id) const {
  const Columns& c = *columns_;
  ASSAY_ASSERT(id < key_count());
  return std::span(c.key_operations)
      .subspan(c.key_offsets[id], c.key_offsets[id + 1] - c.key_offsets[id]);
}

Value History::value(ValueId id) const { return columns_->values.value(id); }
std::string_view History::encoded(ValueId id, std::string& scratch) const {
  const std::string_view pooled = columns_->values.bytes(id);
  if (!pooled.empty()) return pooled;
  scratch.clear();
  append_value(value(id), scratch);
  return scratch;
}
std::optional<ValueId> History::find(const Value& value) const {
  return columns_->values.find(value);
}
ValueId History::initial() const { return columns_->initial; }

std::span<const FaultEvent> History::faults() const { return columns_->faults; }
std::size_t History::process_count() const { return columns_->process_count; }
Nanos History::duration() const { return columns_->duration_of_run; }

std::string History::digest() const {
  const Columns& c = *columns_;
  Digest digest;
  const auto add_value = [&](ValueId id) {
    const std::string_view bytes = c.values.bytes(id);
    digest.add(bytes.empty() ? static_cast<std::uint64_t>(id) : hash64(bytes));
    digest.add(bytes.size());
  };
  std::vector<std::uint64_t> names;
  for (std::size_t i = 0; i < function_count(); ++i) {
    names.push_back(hash64(function_name(static_cast<FunctionId>(i))));
  }
  for (OpIndex i = 0; i < c.size(); ++i) {
    const Operation op = (*this)[i];
    digest.add(op.invoke_event);
    digest.add(op.complete_event);
    digest.add(static_cast<std::uint64_t>(op.invoked.count()));
    digest.add(static_cast<std::uint64_t>(op.completed.count()));
    digest.add((static_cast<std::uint64_t>(static_cast<std::uint32_t>(op.process)) << 8U) |
               static_cast<std::uint64_t>(op.outcome));
    digest.add(names[op.function]);
    add_value(op.argument);
    add_value(op.result);
    if (keyed()) {
      digest.add(op.key == no_key ? 0 : 1);
      add_value(op.key == no_key ? nil_value : c.keys[op.key]);
    }
  }
  return digest.hex();
}

std::vector<Event> History::events() const {
  const Columns& c = *columns_;
  std::vector<Event> events;
  events.reserve(c.size() * 2 + c.faults.size());
  for (OpIndex i = 0; i < c.size(); ++i) {
    const Operation op = (*this)[i];
    Event event;
    event.index = op.invoke_event;
    event.time = op.invoked;
    event.process = op.process;
    event.f = function_name(op.function);
    if (keyed() && op.key != no_key) event.key = key(op.key);
    event.value = value(op.argument);
    event.node = node(i);
    events.push_back(event);
    if (op.complete_event == no_event) continue;
    event.index = op.complete_event;
    event.time = op.completed;
    event.type = op.outcome == Outcome::ok     ? EventType::ok
                 : op.outcome == Outcome::fail ? EventType::fail
                                               : EventType::info;
    if (op.outcome == Outcome::ok || op.result != nil_value) event.value = value(op.result);
    event.error = error(i);
    events.push_back(std::move(event));
  }
  for (const FaultEvent& fault : c.faults) {
    events.push_back({.index = fault.index,
                      .time = fault.time,
                      .process = nemesis_process,
                      .type = fault.type,
                      .f = fault.f,
                      .key = std::nullopt,
                      .value = fault.value,
                      .node = {},
                      .error = fault.error});
  }
  std::sort(events.begin(), events.end(),
            [](const Event& a, const Event& b) { return a.index < b.index; });
  return events;
}

void History::Columns::index_keys() {
  const std::size_t count = keys.empty() ? 1 : keys.size();
  key_offsets.assign(count + 1, 0);
  const auto slot = [this](std::size_t i) { return keys.empty() ? KeyId{0} : key[i]; };
  for (std::size_t i = 0; i < size(); ++i) {
    if (slot(i) != no_key) ++key_offsets[slot(i) + 1];
  }
  for (std::size_t k = 0; k < count; ++k) key_offsets[k + 1] += key_offsets[k];
  key_operations.resize(key_offsets.back());
  std::vector<std::size_t> next(key_offsets.begin(), key_offsets.end() - 1);
  for (std::size_t i = 0; i < size(); ++i) {
    if (slot(i) != no_key) key_operations[next[slot(i)]++] = static_cast<OpIndex>(i);
  }
}

}  // namespace assay
