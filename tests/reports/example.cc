#include "tests/reports/example.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <queue>

#include "base/random.h"

namespace assay::example {

const std::string hostile =
    "</script></style></title><img src=x onerror=alert(1)>\"'&amp;]]>-->"
    "\xE2\x80\xA8\xE2\x80\xA9\x01\x1b[31m\xE2\x80\xAE"
    "evil {{meta}} \xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D \xff\xfe";

const std::vector<std::string> plain_marks = {"<img",
                                              "onerror=alert(1)>",
                                              "</script></style>",
                                              "\xE2\x80\xA8",
                                              "\xE2\x80\xA9",
                                              "\xE2\x80\xAE",
                                              "\x01",
                                              "\x1b",
                                              "\xff"};

namespace {

class Maker {
 public:
  explicit Maker(HistoryInfo info, bool times = true) : builder_(std::move(info)), times_(times) {}

  void add(int process, EventType type, const std::string& f, const Value& value,
           std::int64_t milliseconds, const std::string& node = {}, const std::string& error = {},
           const std::optional<Value>& key = std::nullopt) {
    Event event;
    event.index = next_++;
    if (times_) event.time = Nanos(milliseconds * 1'000'000);
    event.process = ProcessId{process};
    event.type = type;
    event.f = f;
    event.key = key;
    event.value = value;
    event.node = node;
    event.error = error;
    const Status added = builder_.add(event);
    if (!added.ok()) FAIL(added.error().message);
  }

  History finish() {
    Result<History> history = builder_.finish();
    if (!history.ok()) FAIL(history.error().message);
    return std::move(history).value();
  }

