// Grow-only sets within transactions: known answers, and the definitions of the models on very many
// small histories, with the certificates of both verdicts.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checker/certificate/verify.h"
#include "checker/checker.h"
#include "small_transactions.h"
#include "tests/rounds.h"

namespace assay {
namespace {

constexpr int elements_of_a_set = 3;

/// Elements as registers, as the definitions want them: key set · 3 + element, value 1.
struct SetHistory {
  small::Transactions transactions;
  std::vector<Value::List> steps;  ///< by transaction: as they are in the history
};

class SetHistories {
 public:
  explicit SetHistories(std::uint64_t seed) : random_(seed) {}

  SetHistory next() {
    const int sets = static_cast<int>(random_.between(1, 2));
    const auto count = static_cast<std::size_t>(random_.between(2, 5));
    const auto sessions = static_cast<int>(random_.between(1, 4));
    const double doubtful = random_.chance(0.3) ? 0.2 : 0.0;
    SetHistory result;
    place(count, sessions, result.transactions);
    std::vector<int> owner(static_cast<std::size_t>(sets * elements_of_a_set));
    for (int& t : owner) t = static_cast<int>(random_.below(count + 1)) - 1;  // -1: nobody
    for (std::size_t t = 0; t < count; ++t) {
      small::Transaction& txn = result.transactions[t];
      txn.outcome = random_.chance(doubtful)   ? small::End::fail
                    : random_.chance(doubtful) ? small::End::info
                                               : small::End::ok;
      result.steps.push_back(fill(static_cast<int>(t), sets, owner, txn));
    }
    return result;
  }

 private:
  /// Invocations in order; a session's transactions do not overlap.
  void place(std::size_t count, int sessions, small::Transactions& out) {
    std::vector<int> open(static_cast<std::size_t>(sessions), -1);
    int position = 0;
    std::size_t over = 0;
    while (over < count) {
      const auto session = static_cast<std::size_t>(random_.below(open.size()));
      if (open[session] >= 0) {
        out[static_cast<std::size_t>(open[session])].end = position++;
        open[session] = -1;
        ++over;
      } else if (out.size() < count) {
        open[session] = static_cast<int>(out.size());
        out.push_back({static_cast<int>(session), position++, 0, small::End::ok, {}});
      }
    }
  }

  Value::List fill(int t, int sets, const std::vector<int>& owner, small::Transaction& txn) {
    Value::List steps;
    const auto add_reads = [&] {
      if (!random_.chance(0.5)) return;
      const int set = static_cast<int>(random_.below(static_cast<std::uint64_t>(sets)));
      Value::List there;
      for (int e = 0; e < elements_of_a_set; ++e) {
        const int key = set * elements_of_a_set + e;
        const int by = owner[static_cast<std::size_t>(key)];
        if (by < 0) continue;
        const bool seen = random_.chance(by < t ? 0.75 : by == t ? 0.5 : 0.2);
        if (seen) there.push_back(e);
        txn.ops.push_back({false, key, 0, seen ? small::Content{1} : small::Content{}});
      }
      const bool ok = txn.outcome == small::End::ok;
      steps.push_back(Value::List{"r", set, ok ? Value(Value::Set{there}) : Value()});
    };
    add_reads();
    for (int key = 0; key < sets * elements_of_a_set; ++key) {
      if (owner[static_cast<std::size_t>(key)] != t) continue;
      txn.ops.push_back({true, key, 1, {}});
      steps.push_back(Value::List{"add", key / elements_of_a_set, key % elements_of_a_set});
    }
    add_reads();
    return steps;
  }

