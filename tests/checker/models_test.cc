// The datatypes that are decided from their sequential specification alone, against the definition:
// every order is tried. ASSAY_ROUNDS: how many random histories of each (the property test asks
// for a million).

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>

#include "checker/linearizability/searches/searches.h"
#include "history/formats/readers.h"
#include "history/sink.h"
#include "models_oracle.h"

namespace assay {
namespace {

using oracle::Timed;

std::uint64_t rounds() {
#ifdef ASSAY_ROUNDS
  return ASSAY_ROUNDS;
#else
  return 4'000;
#endif
}

/// A history with the truth about it.
struct Case {
  History history;
  bool linearizable;
};

/// Decides and explains; says what is wrong with the answer.
template <class M>
std::string disagreement(const Case& given, std::uint64_t seed) {
  const CheckOptions options;
  ModelChecker<M> checker(given.history, [&] { return M(given.history, options); });
  const auto outcome = checker.decide(0, SearchLimits{}, true);
  if (!outcome) return outcome.error().message;
  const auto wanted =
      given.linearizable ? SearchAnswer::linearizable : SearchAnswer::not_linearizable;
  if (outcome->search.answer != wanted) return "the answer";
  if (given.linearizable || seed % 4 != 0) return {};
  const ExplainedAnomaly explained = checker.explain(0, *outcome, SearchLimits{});
  if (!explained.anomaly.minimal) return "the witness is not minimal";
  if (explained.anomaly.witness.empty()) return "the witness is empty";
  return {};
}

struct StringCall {
  std::string f;
  std::string text;
};

Case random_strings(Random& random) {
  const std::size_t count = 2 + random.below(6);
  const auto times = oracle::random_times(random, count);
  const std::int64_t tokens = random.between(1, 4);
  std::vector<Timed<StringCall>> calls;
  std::string state;
  for (std::size_t i = 0; i < count; ++i) {
    StringCall call;
    const double kind = random.unit();
    call.f = kind < 0.4 ? "get" : kind < 0.6 ? "put" : "append";
    call.text =
        std::string(1, static_cast<char>('a' + random.below(static_cast<std::uint64_t>(tokens))));
    if (random.chance(0.2)) call.text += call.text;
    if (call.f == "get") call.text = state;
    if (call.f == "get" && random.chance(0.15)) call.text += "a";
    if (call.f == "get" && random.chance(0.1)) call.text = call.text.substr(call.text.size() / 2);
    if (call.f == "put") state = call.text;
    if (call.f == "append") state += call.text;
    calls.push_back({times[i].start, times[i].end, random.chance(0.15), call});
  }
  std::vector<oracle::TimedEvent> events;
  for (std::size_t i = 0; i < count; ++i) {
    const bool get = calls[i].op.f == "get";
    oracle::add_operation(events, i, times[i], calls[i].op.f,
                          get ? Value() : Value(calls[i].op.text),
                          calls[i].pending ? Value() : Value(calls[i].op.text),
                          calls[i].pending ? EventType::info : EventType::ok);
  }
  const auto apply = [](const StringCall& call, bool pending, std::string& value) {
    if (call.f == "put") value = call.text;
    if (call.f == "append") value += call.text;
    return call.f != "get" || pending || value == call.text;
  };
  return {oracle::as_history(std::move(events), "kv-string", Value()),
          oracle::some_order(calls, 0, std::string(), apply)};
}

struct Access {
  bool write;
  std::int64_t reg;
  std::int64_t value;
};

Case random_transactions(Random& random) {
  const std::size_t count = 2 + random.below(5);
  const auto times = oracle::random_times(random, count);
  std::vector<Timed<std::vector<Access>>> calls;
  std::map<std::int64_t, std::int64_t> state{{0, 0}, {1, 0}, {2, 0}};
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<Access> txn(1 + random.below(3));
    for (Access& a : txn) {
      a = {random.chance(0.5), random.between(0, 2), random.between(0, 2)};
      if (!a.write && random.chance(0.9)) a.value = state[a.reg];
      if (a.write) state[a.reg] = a.value;
    }
    calls.push_back({times[i].start, times[i].end, random.chance(0.15), txn});
  }
  std::vector<oracle::TimedEvent> events;
  for (std::size_t i = 0; i < count; ++i) {
    Value::List argument;
    Value::List result;
    for (const Access& a : calls[i].op) {
      const Value value(a.value);
      argument.push_back(
          Value::List{Value(a.write ? "w" : "r"), Value(a.reg), a.write ? value : Value()});
      result.push_back(Value::List{Value(a.write ? "w" : "r"), Value(a.reg), value});
    }
    oracle::add_operation(events, i, times[i], "txn", Value(argument),
                          calls[i].pending ? Value() : Value(result),
                          calls[i].pending ? EventType::info : EventType::ok);
  }
  const auto apply = [](const std::vector<Access>& txn, bool pending,
                        std::map<std::int64_t, std::int64_t>& value) {
    for (const Access& a : txn) {
      if (!a.write && !pending && value[a.reg] != a.value) return false;
      if (a.write) value[a.reg] = a.value;
    }
    return true;
  };
  const std::map<std::int64_t, std::int64_t> zero{{0, 0}, {1, 0}, {2, 0}};
  return {oracle::as_history(std::move(events), "multi-register", Value(0)),
          oracle::some_order(calls, 0, zero, apply)};
}

struct RegisterCallUnderTest {
  std::string f;
  std::int64_t found;
  std::int64_t left;
  bool failed;
};

Case random_registers(Random& random) {
  const std::size_t count = 2 + random.below(6);
  const auto times = oracle::random_times(random, count);
  std::vector<Timed<RegisterCallUnderTest>> calls;
  std::int64_t state = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double kind = random.unit();
    RegisterCallUnderTest call{kind < 0.3   ? "read"
                               : kind < 0.6 ? "write"
                                            : "cas",
                               random.between(0, 2), random.between(0, 2), false};
    if (call.f == "read" && random.chance(0.85)) call.found = state;
    if (call.f == "cas") call.failed = call.found != state;
    if (call.f == "cas" && random.chance(0.1)) call.failed = !call.failed;
    if (call.f != "read" && !call.failed) state = call.left;
    const bool pending = !call.failed && random.chance(0.15);
    calls.push_back({times[i].start, times[i].end, pending, call});
  }
  std::vector<oracle::TimedEvent> events;
  for (std::size_t i = 0; i < count; ++i) {
    const RegisterCallUnderTest& call = calls[i].op;
    const Value argument = call.f == "cas" ? Value(Value::List{Value(call.found), Value(call.left)})
                           : call.f == "write" ? Value(call.left)
                                               : Value();
    oracle::add_operation(events, i, times[i], call.f, argument,
                          call.f == "read" ? Value(call.found) : argument,
                          calls[i].pending ? EventType::info
                          : call.failed    ? EventType::fail
                                           : EventType::ok);
  }
  const auto apply = [](const RegisterCallUnderTest& call, bool pending, std::int64_t& value) {
    if (call.failed) return value != call.found;
    const bool fits = call.f == "write" || (call.f == "read" && pending) || value == call.found;
    if (call.f != "read") value = call.left;
    return fits;
  };
  return {oracle::as_history(std::move(events), "register", Value(0)),
          oracle::some_order(calls, 0, std::int64_t{0}, apply)};
}

