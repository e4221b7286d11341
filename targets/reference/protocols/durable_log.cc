#include "targets/reference/protocols/durable_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.h"

namespace assay::reference {
namespace {

constexpr std::size_t batch_entries_max = 1024;
constexpr std::size_t batch_bytes_max = 512 * 1024;

std::size_t rough_bytes(const Entry& entry) {
  return 32 + weight_of(entry.command.key) + weight_of(entry.command.value) +
         weight_of(entry.command.expected);
}

}  // namespace

void DurableLog::recover(Recovered recovered) {
  hard_state_ = recovered.hard_state;
  entries_ = std::move(recovered.entries);
  durable_ = last();
}

void DurableLog::set_hard_state(HardState state) {
  if (state == hard_state_) return;
  hard_state_ = state;
  state_dirty_ = true;
}

Term DurableLog::term_at(LogIndex index) const { return index == 0 ? 0 : at(index).term; }

const Entry& DurableLog::at(LogIndex index) const {
  ASSAY_ASSERT(index >= 1);
  ASSAY_ASSERT(index <= last());
  return entries_[index - 1];
}

std::vector<Entry> DurableLog::batch(LogIndex from, LogIndex to) const {
  std::vector<Entry> entries;
  std::size_t bytes = 0;
  for (LogIndex index = from; index <= to; ++index) {
    bytes += rough_bytes(at(index));
    if (!entries.empty() && (bytes > batch_bytes_max || entries.size() == batch_entries_max)) break;
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
  ASSAY_ASSERT(index >= 1);
  if (index > last()) return;
  entries_.resize(index - 1);
  first_dirty_ = first_dirty_ == 0 ? index : std::min(first_dirty_, index);
  durable_ = std::min(durable_, index - 1);
  for (auto& issued : issued_) issued.last = std::min(issued.last, index - 1);
}

void DurableLog::send_when_durable(NodeId to, Message message) {
  deferred_.push_back({dirty() ? issued_token_ + 1 : issued_token_, {to, std::move(message)}});
}

void DurableLog::send_when_state_durable(NodeId to, Message message) {
  deferred_.push_back({state_dirty_ ? issued_token_ + 1 : state_token_, {to, std::move(message)}});
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
    if (state_dirty_) {
      write.hard_state = hard_state_;
      state_token_ = issued_token_;
    }
    if (first_dirty_ != 0) {
      write.first = first_dirty_;
      const auto from = std::next(entries_.begin(), static_cast<std::ptrdiff_t>(first_dirty_ - 1));
      write.entries.assign(from, entries_.end());
    }
    issued_.push_back({issued_token_, last()});
    state_dirty_ = false;
    first_dirty_ = 0;
    out.writes.push_back(std::move(write));
  }
  const auto waits = [this](const Deferred& d) { return d.needs > durable_token_; };
  const auto first_waiting = std::stable_partition(deferred_.begin(), deferred_.end(),
                                                   [&](const Deferred& d) { return !waits(d); });
  for (auto it = deferred_.begin(); it != first_waiting; ++it) {
    out.messages.push_back(std::move(it->send));
  }
  deferred_.erase(deferred_.begin(), first_waiting);
}

}  // namespace assay::reference
