#pragma once
// Schedule: the starts and returns of one object's calls in time order, and where the frontier
// search keeps track of each call: a slot for a call that returns, free again when it has; a
// counter for each class of equal pending calls, free again when they cannot matter any more.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <queue>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "checker/linearizability/configuration.h"
#include "checker/models/model.h"

namespace assay {

/// Equal pending calls are interchangeable: only how many were used matters, the earliest first.
struct PendingClass {
  std::uint32_t representative = 0;    ///< a call
  std::vector<std::uint32_t> members;  ///< calls, by start
  std::int64_t useful_until = 0;
  CounterField field;
};

struct Schedule {
  static constexpr std::uint32_t no_class = 0xffff'ffffU;

  std::vector<std::uint32_t> starts;   ///< calls by start; pending calls that are useless are out
  std::vector<std::uint32_t> returns;  ///< calls that return, by end
  std::vector<std::uint32_t> place;    ///< by call: its slot, or its class if it is pending
  std::vector<std::uint32_t> twin;     ///< by call that returns: the class of equal pending calls
  std::vector<PendingClass> classes;
  std::size_t slots = 0;
  std::size_t counter_words = 0;
};

namespace detail {

/// First fit of bit ranges that do not cross a word's border.
class FieldAllocator {
 public:
  CounterField take(std::uint32_t width) {
    const std::uint64_t bits = (std::uint64_t{1} << width) - 1;
    for (std::uint32_t word = 0;; ++word) {
      if (word == taken_.size()) taken_.push_back(0);
      for (std::uint32_t shift = 0; shift + width <= 64; ++shift) {
        if ((taken_[word] & (bits << shift)) != 0) continue;
        taken_[word] |= bits << shift;
        return {word, shift, width};
      }
    }
  }
  void give_back(const CounterField& field) { taken_[field.word] &= ~field.mask(); }
  std::size_t words() const { return taken_.size(); }

 private:
  std::vector<std::uint64_t> taken_;
};

template <SequentialModel M>
void find_classes(const M& model, std::span<const Call<typename M::Op>> calls, Schedule& schedule) {
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> by_hash;
  const auto class_of = [&](const typename M::Op& op) {
    const auto found = by_hash.find(M::hash_of(op));
    if (found == by_hash.end()) return Schedule::no_class;
    for (const std::uint32_t c : found->second) {
      if (calls[schedule.classes[c].representative].op == op) return c;
    }
    return Schedule::no_class;
  };
  for (std::uint32_t i = 0; i < calls.size(); ++i) {
    if (!calls[i].pending() || M::effect(calls[i].op) == Effect::read ||
        model.useful_until(calls[i].op) < calls[i].start) {
      continue;
    }
    std::uint32_t c = class_of(calls[i].op);
    if (c == Schedule::no_class) {
      c = static_cast<std::uint32_t>(schedule.classes.size());
      by_hash[M::hash_of(calls[i].op)].push_back(c);
      schedule.classes.push_back({i, {}, model.useful_until(calls[i].op), {}});
    }
    schedule.place[i] = c;
    schedule.classes[c].members.push_back(i);
  }
  if (by_hash.empty()) return;
  for (std::uint32_t i = 0; i < calls.size(); ++i) {
    if (!calls[i].pending()) schedule.twin[i] = class_of(calls[i].op);
  }
}

}  // namespace detail

/// `calls` sorted by start. O(n log n).
template <SequentialModel M>
Schedule make_schedule(const M& model, std::span<const Call<typename M::Op>> calls) {
  Schedule schedule;
  schedule.place.assign(calls.size(), Schedule::no_class);
  schedule.twin.assign(calls.size(), Schedule::no_class);
  detail::find_classes(model, calls, schedule);
  for (std::uint32_t i = 0; i < calls.size(); ++i) {
    if (!calls[i].pending()) schedule.returns.push_back(i);
    if (!calls[i].pending() || schedule.place[i] != Schedule::no_class) {
      schedule.starts.push_back(i);
    }
  }
  std::stable_sort(schedule.returns.begin(), schedule.returns.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return calls[a].end < calls[b].end; });

  using Least =
      std::priority_queue<std::pair<std::int64_t, std::uint32_t>,
                          std::vector<std::pair<std::int64_t, std::uint32_t>>, std::greater<>>;
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> free_slots;
  Least retiring;
  detail::FieldAllocator fields;
  std::size_t next_return = 0;
  for (const std::uint32_t i : schedule.starts) {
    for (; next_return < schedule.returns.size(); ++next_return) {
      const std::uint32_t returned = schedule.returns[next_return];
      if (calls[returned].end >= calls[i].start) break;
      free_slots.push(schedule.place[returned]);
    }
    if (!calls[i].pending()) {
      if (free_slots.empty()) free_slots.push(static_cast<std::uint32_t>(schedule.slots++));
      schedule.place[i] = free_slots.top();
      free_slots.pop();
      continue;
    }
    PendingClass& cls = schedule.classes[schedule.place[i]];
    if (cls.members.front() != i) continue;
    // A counter is cleared at the first return after its class retired, so it may be given away
    // only once such a return lies behind.
    while (!retiring.empty() && next_return > 0 &&
           calls[schedule.returns[next_return - 1]].end > retiring.top().first) {
      fields.give_back(schedule.classes[retiring.top().second].field);
      retiring.pop();
    }
    std::uint32_t width = 2;
    while ((std::size_t{1} << (width - 1)) <= cls.members.size()) ++width;
    cls.field = fields.take(width);
    retiring.emplace(cls.useful_until, schedule.place[i]);
  }
  schedule.counter_words = fields.words();
  return schedule;
}

}  // namespace assay
