#include "object_oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace assay::oracle {
namespace {

using State = std::vector<int>;

bool is_container(std::string_view datatype) {
  return datatype == "queue" || datatype == "fifo-queue" || datatype == "stack" ||
         datatype == "priority-queue";
}
bool is_set(std::string_view datatype) { return datatype == "set" || datatype == "set-reads"; }
bool is_lock(std::string_view datatype) {
  return datatype == "mutex" || datatype == "semaphore" || datatype == "owned-mutex" ||
         datatype == "fenced-lock";
}
/// Few processes, each with one operation after the other.
bool by_process(std::string_view datatype) {
  return is_lock(datatype) || datatype == "lease" || datatype == "leader-election" ||
         datatype == "fencing";
}

/// Where the next element to leave lies; a bag leaves the choice: `wanted`.
std::size_t next_out(std::string_view datatype, const State& state, int wanted) {
  if (datatype == "fifo-queue") return 0;
  if (datatype == "stack") return state.size() - 1;
  if (datatype == "priority-queue") {
    return static_cast<std::size_t>(std::min_element(state.begin(), state.end()) - state.begin());
  }
  return static_cast<std::size_t>(std::find(state.begin(), state.end(), wanted) - state.begin());
}

void step_container(std::string_view datatype, const Op& op, State state,
                    std::vector<State>& next) {
  if (op.kind == Kind::put) {
    state.push_back(op.argument);
    next.push_back(std::move(state));
    return;
  }
  if (state.empty()) {
    if (op.pending() || op.result == none) next.push_back(std::move(state));
    return;
  }
  std::vector<int> wanted{op.result};
  if (op.pending()) wanted = datatype == "queue" ? state : State{untold};
  for (const int value : wanted) {
    const std::size_t at = next_out(datatype, state, value);
    if (at == state.size() || (!op.pending() && state[at] != op.result)) continue;
    State left = state;
    if (op.kind == Kind::take) left.erase(left.begin() + static_cast<std::ptrdiff_t>(at));
    next.push_back(std::move(left));
  }
}

void step_set(const Op& op, State state, std::vector<State>& next) {
  const auto at = std::find(state.begin(), state.end(), op.argument);
  const bool present = at != state.end();
  const bool told = !op.pending() && op.result != untold;
  switch (op.kind) {
    case Kind::put:
      if (told && (op.result == 1) == present) return;
      if (!present) state.push_back(op.argument);
      break;
    case Kind::take:
      if (told && (op.result == 1) != present) return;
      if (present) state.erase(at);
      break;
    case Kind::ask:
      if (told && (op.result == 1) != present) return;
      break;
    case Kind::all: {
      State seen = op.many;
      std::sort(seen.begin(), seen.end());
      std::sort(state.begin(), state.end());
      if (!op.pending() && seen != state) return;
      break;
    }
  }
  std::sort(state.begin(), state.end());
  next.push_back(std::move(state));
}

/// [held or holder + 1, last token]
void step_lock(std::string_view datatype, const Op& op, State state, std::vector<State>& next) {
  state.resize(2, 0);
  const bool owned = datatype == "owned-mutex" || datatype == "fenced-lock";
  const int most = datatype == "semaphore" ? 2 : 1;
  if (op.kind == Kind::put) {
    if (owned ? state[0] != 0 : state[0] == most) return;
    state[0] = owned ? op.process + 1 : state[0] + 1;
    if (datatype == "fenced-lock" && !op.pending()) {
      if (op.result <= state[1]) return;
      state[1] = op.result;
    }
  } else {
    if (owned ? state[0] != op.process + 1 : state[0] == 0) return;
    state[0] = owned ? 0 : state[0] - 1;
  }
  next.push_back(std::move(state));
}

/// [holder + 1, until when it is safe, now]
void step_lease(const Op& op, State state, std::vector<State>& next) {
  state.resize(3, 0);
  state[2] = std::max(state[2], static_cast<int>(op.start));
  const int until = static_cast<int>(op.start) + op.argument;
  const bool own = state[0] == op.process + 1;
  const bool other = state[0] != 0 && !own;
  if (op.kind == Kind::take) {
    if (own) state[0] = 0;
  } else if (op.kind == Kind::ask) {
    if (!own) return;
    state[1] = std::max(state[1], until);
  } else {
    if (other) state[2] = std::max(state[2], state[1]);
    state[1] = own ? std::max(state[1], until) : until;
    state[0] = op.process + 1;
  }
  if (op.pending() || state[2] <= op.end) next.push_back(std::move(state));
}

/// By term 1, 2, …: its leader + 1; then by process the latest term it saw.
void step_election(const Op& op, State state, std::vector<State>& next) {
  constexpr std::size_t terms = 8;
  state.resize(terms + 4, 0);
  if (op.pending() || op.result == none) {
    next.push_back(std::move(state));
    return;
  }
  int& leader = state[static_cast<std::size_t>(op.result)];
  int& seen = state[terms + static_cast<std::size_t>(op.process)];
  if (leader != 0 && leader != op.argument + 1) return;
  if (seen > op.result) return;
  leader = op.argument + 1;
  seen = op.result;
  next.push_back(std::move(state));
}

/// [last token granted, largest token used]
void step_fencing(const Op& op, State state, std::vector<State>& next) {
  state.resize(2, 0);
  if (op.kind == Kind::put && !op.pending()) {
    if (op.result <= state[0]) return;
    state[0] = op.result;
  } else if (op.kind == Kind::ask) {
    if (op.argument < state[1]) return;
    state[1] = op.argument;
  }
  next.push_back(std::move(state));
}

void step_log(const Op& op, State state, std::vector<State>& next) {
  if (op.kind == Kind::put) {
    if (!op.pending() && op.result != static_cast<int>(state.size())) return;
    state.push_back(op.argument);
    next.push_back(std::move(state));
    return;
  }
  const auto from = static_cast<std::ptrdiff_t>(
      std::min<std::size_t>(static_cast<std::size_t>(op.argument), state.size()));
  if (op.pending() || State(state.begin() + from, state.end()) == op.many) {
    next.push_back(std::move(state));
  }
}

void step(std::string_view datatype, const Op& op, const State& state, std::vector<State>& next) {
  if (is_container(datatype)) return step_container(datatype, op, state, next);
  if (is_set(datatype)) return step_set(op, state, next);
  if (is_lock(datatype)) return step_lock(datatype, op, state, next);
  if (datatype == "log") return step_log(op, state, next);
  if (datatype == "lease") return step_lease(op, state, next);
  if (datatype == "leader-election") return step_election(op, state, next);
  if (datatype == "fencing") return step_fencing(op, state, next);
  State sum = state.empty() ? State{0} : state;  // a counter
  if (op.kind == Kind::put) sum[0] += op.argument;
  if (op.kind == Kind::put || op.pending() || op.result == sum[0]) next.push_back(std::move(sum));
}

bool complete(std::string_view datatype, const std::vector<Op>& ops, std::uint32_t placed,
              const State& state) {
  bool all = true;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const bool open = (placed & (1U << i)) == 0 && !ops[i].failed;
    if (open && !ops[i].pending()) all = false;
  }
  if (all) return true;
  std::vector<State> next;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    if ((placed & (1U << i)) != 0 || ops[i].failed) continue;
    bool first = true;
    for (std::size_t j = 0; j < ops.size(); ++j) {
      const bool open = (placed & (1U << j)) == 0 && !ops[j].failed;
      if (open && ops[j].end < ops[i].start) first = false;
    }
    if (!first) continue;
    next.clear();
    step(datatype, ops[i], state, next);
    for (const State& state_after : std::vector<State>(next)) {
      if (complete(datatype, ops, placed | (1U << i), state_after)) return true;
    }
  }
  return false;
}

