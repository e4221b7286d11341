#include "random_history.h"

#include <fmt/format.h>

#include <limits>
#include <sstream>
#include <utility>

namespace assay::testing {
namespace {

std::string random_text(Random& random) {
  static const std::vector<std::string> pieces{"a", "Z", "0", " ",  "\"",    "\\",   "\n", "\t",
                                               ";", "]", "ä", "日", "<img>", "\x01", "💥", "/"};
  std::string text;
  for (auto i = random.below(6); i > 0; --i) text += random.pick(pieces);
  return text;
}

std::int64_t random_integer(Random& random) {
  switch (random.below(4)) {
    case 0:
      return random.between(-1000, 1000);
    case 1:
      return static_cast<std::int64_t>(random.next());
    case 2:
      return std::numeric_limits<std::int64_t>::min();
    default:
      return random.between(0, 9);
  }
}

Value::List random_list(Random& random, bool plain, int depth) {
  Value::List list;
  for (auto i = random.below(4); i > 0; --i) list.push_back(random_value(random, plain, depth + 1));
  return list;
}

Value random_special(Random& random, int depth) {
  switch (random.below(4)) {
    case 0:
      return Value::Keyword{random.chance(0.5) ? "append" : "jepsen.txn/x?"};
    case 1:
      return random.chance(0.5) ? Value::Tagged{"inst", "\"2026-11-23\""}
                                : Value::Tagged{"", "1/2"};
    case 2: {
      Value::Map map;
      for (auto i = random.below(3); i > 0; --i) {
        map.emplace_back(random_value(random, false, depth + 1),
                         random_value(random, false, depth + 1));
      }
      return map;
    }
    default: {
      Value::Set set;  // in canonical order: sets have no other
      for (int i = 0; i < static_cast<int>(random.below(4)); ++i) set.elements.emplace_back(i);
      return set;
    }
  }
}

EventType random_completion(Random& random) {
  const auto roll = random.below(10);
  return roll < 6 ? EventType::ok : roll < 8 ? EventType::fail : EventType::info;
}

Event random_fault(Random& random, bool plain) {
  Event event;
  event.process = nemesis_process;
  event.type = random.chance(0.5) ? EventType::invoke : EventType::info;
  event.f = "start-partition";
  event.value = random_value(random, plain);
  return event;
}

}  // namespace

Value random_value(Random& random, bool plain, int depth) {
  const auto roll = random.below(plain ? 6 : 7);
  switch (roll) {
    case 0:
      return {};
    case 1:
      return random.chance(0.5);
    case 2:
      return static_cast<double>(random.between(-1'000'000, 1'000'000)) / 64.0;
    case 3:
      return random_text(random);
    case 4:
      return depth < 3 ? Value(random_list(random, plain, depth)) : Value(depth);
    case 5:
      return random_integer(random);
    default:
      return depth < 3 ? random_special(random, depth) : Value(depth);
  }
}

std::vector<Event> random_events(Random& random, const RandomOptions& options) {
  static const std::vector<std::string> functions{"read", "write", "cas", "long-function-name!"};
  struct Process {
    int number;
    std::optional<Event> open;
  };
  std::vector<Process> processes;
  for (int i = 0; i < options.processes; ++i) processes.push_back({i, std::nullopt});
  std::vector<Event> events;
  std::uint64_t index = random.below(3);
  std::int64_t time = 0;
  while (static_cast<int>(events.size()) < options.events) {
    Event event;
    if (options.faults && random.chance(0.05)) {
      event = random_fault(random, options.plain);
    } else {
      Process& process = random.pick(processes);
      if (process.open) {
        event = *std::exchange(process.open, std::nullopt);
        event.type = random_completion(random);
        if (event.type == EventType::ok) event.value = random_value(random, options.plain);
        if (event.type != EventType::ok && random.chance(0.5)) event.error = random_text(random);
        if (event.type == EventType::info) process.number += options.processes;
      } else {
        event.process = static_cast<ProcessId>(process.number);
        event.f = random.pick(functions);
        event.value = random_value(random, options.plain);
        if (options.keyed) event.key = random.between(0, 6);
        if (random.chance(0.5)) event.node = "n" + std::to_string(random.below(3));
        process.open = event;
      }
    }
    event.index = index;
    index += random.chance(0.9) ? 1 : random.below(1000) + 1;
    time += static_cast<std::int64_t>(random.below(random.chance(0.01) ? 20'000'000'000 : 5'000));
    event.time = options.times ? Nanos(time) : unknown_time;
    events.push_back(std::move(event));
  }
  return events;
}

History build(const std::vector<Event>& events, HistoryInfo info) {
  HistoryBuilder builder(std::move(info));
  for (const Event& event : events) {
    const Status status = builder.add(event);
    ASSAY_ASSERT(status.ok());
  }
  return std::move(builder.finish()).value();
}

Result<History> read_text(decltype(Format::read) read, const std::string& text,
                          const ReadOptions& options) {
  std::istringstream input(text);
  HistorySink sink;
  if (auto status = read(input, options, sink); !status) return status.error();
  return sink.finish();
}

std::string show(const Event& event) {
  return fmt::format("{} t{} p{} {} {} key={} {} node={} error={}", event.index, event.time.count(),
                     static_cast<std::int32_t>(event.process), name_of(event.type), event.f,
                     event.key ? to_text(*event.key) : "-", to_text(event.value), event.node,
                     event.error);
}

std::string difference(const History& a, const History& b) {
  const auto left = a.events();
  const auto right = b.events();
  std::string out;
  if (left.size() != right.size()) {
    out += fmt::format("{} events against {}\n", left.size(), right.size());
  }
  for (std::size_t i = 0; i < left.size() && i < right.size(); ++i) {
    if (show(left[i]) != show(right[i]) || !(left[i].value == right[i].value)) {
      out += fmt::format("{}\n{}\n", show(left[i]), show(right[i]));
    }
  }
  if (out.empty() && a.digest() != b.digest()) out = "the digests differ\n";
  return out;
}

}  // namespace assay::testing