template <class M, class Make>
void require_agreement(Make make) {
  std::uint64_t legal = 0;
  for (std::uint64_t seed = 0; seed < rounds(); ++seed) {
    Random random(seed);
    const Case given = make(random);
    legal += given.linearizable ? 1 : 0;
    const std::string what = disagreement<M>(given, seed);
    if (what.empty()) continue;
    std::ostringstream events;
    REQUIRE(write_json_lines(given.history, events).ok());
    FAIL("seed " << seed << ": " << what << "; expected linearizable: " << given.linearizable
                 << "\n"
                 << events.str());
  }
  // Both kinds must be there, or the test says little.
  CHECK(legal > rounds() / 5);
  CHECK(legal < rounds() * 9 / 10);
}

}  // namespace

TEST_CASE("models: strings agree with the definition on random histories") {
  require_agreement<StringModel>(random_strings);
}

TEST_CASE("models: an append that a put has hidden does not stand in for an equal later one") {
  // append a, put a, append a, get aa, …: the first append lies before the put.
  std::istringstream lines(R"({"assay":"history/1","datatype":"kv-string","real_time":true}
{"time":2,"process":0,"type":"invoke","f":"append","value":"a"}
{"time":2,"process":1,"type":"invoke","f":"put","value":"a"}
{"time":2,"process":2,"type":"invoke","f":"get","value":null}
{"time":2,"process":1,"type":"ok","f":"put","value":"a"}
{"time":4,"process":3,"type":"invoke","f":"append","value":"a"}
{"time":4,"process":2,"type":"ok","f":"get","value":"aa"}
{"time":5,"process":0,"type":"ok","f":"append","value":"a"}
{"time":6,"process":3,"type":"ok","f":"append","value":"a"}
{"time":7,"process":4,"type":"invoke","f":"get","value":null}
{"time":10,"process":4,"type":"ok","f":"get","value":"aa"}
)");
  HistorySink sink;
  REQUIRE(read_json_lines(lines, {}, sink).ok());
  const auto history = sink.finish();
  REQUIRE(history.ok());
  const CheckOptions options;
  ModelChecker<StringModel> checker(*history, [&] { return StringModel(*history, options); });
  const auto outcome = checker.decide(0, SearchLimits{}, false);
  REQUIRE(outcome.ok());
  CHECK(outcome->search.answer == SearchAnswer::linearizable);
}

TEST_CASE("models: multi-registers agree with the definition on random histories") {
  require_agreement<MultiRegisterModel>(random_transactions);
}

TEST_CASE("models: registers whose failed cas assert agree with the definition") {
  require_agreement<AssertingRegisterModel>(random_registers);
}

}  // namespace assay
