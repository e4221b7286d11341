#include <utility>

#include "checker/streaming/frontier_stream.h"

namespace assay {
namespace {

/// The guard bit of a counter stays free.
constexpr std::uint64_t count_max = 127;

}  // namespace

StreamSearch::StreamSearch(const StreamValue& initial) {
  Entry first;
  first.state = initial;
  frontier_.insert(first, hash(first.state), reads_, guards_);
}

bool StreamSearch::step(StreamValue& state, const StreamOp& op) {
  if (op.observes() && !(op.observed() == state)) return false;
  state = op.value;
  return true;
}

bool StreamSearch::start(const StreamCall& call) {
  std::size_t slot = 0;
  while (slot < slots_max && taken_.has(slot)) ++slot;
  if (slot == slots_max) return false;
  if (slot >= slots_.size()) {
    slots_.resize(slot + 1);
    shadow_.resize(slot + 1);
  }
  // Of equal open calls the first to return goes first.
  shadow_[slot] = {};
  taken_.each([&](std::size_t other) {
    if (!(slots_[other].op == call.op)) return;
    if (slots_[other].end <= call.end) {
      shadow_[slot].set(other);
    } else {
      shadow_[other].set(slot);
    }
  });
  slots_[slot] = call;
  taken_.set(slot);
  switch (call.op.function) {
    case RegisterFunction::read:
      reads_.set(slot);
      for (Entry& entry : frontier_.entries()) place_reads(entry);
      break;
    case RegisterFunction::write:
      overwrites_.set(slot);
      break;
    case RegisterFunction::cas:
      updates_.set(slot);
      break;
  }
  return true;
}

bool StreamSearch::start_pending(const StreamOp& op) {
  std::size_t free = classes_.size();
  for (std::size_t c = 0; c < classes_.size(); ++c) {
    PendingClass& cls = classes_[c];
    if (cls.available == 0) free = std::min(free, c);
    if (cls.available == 0 || !(cls.op == op)) continue;
    if (cls.available < count_max) {
      ++cls.available;
    } else {
      cls.clipped = true;
    }
    return true;
  }
  if (free == classes_max) return false;
  if (free == classes_.size()) classes_.emplace_back();
  classes_[free] = {op, 1, false};
  guards_[field(free).word] |= field(free).guard();
  return true;
}

void StreamSearch::forget_used() {
  for (std::size_t c = 0; c < classes_.size(); ++c) {
    PendingClass& cls = classes_[c];
    if (cls.available == 0) continue;
    std::uint64_t least = cls.available;
    for (const Entry& entry : frontier_.entries()) least = std::min(least, entry.count(field(c)));
    if (least == 0) continue;
    for (Entry& entry : frontier_.entries()) entry.used[field(c).word] -= least << field(c).shift;
    cls.available -= least;
    if (cls.available == 0) guards_[field(c).word] &= ~field(c).guard();
  }
}

const StreamValue* StreamSearch::certain() const {
  if (frontier_.size() != 1 || !taken_.none()) return nullptr;
  for (const PendingClass& cls : classes_) {
    if (cls.available != 0) return nullptr;
  }
  return &frontier_.entries().front().state;
}

void StreamSearch::place_reads(Entry& entry) const {
  (reads_ - entry.done).each([&](std::size_t slot) {
    if (slots_[slot].op.value == entry.state) entry.done.set(slot);
  });
}

bool StreamSearch::complete(const StreamCall& call, const SearchLimits& limits) {
  std::size_t slot = 0;
  while (!taken_.has(slot) || slots_[slot].token != call.token ||
         slots_[slot].start != call.start || !(slots_[slot].op == call.op)) {
    ++slot;
  }
  next_.clear();
  explored_.clear();
  missed_clipped_ = false;
  for (auto& level : levels_) level.clear();
  for (const Entry& entry : frontier_.entries()) {
    const std::size_t level = level_of(entry);
    if (level >= levels_.size()) levels_.resize(level + 1);
    levels_[level].push_back(entry);
  }
  came_in_.clear();
  for (const auto& level : levels_) came_in_.push_back(level.size());
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    for (std::size_t i = 0; i < levels_[level].size(); ++i) {
      if ((++steps_ & 1023U) == 0 && limit_reached(limits)) return false;
      const Entry entry = levels_[level][i];
      if (entry.done.has(slot)) {
        settle(entry, slot);
        continue;
      }
      // An entry reached with this call free is the same as one that places it now and goes on.
      if (entry.free.has(slot) && level < came_in_.size() && i < came_in_[level]) {
        settle(entry, slot);
      }
      expand(entry, slot, level);
    }
  }
  std::swap(frontier_, next_);
  taken_.clear(slot);
  reads_.clear(slot);
  updates_.clear(slot);
  overwrites_.clear(slot);
  taken_.each([&](std::size_t other) { shadow_[other].clear(slot); });
  if (frontier_.empty() && missed_clipped_) {
    stopped_ = "more than 127 equal indeterminate operations may still take effect";
  }
  return !frontier_.empty();
}

