// Strings: get, put and append, against the definition: every order is tried. ASSAY_ROUNDS: how
// many random histories of each of four kinds (the property test asks for a million in all).

#include <doctest/doctest.h>

#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "checker/certificate/verify.h"
#include "checker/checker.h"
#include "checker/linearizability/minimal.h"
#include "checker/linearizability/strings/string_checker.h"
#include "history/formats/readers.h"
#include "history/sink.h"
#include "models_oracle.h"
#include "tests/rounds.h"

namespace assay {
namespace {

using oracle::Timed;

std::uint64_t rounds() { return rounds_or(4'000); }

struct Call {
  std::string f;
  std::string text;
};

/// A history with the truth about it.
struct Case {
  History history;
  bool linearizable;
};

/// What the random histories are like.
struct Kind {
  std::vector<std::string> tokens;  ///< to write; empty: another one each time
  std::string initial;
};

Case random_strings(const Kind& kind, Random& random) {
  const std::size_t count = 2 + random.below(6);
  const auto times = oracle::random_times(random, count);
  std::vector<Timed<Call>> calls;
  std::string state = kind.initial;
  char next = 'a';
  const double puts = 0.1 * static_cast<double>(random.between(1, 3));
  for (std::size_t i = 0; i < count; ++i) {
    Call call;
    const double roll = random.unit();
    call.f = roll < 0.4 ? "get" : roll < 0.4 + puts ? "put" : "append";
    if (call.f == "get") {
      call.text = state;
      if (random.chance(0.05)) call.text += "a";
      if (random.chance(0.1)) call.text = call.text.substr(call.text.size() / 2);
      if (random.chance(0.1)) call.text = call.text.substr(0, call.text.size() / 2);
      if (random.chance(0.1) && call.text.size() > 1) std::swap(call.text[0], call.text[1]);
    } else {
      call.text = kind.tokens.empty() ? std::string(1, next++) : random.pick(kind.tokens);
    }
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
  const auto apply = [](const Call& call, bool pending, std::string& value) {
    if (call.f == "put") value = call.text;
    if (call.f == "append") value += call.text;
    return call.f != "get" || pending || value == call.text;
  };
  const Value initial = kind.initial.empty() ? Value() : Value(kind.initial);
  return {oracle::as_history(std::move(events), "kv-string", initial),
          oracle::some_order(calls, 0, kind.initial, apply)};
}

/// Does the verifier refuse the certificate once something in it was changed? Orders are changed
/// beyond what real time or the strings allow only by leaving out, repeating or adding.
std::string accepted_corruption(const History& history, const Certificate& good, Random& random) {
  const auto refused = [&](auto change) {
    Certificate bad = good;
    change(bad);
    return !verify(history, bad).ok();
  };
  if (!refused([](Certificate& c) { c.history_digest.back() ^= 1; })) return "the digest";
  if (!refused([](Certificate& c) { c.initial = Value("z"); })) return "the initial text";
  if (!refused([](Certificate& c) { c.model = "sequential"; })) return "the model";
  // Without any operation that returned, every datatype is as good.
  const bool says_nothing = !good.orders.empty() && good.orders.front().order.empty();
  if (!says_nothing && !refused([](Certificate& c) { c.datatype = "register"; })) {
    return "the datatype";
  }
  if (!refused([](Certificate& c) { c.verdict = c.verdict == "pass" ? "violation" : "pass"; })) {
    return "the verdict";
  }
  for (std::size_t k = 0; k < good.orders.size(); ++k) {
    const std::size_t n = good.orders[k].order.size();
    if (n == 0) continue;
    const std::size_t at = random.below(n);
    if (!refused(
            [&](Certificate& c) { c.orders[k].order[at] = c.orders[k].order[(at + 1) % n]; }) &&
        n > 1) {
      return "an operation of the order, replaced";
    }
    if (!refused([&](Certificate& c) { c.orders[k].order.push_back(c.orders[k].order[at]); })) {
      return "an operation of the order, repeated";
    }
    if (!refused([&](Certificate& c) { c.orders[k].order[at] = 1'000'000; })) {
      return "an operation of the order, unknown";
    }
  }
  for (std::size_t k = 0; k < good.witnesses.size(); ++k) {
    if (!refused([&](Certificate& c) {
          c.witnesses[k].operations.push_back(c.witnesses[k].operations.front());
        })) {
      return "an operation of the witness, repeated";
    }
    if (!refused([&](Certificate& c) { c.witnesses[k].values.emplace_back("no token"); })) {
      return "a token that is none";
    }
  }
  return {};
}

/// Does the certificate's witness refute the history without one of its operations, too?
bool can_be_smaller(const History& history, const Certificate& certificate) {
  const std::size_t size = certificate.witnesses.front().operations.size();
  for (std::size_t i = 0; i < size; ++i) {
    Certificate less = certificate;
    auto& operations = less.witnesses.front().operations;
    operations.erase(operations.begin() + static_cast<std::ptrdiff_t>(i));
    if (verify(history, less).ok()) return true;
  }
  return false;
}

/// Decides and explains; says what is wrong with the answer.
std::string disagreement(const Case& given, std::uint64_t seed) {
  StringChecker checker(given.history);
  const auto outcome = checker.decide(0, SearchLimits{}, true);
  if (!outcome) return outcome.error().message;
  const auto wanted =
      given.linearizable ? SearchAnswer::linearizable : SearchAnswer::not_linearizable;
  if (outcome->search.answer != wanted) return "the answer";
  Certificate certificate;
  certificate.model = "linearizable";
  certificate.datatype = "kv-string";
  certificate.history_digest = given.history.digest();
  certificate.initial = given.history.info().initial;
  certificate.verdict = given.linearizable ? "pass" : "violation";
  if (given.linearizable) {
    certificate.orders.push_back({std::nullopt, outcome->order});
  } else {
    const ExplainedAnomaly explained =
        explain_minimal(checker, given.history, "kv-string", 0, *outcome, SearchLimits{});
    if (!explained.anomaly.minimal) return "the witness is not minimal";
    if (explained.anomaly.witness.empty()) return "the witness is empty";
    certificate.witnesses.push_back(explained.witness);
  }
  if (const auto status = verify(given.history, certificate); !status) {
    return status.error().message;
  }
  if (!given.linearizable && can_be_smaller(given.history, certificate)) {
    return "the witness shows as much without one of its operations";
  }
  if (seed % 64 != 0) return {};
  Random random(seed);
  const std::string accepted = accepted_corruption(given.history, certificate, random);
  return accepted.empty() ? accepted : "the verifier accepts, with a change: " + accepted;
}

void require_agreement(const Kind& kind) {
  std::uint64_t legal = 0;
  for (std::uint64_t seed = 0; seed < rounds(); ++seed) {
    Random random(seed);
    const Case given = random_strings(kind, random);
    legal += given.linearizable ? 1 : 0;
    const std::string what = disagreement(given, seed);
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

History history_of(const std::string& lines) {
  std::istringstream in(lines);
  HistorySink sink;
  REQUIRE(read_json_lines(in, {}, sink).ok());
  auto history = sink.finish();
  REQUIRE(history.ok());
  return std::move(history).value();
}

}  // namespace

TEST_CASE("strings: random histories agree with the definition: unique tokens") {
  require_agreement({});
}

TEST_CASE("strings: random histories agree with the definition: unique tokens, initial text") {
  require_agreement({{}, "i"});
}

TEST_CASE("strings: random histories agree with the definition: repeated tokens") {
  require_agreement({{"a", "b", "c"}, ""});
}

TEST_CASE("strings: random histories agree with the definition: tokens that begin alike") {
  require_agreement({{"a", "aa", "ab", "b", ""}, "a"});
}

TEST_CASE("strings: a register that is appended to holds text") {
  const History history = history_of(R"({"assay":"history/1","datatype":"register"}
{"process":0,"type":"invoke","f":"append","value":"a"}
{"process":0,"type":"ok","f":"append","value":"a"}
{"process":0,"type":"invoke","f":"append","value":"b"}
{"process":0,"type":"ok","f":"append","value":"b"}
{"process":0,"type":"invoke","f":"get","value":null}
{"process":0,"type":"ok","f":"get","value":"b"}
)");
  const auto result = check(history, CheckOptions{});
  REQUIRE(result.ok());
  CHECK(result->datatype == "kv-string");
  CHECK(result->verdict == Verdict::violation);
  REQUIRE(result->anomalies.size() == 1);
  CHECK(result->anomalies.front().explanation ==
        "Process 0 got \"b\" although append \"a\" by process 0 had completed before it began.");
  CHECK(verify(history, result->certificate).ok());
}

TEST_CASE("strings: an append that a put has hidden does not stand in for an equal later one") {
  // append a, put a, append a, get aa, …: the first append lies before the put.
  const History history = history_of(R"({"assay":"history/1","datatype":"kv-string"}
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
  const auto result = check(history, CheckOptions{});
  REQUIRE(result.ok());
  CHECK(result->verdict == Verdict::pass);
}

TEST_CASE("strings: what is no string is an error that names its event") {
  const History history = history_of(R"({"assay":"history/1","datatype":"kv-string"}
{"index":5,"process":0,"type":"invoke","f":"append","value":3}
{"index":6,"process":0,"type":"ok","f":"append","value":3}
)");
  const auto result = check(history, CheckOptions{});
  REQUIRE(!result.ok());
  CHECK(result.error().kind == ErrorKind::bad_data);
  CHECK(result.error().message.find("event 5") != std::string::npos);
}

}  // namespace assay
