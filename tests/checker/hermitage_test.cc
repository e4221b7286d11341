// The anomalies that Hermitage (Martin Kleppmann, 2014) provokes in databases, each as a small
// history of what a database that lets it happen answers: the levels that forbid the anomaly are
// violated, the ones known to allow it are not.

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "checker/checker.h"
#include "history/formats/readers.h"
#include "history/sink.h"

namespace assay {
namespace {

/// A transaction as it was asked and answered; those of a case all overlap.
struct Txn {
  std::string steps;
  std::string outcome = "ok";
};

struct Case {
  std::string name;
  std::string datatype;
  std::vector<Txn> txns;
  std::string anomaly;
  std::vector<std::string> forbidden_by;
  std::vector<std::string> allowed_by;
};

History history_of(const Case& test) {
  std::string lines;
  int process = 9;
  const auto event = [&](const char* type, const std::string& f, const std::string& value) {
    lines += "{:process " + std::to_string(process) + " :type :" + type + " :f :" + f + " :value " +
             value + "}\n";
  };
  // Every table begins with two rows.
  if (test.datatype == "closed-predicate") {
    event("invoke", "init", "{:a 10 :b 20}");
    event("ok", "init", "{:a 10 :b 20}");
  } else {
    event("invoke", "txn", "[[:append :a 10] [:append :b 20]]");
    event("ok", "txn", "[[:append :a 10] [:append :b 20]]");
  }
  for (process = 0; process < static_cast<int>(test.txns.size()); ++process) {
    const Txn& txn = test.txns[static_cast<std::size_t>(process)];
    event("invoke", "txn", txn.outcome == "ok" ? "[]" : txn.steps);
  }
  for (process = 0; process < static_cast<int>(test.txns.size()); ++process) {
    const Txn& txn = test.txns[static_cast<std::size_t>(process)];
    event(txn.outcome.c_str(), "txn", txn.steps);
  }
  std::istringstream input(lines);
  HistorySink sink;
  REQUIRE(read_jepsen_edn(input, {}, sink).ok());
  auto history = sink.finish();
  REQUIRE(history.ok());
  return std::move(history).value();
}

const std::vector<Case> cases{
    {"G0: two transactions write over each other",
     "list-append",
     {{"[[:append :a 11] [:append :b 21]]"},
      {"[[:append :a 12] [:append :b 22]]"},
      {"[[:r :a [10 11 12]] [:r :b [20 22 21]]]"}},
     "G0",
     {"read-uncommitted", "read-committed", "snapshot-isolation"},
     {}},
    {"G1a: what is rolled back is read",
     "list-append",
     {{"[[:append :a 101]]", "fail"}, {"[[:r :a [10 101]]]"}},
     "G1a",
     {"read-committed", "snapshot-isolation"},
     {"read-uncommitted"}},
    {"G1b: what is not finished is read",
     "list-append",
     {{"[[:append :a 101] [:append :a 11]]"}, {"[[:r :a [10 101]]]"}},
     "G1b",
     {"read-committed", "snapshot-isolation"},
     {"read-uncommitted"}},
    {"G1c: two transactions each read what the other writes",
     "list-append",
     {{"[[:append :a 11] [:r :b [20 22]]]"}, {"[[:append :b 22] [:r :a [10 11]]]"}},
     "G1c",
     {"read-committed", "snapshot-isolation"},
     {"read-uncommitted"}},
    {"OTV: of what was seen something vanishes",
     "list-append",
     {{"[[:append :a 11] [:append :b 19]]"},
      {"[[:r :a [10 11]] [:r :b [20]]]"},
      {"[[:r :a [10 11]] [:r :b [20 19]]]"}},
     "OTV",
     {"monotonic-atomic-view", "consistent-view", "snapshot-isolation", "repeatable-read"},
     {"read-committed", "cursor-stability"}},
    {"P4: an update is lost",
     "list-append",
     {{"[[:r :a [10]] [:append :a 11]]"},
      {"[[:r :a [10]] [:append :a 12]]"},
      {"[[:r :a [10 11 12]]]"}},
     "lost-update",
     {"cursor-stability", "update-atomic", "snapshot-isolation", "repeatable-read"},
     {"read-committed", "monotonic-atomic-view", "prefix"}},
    {"G-single: read skew",
     "list-append",
     {{"[[:r :a [10]] [:r :b [20 18]]]"}, {"[[:append :a 12] [:append :b 18]]"}},
     "G-single-item",
     {"consistent-view", "snapshot-isolation", "repeatable-read"},
     {"read-committed", "monotonic-atomic-view", "cursor-stability"}},
    {"G2-item: write skew",
     "list-append",
     {{"[[:r :a [10]] [:r :b [20]] [:append :a 11]]"},
      {"[[:r :a [10]] [:r :b [20]] [:append :b 21]]"}},
     "G2-item",
     {"repeatable-read", "serializable"},
     {"snapshot-isolation", "strong-snapshot-isolation"}},
    {"PMP: a predicate finds what came in between",
     "closed-predicate",
     {{"[[:rp [:= 30] {}] [:rp [:mod 3 0] {:c 30}]]"}, {"[[:insert :c 30]]"}},
     "G-single",
     {"consistent-view", "snapshot-isolation", "serializable"},
     {"read-committed", "repeatable-read"}},
    {"G2: write skew by a predicate",
     "closed-predicate",
     {{"[[:rp [:mod 3 0] {}] [:insert :c 30]]"}, {"[[:rp [:mod 3 0] {}] [:insert :d 42]]"}},
     "G2",
     {"serializable", "strict-serializable"},
     {"snapshot-isolation", "repeatable-read"}},
};

}  // namespace

TEST_CASE("hermitage: each anomaly violates what forbids it, and nothing that allows it") {
  for (const Case& test : cases) {
    CAPTURE(test.name);
    CheckOptions options;
    options.datatype = test.datatype;
    options.models = {"strongest"};
    const auto result = check(history_of(test), options);
    REQUIRE_MESSAGE(result.ok(), (result.ok() ? "" : result.error().message));
    CHECK(std::any_of(result->anomalies.begin(), result->anomalies.end(),
                      [&](const Anomaly& anomaly) { return anomaly.type == test.anomaly; }));
    const auto verdict = [&](const std::string& model) {
      const auto at = std::find_if(result->models.begin(), result->models.end(),
                                   [&](const ModelVerdict& each) { return each.model == model; });
      REQUIRE(at != result->models.end());
      return at->verdict;
    };
    for (const std::string& model : test.forbidden_by) {
      CAPTURE(model);
      CHECK(verdict(model) == Verdict::violation);
    }
    for (const std::string& model : test.allowed_by) {
      CAPTURE(model);
      CHECK(verdict(model) == Verdict::pass);
    }
  }
}

}  // namespace assay
