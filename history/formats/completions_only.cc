#include "history/formats/completions_only.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "history/word.h"

namespace assay {
namespace {

/// A transaction as it was asked: its reads have no values yet.
void forget_reads(Value& value) {
  auto* list = value.get_if<Value::List>();
  if (list == nullptr) return;
  for (Value& entry : *list) {
    auto* parts = entry.get_if<Value::List>();
    if (parts == nullptr || parts->size() != 3) continue;
    if (word_of(parts->front()) == "r") parts->back() = Value();
  }
}

}  // namespace

Status CompletionsOnly::add(const Event& event, EventSink& sink) {
  const bool client = event.process != nemesis_process;
  if (mode_ == Mode::undecided && client) {
    mode_ = event.type == EventType::invoke ? Mode::no : Mode::yes;
    if (mode_ == Mode::yes) {
      sink.info().real_time = RealTime::none;
      sink.note(
          "there are completions only, so that no real time is known; completion n has the events "
          "2n and 2n+1");
    }
  }
  if (mode_ == Mode::yes) return add_completion(event, sink);
  next_index_ = event.index + 1;
  const bool completes = client && event.type != EventType::invoke && event.f.empty();
  const bool transaction = event.f == "txn" || (completes && !open_.empty());
  return client && transaction ? add_transaction(event, sink) : sink.add(event);
}

Status CompletionsOnly::add_completion(const Event& event, EventSink& sink) {
  const bool client = event.process != nemesis_process;
  if (client && event.type == EventType::invoke) {
    return Error{ErrorKind::bad_data,
                 fmt::format("event {}: an invocation, but the completions before it had none",
                             event.index)};
  }
  if (event.index > std::numeric_limits<std::uint64_t>::max() / 4) {
    return Error{ErrorKind::bad_data, fmt::format("event {}: the index is too large", event.index)};
  }
  Event told = event;
  if (told.f.empty()) told.f = "txn";
  told.index = std::max(next_index_, 2 * event.index);
  next_index_ = told.index + 2;
  if (!client) return sink.add(told);
  Event asked = told;
  asked.type = EventType::invoke;
  asked.error.clear();
  if (asked.f == "read") asked.value = Value();
  if (asked.f == "txn") forget_reads(asked.value);
  if (auto status = sink.add(asked); !status) return status;
  ++told.index;
  return sink.add(told);
}

Status CompletionsOnly::add_transaction(const Event& event, EventSink& sink) {
  std::vector<Open>& open = open_[static_cast<std::int32_t>(event.process)];
  if (event.type == EventType::invoke) {
    if (open.empty()) {
      open.push_back({event.process, event.value});
      return sink.add(event);
    }
    if (!noted_) {
      sink.note(
          "a process has several transactions open at once; each but the first is taken for one of "
          "a process of its own");
    }
    noted_ = true;
    Event moved = event;
    moved.process = static_cast<ProcessId>(spare_process_++);
    open.push_back({moved.process, event.value});
    return sink.add(moved);
  }
  if (open.empty() || (open.size() == 1 && open.front().process == event.process)) {
    open.clear();
    return sink.add(event);
  }
  Value asked = event.value;
  forget_reads(asked);
  const auto match = std::find_if(open.begin(), open.end(),
                                  [&asked](const Open& one) { return one.asked == asked; });
  if (match == open.end()) {
    return Error{ErrorKind::bad_data,
                 fmt::format("event {}: process {} has {} operations open, and this completes none "
                             "of them",
                             event.index, static_cast<std::int32_t>(event.process), open.size())};
  }
  Event moved = event;
  moved.process = match->process;
  open.erase(match);
  return sink.add(moved);
}

}  // namespace assay
