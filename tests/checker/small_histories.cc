#include "small_histories.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <tuple>

namespace assay {
namespace {

void extend(std::size_t n, Shape& shape, std::vector<std::size_t>& open, std::int64_t now,
            std::vector<Shape>& result) {
  if (shape.start.size() == n && open.empty()) {
    result.push_back(shape);
    return;
  }
  if (shape.start.size() < n) {
    Shape next = shape;
    next.start.push_back(now);
    next.end.push_back(-1);
    auto still_open = open;
    still_open.push_back(shape.start.size());
    extend(n, next, still_open, now + 1, result);
  }
  for (std::size_t i = 0; i < open.size(); ++i) {
    Shape next = shape;
    next.end[open[i]] = now;
    auto still_open = open;
    still_open.erase(still_open.begin() + static_cast<std::ptrdiff_t>(i));
    extend(n, next, still_open, now + 1, result);
  }
}

/// Which operations precede which, in a form that does not depend on their numbers: by operation,
/// how many it precedes and how many precede it. For interval orders these pairs determine it.
std::vector<std::pair<int, int>> order_type(const Shape& shape) {
  std::vector<std::pair<int, int>> type;
  for (std::size_t i = 0; i < shape.start.size(); ++i) {
    int before = 0;
    int after = 0;
    for (std::size_t j = 0; j < shape.start.size(); ++j) {
      if (shape.end[i] < shape.start[j]) ++after;
      if (shape.end[j] < shape.start[i]) ++before;
    }
    type.emplace_back(before, after);
  }
  std::sort(type.begin(), type.end());
  return type;
}

}  // namespace

std::vector<Shape> all_shapes(std::size_t n) {
  std::vector<Shape> matchings;
  Shape shape;
  std::vector<std::size_t> open;
  extend(n, shape, open, 0, matchings);
  std::vector<std::vector<std::pair<int, int>>> seen;
  std::vector<Shape> result;
  for (const Shape& matching : matchings) {
    auto type = order_type(matching);
    if (std::find(seen.begin(), seen.end(), type) != seen.end()) continue;
    seen.push_back(std::move(type));
    result.push_back(matching);
  }
  return result;
}

std::vector<RegisterCall> random_calls(Random& random, const RandomCalls& options) {
  std::vector<RegisterCall> calls(options.count);
  std::int64_t now = 0;
  for (auto& call : calls) {
    now += random.between(0, 2);
    call.start = now;
    call.end = now + random.between(0, 2 * options.length);
  }
  // The simulated register: each call takes effect at a random instant of its interval.
  std::vector<std::pair<std::int64_t, std::size_t>> effects;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    effects.emplace_back(random.between(calls[i].start, calls[i].end), i);
  }
  std::sort(effects.begin(), effects.end());
  std::uint32_t state = 0;
  std::uint32_t next_value = 0;
  std::vector<bool> dropped(calls.size(), false);
  for (const auto& effect : effects) {
    RegisterCall& call = calls[effect.second];
    const auto any_value = [&] { return static_cast<std::uint32_t>(random.below(options.values)); };
    const auto fresh = [&] { return options.unique ? ++next_value : any_value(); };
    const bool pending = random.chance(options.pending);
    if (pending) call.end = never;
    const bool happens = !pending || random.chance(0.5);
    const double kind = random.unit();
    if (kind < options.cas) {
      call.op = {fresh(), random.chance(0.8) ? state : any_value(), RegisterFunction::cas};
      if (call.op.expected != state && !pending) dropped[effect.second] = true;
      if (happens && call.op.expected == state) state = call.op.value;
    } else if (kind < options.cas + (1 - options.cas) * 0.45) {
      call.op = {fresh(), 0, RegisterFunction::write};
      if (happens) state = call.op.value;
    } else {
      call.op = {random.chance(options.wrong) ? any_value() : state, 0, RegisterFunction::read};
      if (pending) dropped[effect.second] = true;
    }
    // A cas that failed is dropped, unless the register is to be wrong.
    if (call.op.function == RegisterFunction::cas && random.chance(options.wrong)) {
      dropped[effect.second] = false;
    }
  }
  std::vector<RegisterCall> kept;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (dropped[i]) continue;
    kept.push_back(calls[i]);
    kept.back().event = i;
  }
  return kept;
}

std::vector<RegisterCall> searchable(std::vector<RegisterCall> calls) {
  std::stable_sort(calls.begin(), calls.end(),
                   [](const RegisterCall& a, const RegisterCall& b) { return a.start < b.start; });
  std::vector<std::uint32_t> needed;
  const auto is_needed = [&](std::uint32_t v) {
    return std::find(needed.begin(), needed.end(), v) != needed.end();
  };
  for (const auto& call : calls) {
    if (!call.pending() && call.op.observes()) needed.push_back(call.op.observed());
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& call : calls) {
      if (!call.pending() || !is_needed(call.op.value) || !call.op.observes()) continue;
      if (is_needed(call.op.observed())) continue;
      needed.push_back(call.op.observed());
      changed = true;
    }
  }
  std::erase_if(
      calls, [&](const RegisterCall& call) { return call.pending() && !is_needed(call.op.value); });
  return calls;
}

History as_history(const std::vector<std::vector<RegisterCall>>& keys, bool keyed,
                   std::vector<std::vector<std::uint64_t>>* event_of) {
  struct Mark {
    std::int64_t time;
    bool is_end;
    std::size_t key;
    std::size_t call;
  };
  std::vector<Mark> marks;
  std::vector<std::size_t> first_process;
  std::size_t processes = 0;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    first_process.push_back(processes);
    processes += keys[k].size();
    for (std::size_t i = 0; i < keys[k].size(); ++i) {
      marks.push_back({keys[k][i].start, false, k, i});
      if (!keys[k][i].pending()) marks.push_back({keys[k][i].end, true, k, i});
    }
  }
  std::stable_sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) {
    return std::tie(a.time, a.is_end) < std::tie(b.time, b.is_end);
  });
  HistoryInfo info;
  info.initial = Value(0);
  info.initial_declared = true;
  info.real_time = RealTime::time;
  HistoryBuilder builder(std::move(info));
  if (event_of != nullptr) {
    event_of->clear();
    for (const auto& calls : keys) event_of->emplace_back(calls.size());
  }
  std::uint64_t index = 0;
  for (const Mark& mark : marks) {
    const RegisterOp& op = keys[mark.key][mark.call].op;
    Event event;
    event.index = index++;
    event.time = Nanos(mark.time);
    event.process = static_cast<ProcessId>(first_process[mark.key] + mark.call);
    event.type = mark.is_end ? EventType::ok : EventType::invoke;
    if (keyed) event.key = Value(static_cast<std::int64_t>(mark.key));
    if (op.function == RegisterFunction::cas) {
      event.f = "cas";
      event.value = Value::List{Value(std::int64_t{op.expected}), Value(std::int64_t{op.value})};
    } else {
      event.f = op.function == RegisterFunction::read ? "read" : "write";
      if (mark.is_end || event.f == "write") event.value = Value(std::int64_t{op.value});
    }
    if (event_of != nullptr && !mark.is_end) (*event_of)[mark.key][mark.call] = event.index;
    const Status status = builder.add(event);
    ASSAY_ASSERT(status.ok());
  }
  return std::move(builder.finish()).value();
}

}  // namespace assay
