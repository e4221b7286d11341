// The datatypes that are decided from their sequential specification alone, against the definition:
// every order is tried. ASSAY_ROUNDS: how many random histories of each (the property test asks for
// a million).

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "checker/certificate/verify.h"
#include "checker/linearizability/multi_register_checker.h"
#include "checker/linearizability/searches/searches.h"
#include "history/formats/readers.h"
#include "models_oracle.h"
#include "tests/rounds.h"

namespace assay {
namespace {

using oracle::Timed;

std::uint64_t rounds() { return rounds_or(4'000); }

/// A history with the truth about it.
struct Case {
  History history;
  bool linearizable;
};

/// Why the verifier does not accept the certificate. It does not know failed operations that tell
/// something.
std::string refusal(const History& history, const Certificate& certificate) {
  if (certificate.datatype == "register") return {};
  const auto status = verify(history, certificate);
  return status ? std::string() : status.error().message;
}

/// Decides and explains; says what is wrong with the answer.
std::string disagreement(const Case& given, ObjectChecker& checker, std::uint64_t seed) {
  const auto outcome = checker.decide(0, SearchLimits{}, true);
  if (!outcome) return outcome.error().message;
  const auto wanted =
      given.linearizable ? SearchAnswer::linearizable : SearchAnswer::not_linearizable;
  if (outcome->search.answer != wanted) return "the answer";
  Certificate certificate;
  certificate.model = "linearizable";
  certificate.datatype = given.history.info().datatype;
  certificate.history_digest = given.history.digest();
  certificate.initial = given.history.info().initial;
  certificate.verdict = given.linearizable ? "pass" : "violation";
  if (given.linearizable) certificate.orders.push_back({std::nullopt, outcome->order});
  if (!given.linearizable && seed % 4 != 0) return {};
  if (given.linearizable) return refusal(given.history, certificate);
  const ExplainedAnomaly explained = checker.explain(0, *outcome, SearchLimits{});
  if (!explained.anomaly.minimal) return "the witness is not minimal";
  if (explained.anomaly.witness.empty()) return "the witness is empty";
  certificate.witnesses.push_back(explained.witness);
  return refusal(given.history, certificate);
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

template <class M>
std::unique_ptr<ObjectChecker> search_for(const History& history) {
  static const CheckOptions options;
  return std::make_unique<ModelChecker<M>>(history, [&history] { return M(history, options); });
}
std::unique_ptr<ObjectChecker> multi_registers(const History& history) {
  return std::make_unique<MultiRegisterChecker>(history, search_for<MultiRegisterModel>(history));
}

template <class Make, class MakeChecker>
void require_agreement(Make make, MakeChecker make_checker) {
  std::uint64_t legal = 0;
  for (std::uint64_t seed = 0; seed < rounds(); ++seed) {
    Random random(seed);
    const Case given = make(random);
    legal += given.linearizable ? 1 : 0;
    const std::string what = disagreement(given, *make_checker(given.history), seed);
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

TEST_CASE("models: multi-registers agree with the definition on random histories") {
  require_agreement(random_transactions, multi_registers);
}

TEST_CASE("models: the search for multi-registers alone agrees with the definition") {
  require_agreement(random_transactions, search_for<MultiRegisterModel>);
}

TEST_CASE("models: registers whose failed cas assert agree with the definition") {
  require_agreement(random_registers, search_for<AssertingRegisterModel>);
}

}  // namespace assay
