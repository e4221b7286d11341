// What several models say together: which is the strongest that holds, the weakest that is
// violated, what follows from what, and that no contradiction gets out.

#include "checker/conclusions.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "checker/certificate/verify.h"
#include "checker/checker.h"
#include "history/formats/readers.h"
#include "history/sink.h"

namespace assay {
namespace {

using Names = std::vector<std::string>;

History history_of(const std::string& edn) {
  std::istringstream input(edn);
  HistorySink sink;
  REQUIRE(read_jepsen_edn(input, {}, sink).ok());
  auto history = sink.finish();
  REQUIRE(history.ok());
  return std::move(history).value();
}

std::string txn(int process, const std::string& type, const std::string& value) {
  return "{:process " + std::to_string(process) + " :type :" + type + " :f :txn :value " + value +
         "}\n";
}

/// Two transactions at once.
std::string both(const std::string& a, const std::string& b) {
  return txn(0, "invoke", "[]") + txn(1, "invoke", "[]") + txn(0, "ok", a) + txn(1, "ok", b);
}

CheckResult strongest(const History& history, const std::string& datatype) {
  CheckOptions options;
  options.datatype = datatype;
  options.models = {"strongest"};
  auto result = check(history, options);
  REQUIRE(result.ok());
  return std::move(result).value();
}

const ModelVerdict& of(const CheckResult& result, const std::string& model) {
  const auto at = std::find_if(result.models.begin(), result.models.end(),
                               [&](const ModelVerdict& each) { return each.model == model; });
  REQUIRE(at != result.models.end());
  return *at;
}

CheckResult made_of(std::vector<ModelVerdict> models) {
  CheckResult result;
  result.datatype = "rw-register";
  result.models = std::move(models);
  conclude(result);
  return result;
}

}  // namespace

TEST_CASE("strongest: everything holds") {
  const CheckResult result =
      strongest(history_of(txn(0, "invoke", "[]") + txn(0, "ok", "[[:append x 1]]") +
                           txn(1, "invoke", "[]") + txn(1, "ok", "[[:r x [1]]]")),
                "list-append");
  CHECK(result.verdict == Verdict::pass);
  CHECK(result.strongest == Names{"strict-serializable"});
  CHECK(result.weakest_violated.empty());
  CHECK(result.model == "strict-serializable");
}

TEST_CASE("strongest: write skew leaves snapshot isolation, and breaks repeatable read") {
  const auto check_skew = [](const std::string& datatype, const History& history) {
    const CheckResult result = strongest(history, datatype);
    CAPTURE(datatype);
    CHECK(result.verdict == Verdict::violation);
    CHECK(result.strongest == Names{"strong-snapshot-isolation"});
    CHECK(result.weakest_violated == Names{"repeatable-read"});
    CHECK(result.model == "repeatable-read");
    for (const ModelVerdict& each : result.models) {
      CAPTURE(each.model);
      if (each.verdict != Verdict::violation) continue;
      REQUIRE(each.anomaly.has_value());
      CHECK(result.anomalies.at(*each.anomaly).witness.size() == 2);
    }
  };
  check_skew("list-append",
             history_of(both("[[:r x []] [:append y 1]]", "[[:r y []] [:append x 2]]")));
  check_skew("rw-register",
             history_of(txn(2, "invoke", "[]") + txn(2, "ok", "[[:w x 10] [:w y 20]]") +
                        both("[[:r x 10] [:r y 20] [:w y 1]]", "[[:r x 10] [:r y 20] [:w x 2]]")));
}

TEST_CASE("strongest: read skew leaves what does not look at anti-dependencies") {
  const History history =
      history_of(both("[[:append x 1] [:append y 1]]", "[[:r x []] [:r y [1]]]"));
  const CheckResult result = strongest(history, "list-append");
  CHECK(of(result, "read-committed").verdict == Verdict::pass);
  CHECK(of(result, "snapshot-isolation").verdict == Verdict::violation);
  CHECK(std::count(result.weakest_violated.begin(), result.weakest_violated.end(),
                   "consistent-view") == 1);
}

TEST_CASE("strongest: registers, from linearizable down to the guarantees of sessions") {
  const History history = history_of(
      "{:process 0 :type :invoke :f :write :value 1}\n{:process 0 :type :ok :f :write :value 1}\n"
      "{:process 1 :type :invoke :f :read}\n{:process 1 :type :ok :f :read :value nil}\n");
  std::istringstream input(
      R"({"assay":"history/1","datatype":"register","initial":0}
{"process":0,"type":"invoke","f":"write","value":1}
{"process":0,"type":"ok","f":"write","value":1}
{"process":1,"type":"invoke","f":"read","value":null}
{"process":1,"type":"ok","f":"read","value":0}
)");
  HistorySink sink;
  REQUIRE(read_json_lines(input, {}, sink).ok());
  const auto stale = sink.finish();
  REQUIRE(stale.ok());
  const CheckResult result = strongest(*stale, "register");
  CHECK(result.weakest_violated == Names{"linearizable"});
  CHECK(result.strongest == Names{"sequential"});
  REQUIRE_FALSE(result.certificate.empty());
  CHECK(result.certificate.model == "linearizable");
  CHECK(verify(*stale, result.certificate).ok());
  // Nil says nothing in this format.
  CHECK(strongest(history, "register").strongest == Names{"linearizable"});
}

TEST_CASE("conclusions: a pass goes down, a violation up, and the rest stays open") {
  const CheckResult result =
      made_of({{"strict-serializable", Verdict::unknown, "too hard"},
               {"serializable", Verdict::pass},
               {"snapshot-isolation", Verdict::unknown, "too hard"},
               {"strong-session-snapshot-isolation", Verdict::unknown, "too hard"},
               {"transactional-causal", Verdict::violation}});
  CHECK(of(result, "snapshot-isolation").verdict == Verdict::pass);
  CHECK(of(result, "snapshot-isolation").implied_by == "serializable");
  CHECK(of(result, "snapshot-isolation").unknown_because.empty());
  CHECK(of(result, "strict-serializable").verdict == Verdict::violation);
  CHECK(of(result, "strict-serializable").implied_by == "transactional-causal");
  CHECK(result.strongest == Names{"serializable"});
  CHECK(result.weakest_violated == Names{"transactional-causal"});
  CHECK(result.verdict == Verdict::violation);
}

TEST_CASE("conclusions: without a violation, what is open decides") {
  const CheckResult result =
      made_of({{"serializable", Verdict::unknown, "too hard"}, {"read-committed", Verdict::pass}});
  CHECK(result.verdict == Verdict::unknown);
  CHECK(result.model == "serializable");
  CHECK(result.unknown_because == "too hard");
  CHECK(result.strongest == Names{"read-committed"});
}

TEST_CASE("conclusions: a pass that a violation contradicts is none") {
  const CheckResult result =
      made_of({{"serializable", Verdict::pass}, {"read-committed", Verdict::violation}});
  CHECK(of(result, "serializable").verdict == Verdict::unknown);
  CHECK(of(result, "serializable").unknown_because.find("bug") != std::string::npos);
  CHECK(result.verdict == Verdict::violation);
  CHECK(result.strongest.empty());
}

TEST_CASE("conclusions: read atomic says nothing of the levels below for lists") {
  CheckResult result;
  result.datatype = "list-append";
  result.models = {{"read-atomic", Verdict::pass}, {"monotonic-atomic-view", Verdict::violation}};
  conclude(result);
  CHECK(of(result, "read-atomic").verdict == Verdict::pass);
  CHECK(result.strongest == Names{"read-atomic"});
}

}  // namespace assay