/// What the operation returns if it takes effect in this state.
void answer(std::string_view datatype, Random& random, State& state, Op& op, int& fresh) {
  std::vector<State> next;
  if (is_container(datatype) && op.kind != Kind::put) {
    op.result = none;
    if (!state.empty()) {
      const int any = state[random.below(state.size())];
      op.result = state[next_out(datatype, state, any)];
    }
  } else if (is_set(datatype)) {
    const bool present = std::find(state.begin(), state.end(), op.argument) != state.end();
    if (op.kind == Kind::put || op.kind == Kind::take) {
      const bool changes = present == (op.kind == Kind::take);
      op.result = datatype == "set-reads" || random.chance(0.4) ? untold : (changes ? 1 : 0);
    } else {
      op.result = present ? 1 : 0;
      op.many = state;
    }
  } else if (datatype == "log") {
    op.result = static_cast<int>(state.size());
    if (op.kind != Kind::put) {
      const std::size_t from =
          std::min<std::size_t>(static_cast<std::size_t>(op.argument), state.size());
      op.many.assign(state.begin() + static_cast<std::ptrdiff_t>(from), state.end());
    }
  } else if (datatype == "counter") {
    op.result = state.empty() ? 0 : state[0];
  } else if (is_lock(datatype) || datatype == "fencing") {
    op.result = ++fresh;
  } else if (datatype == "leader-election") {
    op.result = random.chance(0.1) ? none : 1 + fresh / 2;
    if (random.chance(0.4)) ++fresh;
    op.argument = (1 + fresh / 2) % 3;
    if (op.result != none) op.argument = op.result % 3;
  }
  step(datatype, op, state, next);
  if (next.empty()) {
    op.failed = true;
  } else {
    state = next.front();
  }
}