 private:
  HistoryBuilder builder_;
  bool times_;
  std::uint64_t next_ = 0;
};

Value::Map what(const std::string& text) { return {{Value("what"), Value(text)}}; }

struct Words {
  std::string node = "n1";
  std::string other_node = "n3";
  std::string error = "connection reset";
  std::string fault = "cut {n1 n2} from {n3 n4 n5}";
  std::string fault_kind = "partition";
  Value key = Value("score");
  Value first = Value(0);
  Value second = Value(1);
};

History stale_read(const Words& words, bool times) {
  HistoryInfo header;
  header.datatype = "register";
  header.initial = words.first;
  header.initial_declared = true;
  header.real_time = times ? RealTime::time : RealTime::position;
  header.format = "assay-jsonl";
  Maker maker(header, times);
  using enum EventType;
  const auto op = [&](int process, EventType type, const std::string& f, const Value& value,
                      std::int64_t at, const std::string& error = {}) {
    maker.add(process, type, f, value, at, process == 2 ? words.other_node : words.node, error,
              words.key);
  };
  constexpr int nemesis = -1;
  op(0, invoke, "write", words.first, 10);
  op(0, ok, "write", words.first, 14);
  maker.add(nemesis, invoke, "start-" + words.fault_kind, Value(), 90);
  maker.add(nemesis, ok, "start-" + words.fault_kind, what(words.fault), 100);
  op(0, invoke, "write", words.second, 120);
  op(3, invoke, "write", Value(7), 124);
  op(0, ok, "write", words.second, 131);
  op(1, invoke, "read", Value(), 140);
  op(1, ok, "read", words.second, 143);
  op(2, invoke, "read", Value(), 180);
  op(2, ok, "read", words.first, 187);
  op(3, info, "write", Value(7), 224, words.error);
  maker.add(nemesis, invoke, "stop-" + words.fault_kind, Value(), 290);
  maker.add(nemesis, ok, "stop-" + words.fault_kind, what("healed " + words.fault), 300);
  op(4, invoke, "cas", Value::List{words.first, words.second}, 310);
  op(4, fail, "cas", Value::List{words.first, words.second}, 312, words.error);
  op(1, invoke, "read", Value(), 320);
  op(1, ok, "read", words.second, 330);
  return maker.finish();
}

CheckResult stale_read_result(const Words& words) {
  CheckResult result;
  result.verdict = Verdict::violation;
  result.model = "linearizable";
  result.models = {{result.model, result.verdict, {}}};
  result.datatype = "register";
  result.statistics = {"zones+frontier", 2, 0.012, 1, 42};
  Anomaly anomaly;
  anomaly.type = "stale-read";
  anomaly.model = "linearizable";
  anomaly.key = words.key;
  anomaly.witness = {0, 4, 7, 9};
  anomaly.explanation = "Process 2 read " + to_text(words.first) + ", although " +
                        to_text(words.second) + " had been read 37 ms before that read began.";
  anomaly.steps = {
      {4, 7, "reads-from", "the read returned " + to_text(words.second) + ", which it wrote"},
      {7, 9, "real-time", "it ended 37 ms before the other began"},
      {9, 4, "overwritten",
       "it read " + to_text(words.first) + ", which the write of " + to_text(words.second) +
           " overwrote"}};
  anomaly.minimal = true;
  result.anomalies.push_back(anomaly);
  return result;
}

RunSummary summary() {
  RunSummary run;
  run.title = "reference primary-backup / register";
  run.source = "runs/reference/register/latest/history.assay";
  run.target = "reference";
  run.workload = "register";
  run.started = "2026-11-23T07:15:00Z";
  run.seed = 7;
  run.has_seed = true;
  run.nodes = {"n1", "n2", "n3", "n4", "n5"};
  run.facts = {{"replication", "async"}, {"read-from", "any"}};
  run.repeat_command =
      "assay run reference --protocol primary-backup --replication async --read-from any "
      "--workload register --nemesis partition --time-limit 30s --seed 7";
  run.check_command = "assay check runs/reference/register/latest/history.assay";
  return run;
}

}  // namespace

Report violation() {
  const Words words;
  return {stale_read(words, true), stale_read_result(words), summary()};
}

Report hostile_violation(const std::string& text) {
  Words words;
  words.node = words.other_node = words.error = words.fault = words.fault_kind = text;
  words.key = Value(text);
  words.first = Value(text);
  words.second = Value(Value::Tagged{text, text});
  Report report{stale_read(words, true), stale_read_result(words), summary()};
  Anomaly& anomaly = report.result.anomalies[0];
  anomaly.type = anomaly.model = report.result.model = report.result.datatype = text;
  anomaly.explanation += text;
  for (Step& step : anomaly.steps) step.because += text;
  anomaly.steps[0].rule = text;
  report.result.statistics.algorithm = text;
  RunSummary& run = report.run;
  run.title = run.source = run.target = run.workload = run.started = text;
  run.repeat_command = run.check_command = text;
  run.nodes = {text};
  run.facts = {{text, text}};
  return report;
}

Report without_times() {
  const Words words;
  return {stale_read(words, false), stale_read_result(words), summary()};
}

Report write_skew(const std::string& key) {
  HistoryInfo header;
  header.datatype = "list-append";
  header.real_time = RealTime::time;
  header.format = "assay-jsonl";
  Maker maker(header);
  using enum EventType;
  const auto steps = [&](const std::string& read, const std::string& written, int value,
                         bool returned) {
    return Value(
        Value::List{Value(Value::List{"r", read, returned ? Value(Value::List{}) : Value()}),
                    Value(Value::List{"append", written, value})});
  };
  maker.add(0, invoke, "txn", steps(key, "on-call:bob", 1, false), 10, "n1");
  maker.add(1, invoke, "txn", steps("on-call:bob", key, 2, false), 12, "n2");
  maker.add(0, ok, "txn", steps(key, "on-call:bob", 1, true), 20, "n1");
  maker.add(1, ok, "txn", steps("on-call:bob", key, 2, true), 24, "n2");
  CheckResult result;
  result.verdict = Verdict::violation;
  result.model = "repeatable-read";
  result.datatype = "list-append";
  result.models = {{"serializable", Verdict::violation},
                   {"repeatable-read", Verdict::violation},
                   {"strong-snapshot-isolation", Verdict::unknown, "no time was left for " + key},
                   {"snapshot-isolation", Verdict::pass},
                   {"read-committed", Verdict::pass, {}, "snapshot-isolation"}};
  result.models[0].implied_by = "repeatable-read";
  result.models[1].anomaly = 0;
  result.strongest = {"snapshot-isolation"};
  result.weakest_violated = {"repeatable-read"};
  result.statistics = {"dependency graph", 1, 0.001, 1, 0};
  Anomaly anomaly;
  anomaly.type = "G2-item";
  anomaly.model = "repeatable-read";
  anomaly.witness = {0, 1};
  anomaly.explanation = "two transactions must each come before the other";
  anomaly.steps = {{0, 1, "rw", "the former read " + key + " without the latter's append of 2"},
                   {1, 0, "rw", "the former read on-call:bob without the latter's append of 1"}};
  anomaly.minimal = true;
  result.anomalies.push_back(anomaly);
  RunSummary run;
  run.title = "write skew";
  run.check_command = "assay check skew.jsonl --model strongest";
  return {maker.finish(), result, run};
}

Report unknown() {
  Report report = violation();
  report.result.verdict = Verdict::unknown;
  report.result.anomalies.clear();
  report.result.unknown_because = "the time limit of 60s was reached with 3 of 10 keys undecided";
  return report;
}

Report empty() {
  HistoryInfo info;
  info.format = "assay-jsonl";
  Maker maker(info);
  CheckResult result;
  result.verdict = Verdict::pass;
  result.model = "linearizable";
  result.models = {{result.model, result.verdict, {}}};
  result.datatype = "register";
  return {maker.finish(), result, {}};
}

Report large_pass(std::size_t operations, std::uint64_t seed, bool unique) {
  HistoryInfo info;
  info.datatype = "register";
  info.real_time = RealTime::time;
  info.format = "assay";
  HistoryBuilder builder(info);
  Random random(seed);
  constexpr int workers = 10;
  constexpr std::int64_t run_length = 60'000'000'000;
  struct Pending {
    std::int64_t time;
    std::uint64_t order;
    Event event;
    bool operator>(const Pending& other) const {
      return std::pair(time, order) > std::pair(other.time, other.order);
    }
  };
  std::priority_queue<Pending, std::vector<Pending>, std::greater<>> queue;
  std::uint64_t order = 0;
  const auto push = [&](std::int64_t time, int process, EventType type, const std::string& f,
                        const Value& value, const std::string& error) {
    Event event;
    event.time = Nanos(time);
    event.process = ProcessId{process};
    event.type = type;
    event.f = f;
    event.value = value;
    event.error = error;
    if (process >= 0) {
      event.key = Value(process % 5);
      event.node = fmt::format("n{}", process % 5 + 1);
    }
    queue.push({time, order++, event});
  };
  const auto fault = [&](const std::string& kind, const std::string& text, std::int64_t from,
                         std::int64_t to) {
    push(from, -1, EventType::invoke, "start-" + kind, Value(), "");
    push(from + 20'000'000, -1, EventType::ok, "start-" + kind, what(text), "");
    push(to, -1, EventType::invoke, "stop-" + kind, Value(), "");
    push(to + 30'000'000, -1, EventType::ok, "stop-" + kind, what("healed"), "");
  };
  fault("partition", "cut {n1 n2} from {n3 n4 n5}", 10'000'000'000, 20'000'000'000);
  fault("kill", "killed n3", 27'000'000'000, 33'000'000'000);
  fault("clock", "n2 +200 ms", 40'000'000'000, 52'000'000'000);
  const std::size_t each = operations / workers;
  const std::int64_t pace = run_length / static_cast<std::int64_t>(each + 1);
  for (int worker = 0; worker < workers; ++worker) {
    int process = worker;
    std::int64_t at = static_cast<std::int64_t>(random.below(1'000'000));
    for (std::size_t i = 0; i < each; ++i) {
      const bool cut = at > 10'000'000'000 && at < 20'000'000'000 && worker < 4;
      const auto luck = random.below(10'000);
      std::int64_t took = 200'000 + static_cast<std::int64_t>(random.below(2'000'000)) *
                                        (luck < 100 ? 5 : 1) * (cut ? 2 : 1);
      took = std::min(took, pace - 1'000);
      const bool write = random.below(2) == 0;
      const std::string f = write ? "write" : "read";
      const Value text = Value(
          fmt::format("{:012x}{:012x}", random.below(1ULL << 48U), random.below(1ULL << 48U)));
      const Value written = unique ? text : Value(static_cast<std::int64_t>(i));
      const Value value = write ? written : Value();
      push(at, process, EventType::invoke, f, value, "");
      EventType type = EventType::ok;
      if (luck < (cut ? 40U : 2U))
        type = EventType::info;
      else if (luck < (cut ? 600U : 20U))
        type = EventType::fail;
      const Value answer = unique ? text : Value(std::int64_t{3});
      push(at + took, process, type, f, type == EventType::ok ? answer : value,
           type == EventType::ok ? "" : "timeout");
      if (type == EventType::info) process += workers;
      at += pace;
    }
  }
  for (std::uint64_t index = 0; !queue.empty(); ++index) {
    Event event = queue.top().event;
    queue.pop();
    event.index = index;
    const Status added = builder.add(event);
    if (!added.ok()) FAIL(added.error().message);
  }
  CheckResult result;
  result.verdict = Verdict::pass;
  result.model = "linearizable";
  result.models = {{result.model, result.verdict, {}}};
  result.datatype = "register";
  result.statistics = {"zones", 2, 0.41, 5, 0};
  RunSummary run = summary();
  run.title = "reference raft / register";
  Result<History> history = builder.finish();
  if (!history.ok()) FAIL(history.error().message);
  return {std::move(history).value(), result, run};
}

Finding finding(const std::string& fingerprint, const std::string& type, const std::string& shape,
                const std::string& claim, std::uint64_t count) {
  Finding out;
  out.fingerprint = fingerprint;
  out.type = type;
  out.model = "linearizable";
  out.shape = shape;
  out.claim = claim;
  out.count = count;
  return out;
}

}  // namespace assay::example
