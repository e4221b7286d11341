// StreamedCheck, against the definition of linearizability and against the checks of whole
// histories: the same verdict, whichever way it was found, and certificates that verify.

#include "checker/streaming/streamed_check.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "brute_force.h"
#include "checker/certificate/verify.h"
#include "object_oracle.h"
#include "stream_cases.h"
#include "tests/rounds.h"

namespace assay {
namespace {

/// The fast test takes a sample: every so many-th history.
const std::uint64_t scale = is_dense() ? 1 : 100;

/// The events of several objects, each with a key, one after the other or interleaved by time.
std::vector<Event> register_events(Random& random, std::size_t keys, std::size_t count) {
  struct Timed {
    std::int64_t time;
    bool is_end;
    Event event;
  };
  std::vector<Timed> timed;
  std::int32_t process = 0;
  for (std::size_t key = 0; key < keys; ++key) {
    for (const StreamCase& made : random_stream_calls(random, count)) {
      const RegisterOp& op = made.call.op;
      Event event;
      event.process = static_cast<ProcessId>(process++);
      event.f = op.function == RegisterFunction::read    ? "read"
                : op.function == RegisterFunction::write ? "write"
                                                         : "cas";
      if (keys > 1) event.key = static_cast<std::int64_t>(key);
      const Value value = static_cast<std::int64_t>(op.value);
      if (op.function == RegisterFunction::write) event.value = value;
      if (op.function == RegisterFunction::cas) {
        event.value = Value::List{static_cast<std::int64_t>(op.expected), value};
      }
      event.time = Nanos(made.call.start);
      timed.push_back({made.call.start, false, event});
      if (made.ended == never) continue;
      event.time = Nanos(made.ended);
      event.type = made.outcome == Outcome::ok     ? EventType::ok
                   : made.outcome == Outcome::fail ? EventType::fail
                                                   : EventType::info;
      if (event.type == EventType::ok && op.function == RegisterFunction::read) {
        event.value = value;
      }
      timed.push_back({made.ended, true, event});
    }
  }
  std::stable_sort(timed.begin(), timed.end(), [](const Timed& a, const Timed& b) {
    return std::pair(a.time, a.is_end) < std::pair(b.time, b.is_end);
  });
  std::vector<Event> events;
  for (Timed& each : timed) {
    each.event.index = events.size();
    events.push_back(std::move(each.event));
  }
  return events;
}

HistoryInfo register_info() {
  HistoryInfo info;
  info.datatype = "register";
  info.initial = Value(0);
  info.real_time = RealTime::time;
  return info;
}

History whole(const HistoryInfo& info, const std::vector<Event>& events) {
  HistoryBuilder builder(info);
  for (const Event& event : events) REQUIRE(builder.add(event).ok());
  auto history = builder.finish();
  REQUIRE(history.ok());
  return std::move(history).value();
}

struct Streamed {
  Verdict verdict = Verdict::unknown;
  std::size_t events = 0;  ///< that were looked at
  Certificate certificate{};
  std::string problem{};
};

Streamed stream(const HistoryInfo& info, const std::vector<Event>& events, StreamedOptions options,
                bool reread, bool pauses) {
  options.check.threads = 1;
  if (reread) {
    options.reread = [&](EventSink& sink) -> Status {
      for (const Event& event : events) {
        if (auto status = sink.add(event); !status) return status;
      }
      return {};
    };
  }
  StreamedCheck check(options);
  check.info() = info;
  Streamed result;
  for (const Event& event : events) {
    const Status status = check.add(event);
    ++result.events;
    if (!status && !check.stopped()) result.problem = status.error().message;
    if (!status) break;
    if (pauses && !check.pause()) break;
  }
  const auto found = check.finish();
  if (!found) {
    result.problem = found.error().message;
    return result;
  }
  result.verdict = found->result.verdict;
  result.certificate = found->result.certificate;
  return result;
}

/// Empty, or what is wrong with what was found of a history.
std::string compare(const Streamed& streamed, const CheckResult& wanted, const History& history) {
  if (!streamed.problem.empty()) return streamed.problem;
  // What is undecided of the whole may be decided of a part, but then it must be shown.
  const bool found_in_part = wanted.verdict == Verdict::unknown &&
                             streamed.verdict == Verdict::violation &&
                             !streamed.certificate.empty();
  if (streamed.verdict != wanted.verdict && !found_in_part) {
    return "streamed " + std::string(name_of(streamed.verdict)) + ", whole " +
           std::string(name_of(wanted.verdict)) + " " + wanted.unknown_because;
  }
  if (streamed.certificate.empty()) return {};
  // Through its text, as a user would.
  const auto again = certificate_from_json(to_json(streamed.certificate));
  if (!again) return again.error().message;
  const auto status = verify(history, *again);
  return status ? std::string() : status.error().message;
}

std::string text_of(const std::vector<Event>& events) {
  std::string text;
  for (const Event& event : events) {
    text += "\n  " + std::to_string(event.index) + " @" + std::to_string(event.time.count()) +
            " p" + std::to_string(static_cast<std::int32_t>(event.process)) + " " +
            std::string(name_of(event.type)) + " " + event.f + " " +
            (event.key ? to_text(*event.key) : "-") + " " + to_text(event.value);
  }
  return text;
}

struct Way {
  std::uint64_t memory = 0;
  bool stop = true;
  bool reread = false;
  bool pauses = false;
};

void check_registers(const Way& way, std::uint64_t rounds, std::size_t keys, std::size_t count) {
  std::size_t violations = 0;
  std::size_t early = 0;
  std::size_t certified = 0;
  for (std::uint64_t seed = 1; seed <= rounds; ++seed) {
    Random random(seed);
    const auto events = register_events(random, keys, count);
    const History history = whole(register_info(), events);
    CheckOptions options;
    options.threads = 1;
    const auto wanted = check(history, options);
    REQUIRE(wanted.ok());
    StreamedOptions streamed{options, way.stop, {}};
    streamed.check.memory_bytes = way.memory;
    const Streamed found = stream(register_info(), events, streamed, way.reread, way.pauses);
    const std::string problem = compare(found, *wanted, history);
    REQUIRE_MESSAGE(problem.empty(), "seed " << seed << ": " << problem << text_of(events));
    const bool violation = found.verdict == Verdict::violation;
    violations += violation ? 1 : 0;
    if (violation && found.events < events.size()) ++early;
    if (violation && !found.certificate.empty()) ++certified;
  }
  CHECK(violations > rounds / 20);
  CHECK(violations < rounds * 19 / 20);
  if (way.stop) CHECK(early > violations / 2);
  if (way.memory == 0) CHECK(certified == violations);
}

TEST_CASE("registers, followed: as the check of the whole history says") {
  check_registers({}, 20'000 / scale, 3, 6);
  check_registers({.pauses = true}, 6'000 / scale, 1, 8);
}

TEST_CASE("registers in a file that is read again") {
  check_registers({.stop = false, .reread = true}, 6'000 / scale, 3, 6);
}

// Room for some twenty events: the keys of a violation fit, all keys do not.
TEST_CASE("registers that do not fit the memory") {
  check_registers({.memory = 4'000}, 6'000 / scale, 4, 8);
  check_registers({.memory = 4'000, .stop = false}, 6'000 / scale, 4, 8);
  check_registers({.memory = 4'000, .stop = false, .reread = true}, 6'000 / scale, 4, 8);
  check_registers({.memory = 400, .stop = false}, 6'000 / scale, 4, 8);
}

TEST_CASE("registers cut in the middle: never a pass, and violations are ones of the whole") {
  const std::uint64_t rounds = 10'000 / scale;
  std::size_t violations = 0;
  for (std::uint64_t seed = 1; seed <= rounds; ++seed) {
    Random random(seed);
    const auto events = register_events(random, 2, 8);
    const std::size_t cut = static_cast<std::size_t>(random.below(events.size()));
    StreamedCheck check(StreamedOptions{});
    check.info() = register_info();
    for (std::size_t i = 0; i < cut; ++i) {
      if (!check.add(events[i])) break;
    }
    check.end("it was interrupted");
    const auto found = check.finish();
    REQUIRE(found.ok());
    INFO("seed " << seed);
    REQUIRE(found->result.verdict != Verdict::pass);
    if (found->result.verdict != Verdict::violation) {
      REQUIRE(found->result.unknown_because.starts_with("it was interrupted"));
      continue;
    }
    ++violations;
    const auto status = verify(whole(register_info(), events), found->result.certificate);
    REQUIRE_MESSAGE(status.ok(), (status ? "" : status.error().message) << text_of(events));
  }
  CHECK(violations > rounds / 20);
}

/// One object of a datatype through its ObjectStream: what it says at the end.
StreamAnswer play(std::string_view datatype, const History& history, const StreamLimits& limits) {
  const auto make = object_stream_for(datatype, history.info(), limits);
  REQUIRE(make != nullptr);
  const auto stream = make();
  struct Held {
    std::uint64_t token;
    Outcome outcome;
    std::int64_t time;
    std::optional<Value> result;
  };
  std::map<std::int32_t, std::pair<std::uint64_t, bool>> open;
  std::vector<Held> held;
  StreamAnswer answer = StreamAnswer::fine;
  // Of one tick, invocations first.
  const auto settle = [&](std::int64_t now) {
    for (const Held& each : held) {
      if (answer != StreamAnswer::fine || each.time == now) break;
      answer = stream->complete(each.token, each.outcome, each.time,
                                each.result ? &*each.result : nullptr);
    }
    if (!held.empty() && held.front().time != now) held.clear();
  };
  for (const Event& event : history.events()) {
    settle(event.time.count());
    if (answer != StreamAnswer::fine) return answer;
    const auto process = static_cast<std::int32_t>(event.process);
    if (event.type == EventType::invoke) {
      const auto begun =
          stream->invoke({event.index, event.time.count(), process, event.f, event.value});
      REQUIRE(begun.has_value());
      open[process] = {event.index, begun->wants_result};
      answer = begun->answer;
      continue;
    }
    const auto [token, wants] = open.at(process);
    const Outcome outcome = event.type == EventType::ok     ? Outcome::ok
                            : event.type == EventType::fail ? Outcome::fail
                                                            : Outcome::info;
    held.push_back({token, outcome, event.time.count(), {}});
    if (wants && outcome == Outcome::ok) held.back().result = event.value;
  }
  settle(never);
  return answer == StreamAnswer::fine ? stream->finish() : answer;
}

void follow_many(std::string_view datatype) {
  const std::uint64_t rounds = 100'000 / scale;
  const std::string name = datatype == "set-reads" ? "set" : std::string(datatype);
  std::size_t violations = 0;
  for (std::uint64_t seed = 0; seed < rounds; ++seed) {
    Random random(seed);
    const auto ops = oracle::random_ops(datatype, random, oracle::random_choices(random));
    const History history = oracle::as_history(datatype, ops);
    if (history.size() == 0) continue;
    StreamLimits limits;
    limits.short_tail = seed % 2 == 0 ? 64 : 2;
    const StreamAnswer answer = play(name, history, limits);
    const bool linearizable = oracle::is_linearizable(datatype, ops);
    const bool right = answer == (linearizable ? StreamAnswer::fine : StreamAnswer::violation);
    REQUIRE_MESSAGE(right, datatype << " seed " << seed << " answer " << static_cast<int>(answer)
                                    << oracle::to_text(datatype, ops));
    violations += linearizable ? 0 : 1;
  }
  CHECK(violations > rounds / 20);
  CHECK(violations < rounds * 19 / 20);
}

TEST_CASE("counters, followed") { follow_many("counter"); }
TEST_CASE("sets, followed") { follow_many("set"); }
TEST_CASE("sets that are read as a whole, followed") { follow_many("set-reads"); }
TEST_CASE("mutexes, followed") { follow_many("mutex"); }
TEST_CASE("semaphores, followed") { follow_many("semaphore"); }
TEST_CASE("owned mutexes, followed") { follow_many("owned-mutex"); }
TEST_CASE("fenced locks, followed") { follow_many("fenced-lock"); }

/// Through StreamedCheck, whichever way it takes.
void stream_many(std::string_view datatype) {
  const std::uint64_t rounds = 3'000 / scale;
  const std::string name = datatype == "set-reads" ? "set" : std::string(datatype);
  std::size_t violations = 0;
  for (std::uint64_t seed = 0; seed < rounds; ++seed) {
    Random random(seed);
    const auto ops = oracle::random_ops(datatype, random, oracle::random_choices(random));
    const History history = oracle::as_history(datatype, ops);
    if (history.size() == 0) continue;
    CheckOptions options;
    options.threads = 1;
    options.datatype = name;
    const auto wanted = check(history, options);
    REQUIRE(wanted.ok());
    const auto events = history.events();
    const Streamed found =
        stream(history.info(), events, {options, true, {}}, seed % 3 == 0, seed % 2 == 0);
    const std::string problem = compare(found, *wanted, history);
    REQUIRE_MESSAGE(problem.empty(),
                    datatype << " seed " << seed << ": " << problem << text_of(events));
    violations += found.verdict == Verdict::violation ? 1 : 0;
  }
  CHECK(violations > rounds / 20);
}

TEST_CASE("every datatype, streamed: as the check of the whole history says") {
  for (const char* datatype :
       {"fifo-queue", "queue", "stack", "priority-queue", "set", "set-reads", "counter", "mutex",
        "semaphore", "owned-mutex", "fenced-lock", "log"}) {
    stream_many(datatype);
  }
}

TEST_CASE("queues that do not fit the memory: share by share") {
  const std::uint64_t rounds = 4'000 / scale;
  std::size_t violations = 0;
  for (std::uint64_t seed = 0; seed < rounds; ++seed) {
    Random random(seed);
    std::vector<Event> events;
    HistoryInfo info;
    for (std::int64_t key = 0; key < 4; ++key) {
      const auto ops = oracle::random_ops("fifo-queue", random, oracle::random_choices(random));
      const History one = oracle::as_history("fifo-queue", ops);
      info = one.info();
      for (Event event : one.events()) {
        event.key = key;
        event.process = static_cast<ProcessId>(static_cast<std::int32_t>(event.process) +
                                               static_cast<std::int32_t>(100 * key));
        // The objects one after the other, so that times do not go back.
        event.time += Nanos(1'000'000 * key);
        event.index = events.size();
        events.push_back(std::move(event));
      }
    }
    if (events.empty()) continue;
    info.datatype = "fifo-queue";
    const History history = whole(info, events);
    CheckOptions options;
    options.threads = 1;
    const auto wanted = check(history, options);
    REQUIRE(wanted.ok());
    StreamedOptions streamed{options, false, {}};
    streamed.check.memory_bytes = 6'000;
    const Streamed found = stream(info, events, streamed, seed % 2 == 0, false);
    const std::string problem = compare(found, *wanted, history);
    REQUIRE_MESSAGE(problem.empty(), "seed " << seed << ": " << problem << text_of(events));
    violations += found.verdict == Verdict::violation ? 1 : 0;
  }
  CHECK(violations > rounds / 20);
}

}  // namespace
}  // namespace assay
