// Isolation levels by the dependency graph: every classical anomaly refutes exactly what it should.

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "checker/certificate/verify.h"
#include "checker/checker.h"
#include "checker/lattice.h"
#include "history/history.h"

namespace assay {
namespace {

struct Txn {
  int process;
  Value argument;
  Value result;
  EventType outcome = EventType::ok;
};
Value op(const char* f, const char* key, Value value) {
  return Value::List{f, key, std::move(value)};
}

/// One after the other; sessions by process.
History serial(const std::vector<Txn>& txns, const char* datatype) {
  HistoryInfo info;
  info.datatype = datatype;
  HistoryBuilder builder(info);
  std::uint64_t index = 0;
  for (const Txn& txn : txns) {
    Event event;
    event.index = index++;
    event.process = static_cast<ProcessId>(txn.process);
    event.f = "txn";
    event.value = txn.argument;
    REQUIRE(builder.add(event).ok());
    event.index = index++;
    event.type = txn.outcome;
    event.value = txn.outcome == EventType::ok ? txn.result : txn.argument;
    REQUIRE(builder.add(event).ok());
  }
  auto history = builder.finish();
  REQUIRE(history.ok());
  return std::move(history).value();
}
Txn done(int process, const Value::List& ops) { return {process, ops, ops}; }

CheckResult check_all(const History& history) {
  CheckOptions options;
  options.models = {"strongest"};
  auto result = check(history, options);
  REQUIRE(result.ok());
  return std::move(result).value();
}
Verdict verdict_of(const CheckResult& result, const std::string& model) {
  for (const ModelVerdict& entry : result.models) {
    if (entry.model == model) return entry.verdict;
  }
  return Verdict::unknown;
}
bool has(const CheckResult& result, const std::string& type) {
  return std::any_of(result.anomalies.begin(), result.anomalies.end(),
                     [&](const Anomaly& anomaly) { return anomaly.type == type; });
}
/// Where the line between what holds and what does not is drawn.
void expect(const CheckResult& result, const std::vector<std::string>& hold,
            const std::vector<std::string>& violated) {
  for (const std::string& model : hold) {
    CAPTURE(model);
    CHECK(verdict_of(result, model) == Verdict::pass);
  }
  for (const std::string& model : violated) {
    CAPTURE(model);
    CHECK(verdict_of(result, model) == Verdict::violation);
  }
}

}  // namespace

TEST_CASE("levels: a serial history satisfies them all") {
  const History history = serial({done(0, {op("append", "x", 1)}),
                                  done(1, {op("r", "x", Value::List{1}), op("append", "x", 2)}),
                                  done(0, {op("r", "x", Value::List{1, 2})})},
                                 "list-append");
  expect(check_all(history),
         {"strict-serializable", "snapshot-isolation", "prefix", "read-uncommitted"}, {});
}

TEST_CASE("levels: a stale read breaks real time only") {
  const History history =
      serial({done(0, {op("append", "x", 1)}), done(1, {op("r", "x", Value::List{})}),
              done(2, {op("r", "x", Value::List{1})})},
             "list-append");
  const CheckResult result = check_all(history);
  expect(result, {"strong-session-serializable", "serializable", "prefix"},
         {"strict-serializable", "strong-snapshot-isolation"});
  CHECK(has(result, "G-single-item-realtime"));
}

TEST_CASE("levels: write skew is allowed by snapshot isolation") {
  const History history =
      serial({done(0, {op("r", "x", Value::List{}), op("append", "y", 1)}),
              done(1, {op("r", "y", Value::List{}), op("append", "x", 1)}),
              done(2, {op("r", "x", Value::List{1}), op("r", "y", Value::List{1})})},
             "list-append");
  const CheckResult result = check_all(history);
  expect(result, {"snapshot-isolation", "parallel-snapshot-isolation", "cursor-stability"},
         {"serializable", "repeatable-read", "strict-serializable"});
  CHECK(has(result, "G2-item"));
}

TEST_CASE("levels: a lost update is allowed by prefix consistency") {
  const History history = serial({done(0, {op("r", "x", Value::List{}), op("append", "x", 1)}),
                                  done(1, {op("r", "x", Value::List{}), op("append", "x", 2)})},
                                 "list-append");
  const CheckResult result = check_all(history);
  expect(result, {"prefix", "read-committed", "monotonic-atomic-view"},
         {"cursor-stability", "update-atomic", "consistent-view", "snapshot-isolation",
          "parallel-snapshot-isolation", "repeatable-read"});
  CHECK(has(result, "lost-update"));
}

TEST_CASE("levels: dirty writes and aborted reads") {
  const History dirty =
      serial({done(0, {op("append", "x", 1), op("append", "y", 1)}),
              done(1, {op("append", "x", 2), op("append", "y", 2)}),
              done(2, {op("r", "x", Value::List{1, 2}), op("r", "y", Value::List{2, 1})})},
             "list-append");
  CheckResult result = check_all(dirty);
  expect(result, {}, {"read-uncommitted", "read-committed"});
  CHECK(has(result, "G0"));

  Txn aborted = done(0, {op("append", "x", 1)});
  aborted.outcome = EventType::fail;
  const History read = serial({aborted, done(1, {op("r", "x", Value::List{1})})}, "list-append");
  result = check_all(read);
  expect(result, {"read-uncommitted"}, {"read-committed", "serializable"});
  CHECK(has(result, "G1a"));
}

TEST_CASE("levels: mini-transactions of registers show their order") {
  const History history = serial(
      {done(0, {op("r", "x", {}), op("w", "x", 1)}), done(1, {op("r", "x", 1), op("w", "x", 2)}),
       done(2, {op("r", "x", 2)}), done(3, {op("r", "x", 1)})},
      "rw-register");
  const CheckResult result = check_all(history);
  expect(result, {"serializable", "strong-session-serializable"}, {"strict-serializable"});
}

TEST_CASE("levels: nothing has to come after an indeterminate transaction of its process") {
  Txn lost = done(0, {op("append", "x", 1)});
  lost.outcome = EventType::info;
  const History history = serial(
      {lost, done(0, {op("r", "x", Value::List{})}), done(1, {op("r", "x", Value::List{1})})},
      "list-append");
  expect(check_all(history), {"strict-serializable", "strong-session-serializable", "prefix"}, {});
}

TEST_CASE("levels: a read that two appends can have supplied refutes nothing") {
  const History history = serial({done(0, {op("append", "x", 1)}), done(1, {op("append", "x", 1)}),
                                  done(2, {op("r", "x", Value::List{1})})},
                                 "list-append");
  CheckOptions options;
  options.models = {"serializable"};
  const auto result = check(history, options);
  REQUIRE(result.ok());
  CHECK(result->verdict == Verdict::unknown);
  CHECK(result->unknown_because.find("more than once") != std::string::npos);
}

TEST_CASE("levels: of two appends of a transaction the first is there first") {
  const History history = serial({done(0, {op("append", "x", 1), op("append", "x", 2)}),
                                  done(1, {op("r", "x", Value::List{2})})},
                                 "list-append");
  const CheckResult result = check_all(history);
  expect(result, {"read-uncommitted"}, {"read-committed", "serializable"});
  CHECK(has(result, "incompatible-order"));
}

TEST_CASE("levels: where a transaction sees its own appends says nothing about others") {
  // It appended after 1, but by the time it committed 3 had come between: allowed by read
  // committed.
  const History history =
      serial({done(0, {op("append", "x", 1)}),
              done(1, {op("append", "x", 2), op("r", "x", Value::List{1, 2})}),
              done(2, {op("append", "x", 3)}), done(3, {op("r", "x", Value::List{1, 3, 2})})},
             "list-append");
  expect(check_all(history), {"read-committed"}, {"cursor-stability", "snapshot-isolation"});
}

TEST_CASE("levels: registers that replace each other in a circle") {
  const History history = serial(
      {done(0, {op("r", "x", 2), op("w", "x", 1)}), done(1, {op("r", "x", 1), op("w", "x", 2)})},
      "rw-register");
  const CheckResult result = check_all(history);
  expect(result, {"read-uncommitted"}, {"read-committed", "serializable"});
  CHECK(has(result, "cyclic-versions"));
  CHECK(has(result, "G1c"));
}

TEST_CASE("levels: prefix consistency is refuted with a witness that holds") {
  const History history =
      serial({done(0, {op("append", "x", 1), op("append", "y", 1)}),
              done(1, {op("r", "x", Value::List{1}), op("r", "y", Value::List{})})},
             "list-append");
  CheckOptions options;
  options.models = {"prefix"};
  const auto result = check(history, options);
  REQUIRE(result.ok());
  REQUIRE(result->verdict == Verdict::violation);
  REQUIRE_FALSE(result->anomalies.empty());
  CHECK(result->anomalies[0].witness == std::vector<std::uint64_t>{0, 2});
  CHECK(verify(history, result->certificate).ok());
}

/// The model is violated, by an anomaly of this type, and the certificate holds.
void expect_proof(const History& history, const std::string& model, const std::string& type) {
  CAPTURE(model);
  CheckOptions options;
  options.models = {model};
  const auto result = check(history, options);
  REQUIRE(result.ok());
  CHECK(result->verdict == Verdict::violation);
  CHECK(has(*result, type));
  CHECK(verify(history, result->certificate).ok());
}

TEST_CASE("levels: a read that is repeated after more was seen must show it") {
  const History history = serial(
      {done(0, {op("w", "x", 1)}), done(1, {op("r", "x", 1), op("w", "x", 2), op("w", "y", 2)}),
       done(2, {op("r", "x", 1), op("r", "y", 2), op("r", "x", 1)})},
      "rw-register");
  expect(check_all(history), {"read-committed"}, {"monotonic-atomic-view", "read-committed-be"});
  expect_proof(history, "monotonic-atomic-view", "OTV");
}

TEST_CASE("levels: those who saw both of two writes contradict each other about their order") {
  // Whoever read x = 1 had seen the other writer of x, so x = 1 is the later version; and the other
  // way round.
  const History history = serial(
      {done(0, {op("w", "x", 1), op("w", "y", 1)}), done(1, {op("w", "x", 2), op("w", "z", 2)}),
       done(2, {op("r", "z", 2), op("r", "x", 1)}), done(3, {op("r", "y", 1), op("r", "x", 2)})},
      "rw-register");
  expect_proof(history, "monotonic-atomic-view", "OTV");
  expect_proof(history, "update-atomic", "fractured-read");
  expect(check_all(history), {"read-committed"}, {"monotonic-atomic-view", "snapshot-isolation"});
}

TEST_CASE("levels: an append that nobody read comes next after what its transaction had read") {
  const History history = serial(
      {done(0, {op("append", "x", 2), op("append", "y", 5)}),
       done(1, {op("r", "x", Value::List{}), op("r", "y", Value::List{5}), op("append", "x", 1)})},
      "list-append");
  expect_proof(history, "cursor-stability", "lost-update");
  expect(check_all(history), {"read-committed"}, {"cursor-stability", "update-atomic"});
}

TEST_CASE("levels: whichever of two appends that nobody read came first, there is a cycle") {
  const History history =
      serial({done(0, {op("r", "x", Value::List{}), op("append", "y", 1), op("append", "z", 1)}),
              done(1, {op("r", "y", Value::List{}), op("append", "x", 1), op("append", "z", 2)})},
             "list-append");
  for (const char* model : {"snapshot-isolation", "consistent-view"}) {
    expect_proof(history, model, "no-order");
  }
  expect(check_all(history), {"update-atomic", "prefix"},
         {"snapshot-isolation", "parallel-snapshot-isolation", "repeatable-read"});
}

TEST_CASE("levels: a transaction cannot read its own append from another one") {
  const History history =
      serial({done(0, {op("append", "x", 1), op("r", "x", Value::List{1, 1})})}, "list-append");
  expect_proof(history, "read-committed", "duplicate-elements");
}

TEST_CASE("lattice: no verdict contradicts another") {
  // Every implication of the table must lead to a model of the table, and no model to itself.
  for (const ModelInfo& model : model_lattice()) {
    CAPTURE(model.name);
    for (const ModelInfo& other : model_lattice()) {
      if (model.name == other.name) continue;
      CHECK_FALSE((implies(model.name, other.name) && implies(other.name, model.name)));
    }
  }
  for (const AnomalyInfo& anomaly : anomaly_lattice()) {
    CAPTURE(anomaly.name);
    // It refutes the model that was asked for, whichever that was.
    if (anomaly.name == "no-order") continue;
    CHECK_FALSE(refuted_by(anomaly.name).empty());
  }
}

}  // namespace assay