void spoil(std::string_view datatype, Random& random, const Choices& choices, Op& op) {
  const int any = static_cast<int>(random.below(static_cast<std::uint64_t>(choices.values) + 1));
  if (is_container(datatype)) {
    op.result = random.chance(0.3) ? none : any;
  } else if (datatype == "set") {
    op.result = op.result == 1 ? 0 : 1;
  } else if (datatype == "set-reads") {
    if (op.kind != Kind::all) return;
    const auto at = std::find(op.many.begin(), op.many.end(), any);
    if (at != op.many.end() && random.chance(0.8)) {
      op.many.erase(at);
    } else {
      op.many.push_back(any);
    }
  } else if (datatype == "lease") {
    op.failed = false;
  } else if (datatype == "fencing") {
    op.failed = false;
    op.result = std::max(1, op.result + static_cast<int>(random.below(3)) - 1);
  } else if (datatype == "leader-election") {
    if (op.result == none) return;
    op.result = std::max(1, op.result + static_cast<int>(random.below(3)) - 1);
    if (random.chance(0.5)) op.argument = any % 3;
  } else if (datatype == "log") {
    op.result = any;
    if (random.chance(0.5) && !op.many.empty()) {
      op.many.pop_back();
    } else {
      op.many.push_back(any);
    }
  } else {
    op.result =
        std::max(is_lock(datatype) ? 1 : 0, op.result + static_cast<int>(random.below(3)) - 1);
    op.failed = false;
  }
}

}  // namespace

bool is_linearizable(std::string_view datatype, const std::vector<Op>& ops) {
  return complete(datatype, ops, 0, {});
}

Choices random_choices(Random& random) {
  Choices choices;
  choices.count = 2 + random.below(5);
  choices.values = 1 + static_cast<int>(random.below(4));
  choices.duplicates = random.chance(0.1);
  choices.pending = random.chance(0.4) ? 0 : 0.25;
  choices.failed = random.chance(0.7) ? 0 : 0.2;
  choices.wrong = random.chance(0.4) ? 0 : 0.25;
  choices.looks = random.chance(0.3) ? 0.7 : 0.35;
  choices.length = random.between(0, 7);
  return choices;
}