std::size_t StreamSearch::level_of(const Entry& entry) const {
  std::size_t used = 0;
  for (std::size_t c = 0; c < classes_.size(); ++c) used += entry.count(field(c));
  return used;
}

void StreamSearch::settle(Entry entry, std::size_t slot) {
  entry.done.clear(slot);
  entry.free.clear(slot);
  Slots reads = reads_;
  reads.clear(slot);
  next_.insert(entry, hash(entry.state), reads, guards_);
}

void StreamSearch::reach(const Entry& entry, std::size_t slot, std::size_t level) {
  if (entry.done.has(slot)) {
    settle(entry, slot);
    return;
  }
  if (!explored_.insert(entry, hash(entry.state), reads_, guards_)) return;
  if (level >= levels_.size()) levels_.resize(level + 1);
  levels_[level].push_back(entry);
}

void StreamSearch::expand(const Entry& entry, std::size_t slot, std::size_t level) {
  if (!reads_.has(slot) && (shadow_[slot] - entry.done).none()) {
    Entry after = entry;
    if (placed(after, slot)) settle(after, slot);
  }
  const Slots mutations = (updates_ | overwrites_) - entry.done;
  mutations.each([&](std::size_t other) {
    if (other == slot || !(shadow_[other] - entry.done).none()) return;
    if (overwrites_.has(other) && !is_visible(entry, slots_[other].op)) return;
    Entry after = entry;
    if (placed(after, other)) reach(after, slot, level);
  });
  for (std::size_t c = 0; c < classes_.size(); ++c) {
    const PendingClass& cls = classes_[c];
    if (entry.count(field(c)) >= cls.available) {
      missed_clipped_ = missed_clipped_ || cls.clipped;
      continue;
    }
    Entry after = entry;
    if (!step(after.state, cls.op)) continue;
    bool twin_goes_first = false;
    mutations.each([&](std::size_t other) {
      twin_goes_first = twin_goes_first || slots_[other].op == cls.op;
    });
    if (twin_goes_first) continue;
    const bool overwrites = cls.op.function == RegisterFunction::write;
    if (overwrites && !is_visible(entry, cls.op)) continue;
    after.used[field(c).word] += std::uint64_t{1} << field(c).shift;
    if (overwrites) after.free = overwrites_ - after.done;
    place_reads(after);
    reach(after, slot, level + 1);
  }
}

/// Places the call in `slot` next, if the state allows it.
bool StreamSearch::placed(Entry& entry, std::size_t slot) const {
  if (!step(entry.state, slots_[slot].op)) return false;
  entry.done.set(slot);
  entry.free.clear(slot);
  if (overwrites_.has(slot)) entry.free = overwrites_ - entry.done;
  place_reads(entry);
  return true;
}

/// Can something open tell that the overwrite `op` came next?
bool StreamSearch::is_visible(const Entry& entry, const StreamOp& op) const {
  bool visible = false;
  ((reads_ | updates_) - entry.done).each([&](std::size_t slot) {
    visible = visible || slots_[slot].op.observed() == op.value;
  });
  for (std::size_t c = 0; c < classes_.size() && !visible; ++c) {
    const PendingClass& cls = classes_[c];
    visible = cls.op.function == RegisterFunction::cas && cls.op.expected == op.value &&
              entry.count(field(c)) < cls.available;
  }
  return visible;
}

bool StreamSearch::limit_reached(const SearchLimits& limits) {
  if (limits.time_is_up()) {
    stopped_ = "the time ran out";
  } else if (limits.memory_bytes != 0 && bytes() > limits.memory_bytes) {
    stopped_ = "the memory limit was reached";
  }
  return !stopped_.empty();
}

}  // namespace assay
