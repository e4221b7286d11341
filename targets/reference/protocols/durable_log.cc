#include "targets/reference/protocols/durable_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.h"

namespace assay::reference {
namespace {

constexpr std::size_t batch_bytes_max = 512 * 1024;

std::size_t rough_bytes(const Entry& entry) {
  return 32 + weight_of(entry.command.key) + weight_of(entry.command.value) +
         weight_of(entry.command.expected);
}

}  // namespace

void DurableLog::recover(Recovered recovered) {
  hard_state_ = recovered.hard_state;
  snapshot_ = std::move(recovered.snapshot);
  entries_ = std::move(recovered.entries);
  durable_ = last();
}

void DurableLog::set_hard_state(HardState state) {
  if (state == hard_state_) return;
  hard_state_ = state;
  state_dirty_ = true;
}

Term DurableLog::term_at(LogIndex index) const {
  return index == base() ? snapshot_.term : at(index).term;
}

const Entry& DurableLog::at(LogIndex index) const {
  ASSAY_ASSERT(index > base());
  ASSAY_ASSERT(index <= last());
  return entries_[index - base() - 1];
}

std::vector<Entry> DurableLog::batch(LogIndex from, LogIndex to, std::size_t entries_max) const {
  std::vector<Entry> entries;
  std::size_t bytes = 0;
  for (LogIndex index = from; index <= to; ++index) {
    bytes += rough_bytes(at(index));
    if (!entries.empty() && (bytes > batch_bytes_max || entries.size() == entries_max)) break;
    entries.push_back(at(index));
  }
  return entries;
}

LogIndex DurableLog::append(Entry entry) {
  entries_.push_back(std::move(entry));
  if (first_dirty_ == 0) first_dirty_ = last();
  return last();
}

void DurableLog::truncate_from(LogIndex index) {
  ASSAY_ASSERT(index > base());
  if (index > last()) return;
  entries_.resize(index - base() - 1);
  first_dirty_ = first_dirty_ == 0 ? index : std::min(first_dirty_, index);
  durable_ = std::min(durable_, index - 1);
  for (auto& issued : issued_) issued.last = std::min(issued.last, index - 1);
}

void DurableLog::compact(Snapshot snapshot) {
  ASSAY_ASSERT(snapshot.index > base());
  const bool follows = snapshot.index <= last() && term_at(snapshot.index) == snapshot.term;
  const auto gone = follows ? static_cast<std::ptrdiff_t>(snapshot.index - base())
                            : static_cast<std::ptrdiff_t>(entries_.size());
  if (!follows) {
    // What was durable of the old log says nothing of the new one.
    durable_ = std::min(durable_, snapshot.index);
    for (auto& issued : issued_) issued.last = std::min(issued.last, base());
  }
  entries_.erase(entries_.begin(), entries_.begin() + gone);
  snapshot_ = std::move(snapshot);
  snapshot_dirty_ = true;
  first_dirty_ = 0;
}

void DurableLog::send_when_durable(NodeId to, Message message) {
  defer(wait_for_log_, dirty() ? issued_token_ + 1 : issued_token_, to, std::move(message));
}

void DurableLog::send_when_state_durable(NodeId to, Message message) {
  defer(wait_for_state_, state_dirty_ ? issued_token_ + 1 : state_token_, to, std::move(message));
}

void DurableLog::defer(Queue& queue, WriteToken needs, NodeId to, Message message) {
  ASSAY_ASSERT(queue.empty() || queue.back().needs <= needs);
  queue.push_back({needs, deferred_++, {to, std::move(message)}});
}

void DurableLog::written(WriteToken token) {
  ASSAY_ASSERT(token <= issued_token_);
  durable_token_ = std::max(durable_token_, token);
  while (!issued_.empty() && issued_.front().token <= token) {
    durable_ = std::max(durable_, issued_.front().last);
    issued_.pop_front();
  }
}

void DurableLog::flush(Effects& out) {
  if (dirty()) {
    Write write;
    write.token = ++issued_token_;
    if (state_dirty_ || snapshot_dirty_) {
      write.hard_state = hard_state_;
      state_token_ = issued_token_;
    }
    if (snapshot_dirty_) {
      write.snapshot = snapshot_;
      first_dirty_ = base() + 1;
    }
    if (first_dirty_ != 0) {
      write.first = first_dirty_;
      const auto from =
          std::next(entries_.begin(), static_cast<std::ptrdiff_t>(first_dirty_ - base() - 1));
      write.entries.assign(from, entries_.end());
    }
    issued_.push_back({issued_token_, last()});
    state_dirty_ = false;
    snapshot_dirty_ = false;
    first_dirty_ = 0;
    out.writes.push_back(std::move(write));
  }
  while (is_ready(wait_for_log_) || is_ready(wait_for_state_)) {
    // In the order in which they were asked for.
    const bool state =
        is_ready(wait_for_state_) &&
        (!is_ready(wait_for_log_) || wait_for_state_.front().order < wait_for_log_.front().order);
    Queue& queue = state ? wait_for_state_ : wait_for_log_;
    out.messages.push_back(std::move(queue.front().send));
    queue.pop_front();
  }
}

}  // namespace assay::reference