std::vector<Op> random_ops(std::string_view datatype, Random& random, const Choices& choices) {
  std::vector<Op> ops(choices.count);
  std::int64_t now = 0;
  int value = 0;
  int process = 0;
  const bool looks = is_container(datatype) && random.chance(0.1);
  // Locks: few processes, one operation after the other.
  std::vector<std::int64_t> free_at(by_process(datatype) ? 3 : 0, 0);
  for (Op& op : ops) {
    now += random.between(0, 2);
    op.start = now;
    op.process = process++;
    const double kind = random.unit();
    op.kind = kind < 0.5 ? Kind::put : Kind::take;
    if (looks && kind > 0.8) op.kind = Kind::ask;
    if (is_set(datatype)) {
      op.kind = kind < choices.looks          ? Kind::ask
                : kind < choices.looks + 0.35 ? Kind::put
                                              : Kind::take;
      if (datatype == "set-reads") op.kind = op.kind == Kind::put ? Kind::put : Kind::all;
    } else if (datatype == "counter" || datatype == "log") {
      op.kind = kind < choices.looks ? Kind::ask : Kind::put;
    }
    op.argument = static_cast<int>(random.below(static_cast<std::uint64_t>(choices.values)));
    if (is_container(datatype) && !choices.duplicates) op.argument = ++value;
    if (datatype == "log" && op.kind == Kind::put && !choices.duplicates) op.argument = ++value;
    if (datatype == "lease") {
      op.kind = kind < 0.55 ? Kind::put : kind < 0.8 ? Kind::ask : Kind::take;
      op.argument = static_cast<int>(random.below(8));
    }
    if (datatype == "fencing") {
      op.kind = kind < 0.4 ? Kind::put : kind < 0.9 ? Kind::ask : Kind::take;
      op.argument = 1 + static_cast<int>(random.below(3));
    }
    if (datatype == "counter") op.argument = choices.duplicates ? op.argument - 1 : 2;
    if (!free_at.empty()) {
      const std::size_t p = random.below(free_at.size());
      op.process = static_cast<int>(p);
      op.start = std::max(op.start, free_at[p]);
    }
    op.end = op.start + random.between(0, 2 * choices.length);
    if (!free_at.empty())
      free_at[static_cast<std::size_t>(op.process)] = op.end + 1 + random.between(0, 1);
  }
  if (is_container(datatype) && !choices.duplicates && random.chance(0.3)) {
    // Priorities that do not grow with time.
    for (Op& op : ops) op.argument = (op.argument * 5) % 7;
  }
  std::vector<std::pair<std::int64_t, std::size_t>> effects;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    effects.emplace_back(random.between(ops[i].start, ops[i].end), i);
  }
  std::sort(effects.begin(), effects.end());
  State state;
  int fresh = 0;
  for (const auto& [at, i] : effects) {
    Op& op = ops[i];
    if (random.chance(choices.failed)) {
      op.failed = true;
      continue;
    }
    const bool pending = random.chance(choices.pending);
    if (!pending || random.chance(0.6)) answer(datatype, random, state, op, fresh);
    if (pending && !op.failed) op.end = never;
    if (!pending && random.chance(choices.wrong)) spoil(datatype, random, choices, op);
  }
  if (!free_at.empty()) {
    // A process whose operation never returned is gone.
    std::vector<bool> gone(free_at.size(), false);
    std::erase_if(ops, [&](const Op& op) {
      const auto p = static_cast<std::size_t>(op.process);
      if (gone[p]) return true;
      gone[p] = op.pending();
      return false;
    });
  }
  return ops;
}