  Random random_;
};

History history_of(const SetHistory& sets) {
  std::map<int, Event> events;
  for (std::size_t t = 0; t < sets.transactions.size(); ++t) {
    const small::Transaction& txn = sets.transactions[t];
    Event event;
    event.process = ProcessId{txn.session};
    event.f = "txn";
    event.value = sets.steps[t];
    events[txn.start] = event;
    event.type = txn.outcome == small::End::ok     ? EventType::ok
                 : txn.outcome == small::End::fail ? EventType::fail
                                                   : EventType::info;
    events[txn.end] = event;
  }
  HistoryInfo info;
  info.datatype = "grow-only-set";
  info.real_time = RealTime::position;
  HistoryBuilder builder(info);
  std::uint64_t index = 0;
  for (auto& [position, event] : events) {
    event.index = index++;
    REQUIRE(builder.add(event).ok());
  }
  auto history = builder.finish();
  REQUIRE(history.ok());
  return std::move(history).value();
}

CheckResult checked(const History& history, std::string_view model) {
  CheckOptions options;
  options.models = {std::string(model)};
  auto result = check(history, options);
  REQUIRE_MESSAGE(result.ok(), (result.ok() ? "" : result.error().message));
  return std::move(result).value();
}

/// One after the other, each of a session of its own.
CheckResult checked(const std::vector<Value::List>& txns, std::string_view model) {
  SetHistory sets;
  for (const Value::List& steps : txns) {
    const int t = static_cast<int>(sets.steps.size());
    sets.transactions.push_back({t, 2 * t, 2 * t + 1, small::End::ok, {}});
    sets.steps.push_back(steps);
  }
  return checked(history_of(sets), model);
}

Value::List add(const char* set, int element) { return {"add", set, element}; }
Value::List read(const char* set, Value::List elements) { return {"r", set, std::move(elements)}; }

}  // namespace

TEST_CASE("set transactions: known answers") {
  SUBCASE("all that was added is there") {
    const auto result = checked({{add("x", 1), add("y", 2)}, {read("x", {1}), read("y", {2})}},
                                "strict-serializable");
    CHECK(result.verdict == Verdict::pass);
  }
  SUBCASE("half of a transaction") {
    const auto result =
        checked({{add("x", 1), add("y", 2)}, {read("x", {1}), read("y", {})}}, "read-atomic");
    CHECK(result.verdict == Verdict::violation);
  }
  SUBCASE("long fork") {
    const std::vector<Value::List> txns{
        {add("x", 1)}, {add("x", 2)}, {read("x", {1})}, {read("x", {2})}};
    const auto result = checked(txns, "snapshot-isolation");
    REQUIRE(result.verdict == Verdict::violation);
    CHECK(std::any_of(result.anomalies.begin(), result.anomalies.end(),
                      [](const Anomaly& a) { return a.type == "long-fork"; }));
    CHECK(std::any_of(
        result.anomalies[0].steps.begin(), result.anomalies[0].steps.end(), [](const Step& step) {
          return step.because == "the former read \"x\" without 2, which the latter added";
        }));
    CHECK(checked(txns, "read-committed").verdict == Verdict::pass);
  }
  SUBCASE("write skew") {
    CHECK(checked({{read("x", {}), add("y", 1)}, {read("y", {}), add("x", 1)}}, "serializable")
              .verdict == Verdict::violation);
  }
  SUBCASE("what nobody added") {
    const auto result = checked({{add("x", 1)}, {read("x", {1, 7})}}, "read-committed");
    REQUIRE(result.verdict == Verdict::violation);
    CHECK(result.anomalies[0].type == "garbage-read");
  }
  SUBCASE("its own element") {
    CHECK(checked({{add("x", 1), read("x", {})}}, "read-atomic").verdict == Verdict::violation);
  }
}

TEST_CASE("set transactions: errors name the event") {
  HistoryInfo info;
  info.datatype = "grow-only-set";
  info.real_time = RealTime::position;
  HistoryBuilder builder(info);
  Event event;
  event.f = "txn";
  event.value = Value::List{Value::List{"add", "x", Value()}};
  REQUIRE(builder.add(event).ok());
  const auto history = builder.finish();
  REQUIRE(history.ok());
  const auto result = check(*history, {});
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().kind == ErrorKind::bad_data);
  CHECK(result.error().message.find("event 0") != std::string::npos);
}

TEST_CASE("set transactions: agree with the definitions") {
  constexpr std::uint64_t seed = 20261129;
  const auto histories = static_cast<int>(rounds_or(2'000));
  constexpr std::array<std::string_view, 6> models{"serializable",
                                                   "strict-serializable",
                                                   "snapshot-isolation",
                                                   "parallel-snapshot-isolation",
                                                   "strong-session-serializable",
                                                   "prefix"};
  SetHistories generator(seed);
  std::map<std::string_view, std::pair<int, int>> passes_of;
  for (int i = 0; i < histories; ++i) {
    const SetHistory sets = generator.next();
    const History history = history_of(sets);
    for (const std::string_view model : models) {
      const CheckResult result = checked(history, model);
      const bool allowed = small::allows(model, sets.transactions);
      passes_of[model].first += allowed ? 1 : 0;
      ++passes_of[model].second;
      const Status certified = verify(history, result.certificate);
      if (result.verdict == (allowed ? Verdict::pass : Verdict::violation) && certified.ok()) {
        continue;
      }
      FAIL("seed " << seed << ", history " << i << ", " << model << ": " << name_of(result.verdict)
                   << " " << result.unknown_because << ", but the definition "
                   << (allowed ? "allows" : "forbids") << "; certificate: "
                   << (certified.ok() ? "good" : certified.error().message) << "\n"
                   << small::text_of(sets.transactions));
    }
  }
  for (const auto& [model, counts] : passes_of) {
    MESSAGE(model << ": allowed " << counts.first << " of " << counts.second);
    CHECK(counts.first > counts.second / 25);
    CHECK(counts.second - counts.first > counts.second / 25);
  }
}

}  // namespace assay
