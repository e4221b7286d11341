// History: reading the columns back.
#include "history/history.h"

#include <algorithm>
#include <array>
#include <functional>
#include <queue>
#include <utility>

#include "base/assert.h"
#include "history/codec.h"
#include "history/digest.h"
#include "history/rows.h"

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
std::size_t History::size() const { return columns_->rows.size(); }

Operation History::operator[](OpIndex index) const {
  const Columns& c = *columns_;
  ASSAY_ASSERT(index < c.rows.size());
  const std::uint64_t after = c.rows.completed_after(index);
  const std::uint64_t invoke_event = c.rows.invoke_event(index);
  return {.index = index,
          .invoke_event = invoke_event,
          .complete_event = after == 0 ? no_event : invoke_event + after,
          .invoked = Nanos(c.rows.invoked(index)),
          .completed = after == 0 ? unknown_time : Nanos(c.rows.completed(index)),
          .process = c.rows.process(index),
          .outcome = c.rows.outcome(index),
          .function = c.rows.function(index),
          .key = key_of(index),
          .argument = c.rows.argument(index),
          .result = c.rows.result(index)};
}

void History::prefetch(OpIndex index) const {
  if (index < columns_->rows.size()) columns_->rows.prefetch(index);
}

History::Interval History::interval(OpIndex index) const {
  const Rows& rows = columns_->rows;
  ASSAY_ASSERT(index < rows.size());
  const bool open = rows.outcome(index) == Outcome::info;
  if (columns_->info.real_time == RealTime::time) {
    return {rows.invoked(index), open ? never : rows.completed(index)};
  }
  const std::uint64_t start = rows.invoke_event(index);
  return {static_cast<std::int64_t>(start),
          open ? never : static_cast<std::int64_t>(start + rows.completed_after(index))};
}

ProcessId History::process(OpIndex index) const { return columns_->rows.process(index); }
Outcome History::outcome(OpIndex index) const { return columns_->rows.outcome(index); }
FunctionId History::function(OpIndex index) const { return columns_->rows.function(index); }
KeyId History::key_of(OpIndex index) const {
  return columns_->keys.empty() ? 0 : columns_->rows.key(index);
}
ValueId History::argument(OpIndex index) const { return columns_->rows.argument(index); }
ValueId History::result(OpIndex index) const { return columns_->rows.result(index); }
std::uint64_t History::invoke_event(OpIndex index) const {
  return columns_->rows.invoke_event(index);
}

std::string_view History::node(OpIndex index) const {
  const std::uint32_t node = columns_->rows.node(index);
  return node == 0 ? std::string_view() : columns_->nodes[node - 1];
}
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
  return {c.key_operations.get() + c.key_offsets[id], c.key_offsets[id + 1] - c.key_offsets[id]};
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
  for (OpIndex i = 0; i < c.rows.size(); ++i) {
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

void History::for_each_event(const std::function<void(const Event&)>& visit) const {
  const Columns& c = *columns_;
  // Completions wait here for the invocations before them: by event, earliest first.
  using Waiting = std::pair<std::uint64_t, OpIndex>;
  std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> waiting;
  auto fault = c.faults.begin();
  Event event;
  const auto set_common = [&](OpIndex i) {
    event.process = c.rows.process(i);
    event.f = function_name(c.rows.function(i));
    if (keyed() && c.rows.key(i) != no_key) {
      if (!event.key) event.key.emplace();
      c.values.get(c.keys[c.rows.key(i)], *event.key);
    } else {
      event.key.reset();
    }
    event.node = node(i);
  };
  const auto visit_before = [&](std::uint64_t limit) {
    while (true) {
      const std::uint64_t completion = waiting.empty() ? no_event : waiting.top().first;
      const std::uint64_t faulty = fault == c.faults.end() ? no_event : fault->index;
      if (std::min(completion, faulty) >= limit) return;
      if (faulty < completion) {
        visit({.index = fault->index,
               .time = fault->time,
               .process = nemesis_process,
               .type = fault->type,
               .f = fault->f,
               .key = std::nullopt,
               .value = fault->value,
               .node = {},
               .error = fault->error});
        ++fault;
        continue;
      }
      const OpIndex i = waiting.top().second;
      waiting.pop();
      const Outcome outcome = c.rows.outcome(i);
      set_common(i);
      event.index = completion;
      event.time = Nanos(c.rows.completed(i));
      event.type = outcome == Outcome::ok     ? EventType::ok
                   : outcome == Outcome::fail ? EventType::fail
                                              : EventType::info;
      const ValueId result = c.rows.result(i);
      c.values.get(outcome == Outcome::ok || result != nil_value ? result : c.rows.argument(i),
                   event.value);
      event.error = error(i);
      visit(event);
      event.error.clear();
    }
  };
  for (OpIndex i = 0; i < c.rows.size(); ++i) {
    const std::uint64_t index = c.rows.invoke_event(i);
    visit_before(index);
    set_common(i);
    event.index = index;
    event.time = Nanos(c.rows.invoked(i));
    event.type = EventType::invoke;
    c.values.get(c.rows.argument(i), event.value);
    visit(event);
    const std::uint64_t after = c.rows.completed_after(i);
    if (after != 0) waiting.emplace(index + after, i);
  }
  visit_before(no_event);
}

std::vector<Event> History::events() const {
  std::vector<Event> events;
  events.reserve(size() * 2 + faults().size());
  for_each_event([&](const Event& event) { events.push_back(event); });
  return events;
}

void History::Columns::index_keys() {
  const std::size_t count = keys.empty() ? 1 : keys.size();
  key_offsets.assign(count + 1, 0);
  if (keys.empty()) key_counts.assign(1, static_cast<OpIndex>(rows.size()));
  for (std::size_t k = 0; k < count; ++k) key_offsets[k + 1] = key_offsets[k] + key_counts[k];
  key_counts = {};
  key_operations = PlainArray<OpIndex>(key_offsets.back());
  std::vector<std::size_t> next(key_offsets.begin(), key_offsets.end() - 1);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const KeyId key = keys.empty() ? 0 : rows.key(i);
    if (key != no_key) key_operations[next[key]++] = static_cast<OpIndex>(i);
  }
}

}  // namespace assay