History as_history(std::string_view datatype, const std::vector<Op>& ops) {
  struct Mark {
    std::int64_t time;
    bool is_end;
    std::size_t op;
  };
  std::vector<Mark> marks;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    marks.push_back({ops[i].start, false, i});
    if (!ops[i].pending()) marks.push_back({ops[i].end, true, i});
  }
  // Of one instant, beginnings first, except of a process whose operation just ended.
  std::stable_sort(marks.begin(), marks.end(), [&](const Mark& a, const Mark& b) {
    return std::tie(a.time, a.is_end) < std::tie(b.time, b.is_end);
  });
  if (by_process(datatype)) {
    std::stable_sort(marks.begin(), marks.end(), [&](const Mark& a, const Mark& b) {
      return std::tie(a.time, a.op) < std::tie(b.time, b.op);
    });
  }
  HistoryInfo info;
  info.real_time = RealTime::time;
  if (datatype == "semaphore") info.initial = Value(2);
  HistoryBuilder builder(std::move(info));
  std::uint64_t index = 0;
  for (const Mark& mark : marks) {
    const Op& op = ops[mark.op];
    Event event;
    event.index = index++;
    event.time = Nanos(mark.time * (datatype == "lease" ? 1'000'000 : 1));
    event.process = static_cast<ProcessId>(op.process);
    event.type = !mark.is_end ? EventType::invoke : op.failed ? EventType::fail : EventType::ok;
    const bool returns = event.type == EventType::ok;
    if (is_container(datatype)) {
      event.f = op.kind == Kind::put ? "insert" : op.kind == Kind::take ? "pop" : "peek";
      if (op.kind == Kind::put) event.value = Value(op.argument);
      if (op.kind != Kind::put && returns && op.result != none) event.value = Value(op.result);
    } else if (is_set(datatype)) {
      event.f = op.kind == Kind::put    ? "add"
                : op.kind == Kind::take ? "remove"
                : op.kind == Kind::ask  ? "contains"
                                        : "read";
      if (op.kind != Kind::all) event.value = Value(op.argument);
      if (returns && op.result != untold && op.kind != Kind::all)
        event.value = Value(op.result == 1);
    } else if (is_lock(datatype)) {
      event.f = op.kind == Kind::put ? "acquire" : "release";
      if (returns && datatype == "fenced-lock" && op.kind == Kind::put)
        event.value = Value(op.result);
    } else if (datatype == "lease") {
      event.f = op.kind == Kind::put ? "acquire" : op.kind == Kind::ask ? "renew" : "release";
      if (op.kind != Kind::take && !mark.is_end) event.value = Value(op.argument);
    } else if (datatype == "fencing") {
      event.f = op.kind == Kind::put ? "acquire" : op.kind == Kind::ask ? "use" : "release";
      if (op.kind == Kind::ask) event.value = Value(op.argument);
      if (returns && op.kind == Kind::put) event.value = Value(op.result);
    } else if (datatype == "leader-election") {
      event.f = op.kind == Kind::put ? "elect" : "leader";
      if (returns && op.result != none) {
        event.value = Value(Value::List{Value(op.result), Value(op.argument)});
      }
    } else if (datatype == "log") {
      event.f = op.kind == Kind::put ? "send" : "poll";
      event.value = Value(op.argument);
      if (returns && op.kind == Kind::put) event.value = Value(op.result);
    } else {
      event.f = op.kind == Kind::put ? "add" : "read";
      if (op.kind == Kind::put) event.value = Value(op.argument);
      if (op.kind != Kind::put && returns) event.value = Value(op.result);
    }
    const bool list = (datatype == "log" && op.kind != Kind::put) || op.kind == Kind::all;
    if (list && returns) {
      Value::List many;
      for (const int value : op.many) many.emplace_back(value);
      event.value = Value(std::move(many));
    }
    const Status status = builder.add(event);
    ASSAY_ASSERT(status.ok());
  }
  return std::move(builder.finish()).value();
}

std::string to_text(std::string_view datatype, const std::vector<Op>& ops) {
  std::string text(datatype);
  for (const Op& op : ops) {
    static constexpr std::string_view kinds[] = {"put", "take", "ask", "all"};  // NOLINT
    text += fmt::format(
        "\n  p{} {} {} -> {} [{}]  {}..{}{}", op.process, kinds[static_cast<std::size_t>(op.kind)],
        op.argument, op.result, fmt::join(op.many, " "), op.start,
        op.pending() ? std::string("never") : std::to_string(op.end), op.failed ? " failed" : "");
  }
  return text;
}

}  // namespace assay::oracle
