// Closed worlds: objects that are inserted, deleted and read by predicates.

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "edn_events.h"

namespace assay {
namespace {

std::string op(int process, const std::string& asked, const std::string& got,
               const std::string& type = "ok") {
  return edn::operation(process, "txn", asked, got, type);
}
std::string init(const std::string& objects) { return edn::operation(9, "init", objects, objects); }
/// Two transactions at once.
std::string both(const std::string& a, const std::string& b) {
  return edn::line(0, "txn", "invoke", "[]") + edn::line(1, "txn", "invoke", "[]") +
         edn::line(0, "txn", "ok", a) + edn::line(1, "txn", "ok", b);
}

CheckResult result_of(const std::string& events) {
  return edn::checked(events, "closed-predicate", "strongest");
}

bool finds(const CheckResult& result, const std::string& type) {
  return std::any_of(result.anomalies.begin(), result.anomalies.end(),
                     [&](const Anomaly& anomaly) { return anomaly.type == type; });
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("predicates: one after the other is strictly serializable") {
  const CheckResult result =
      result_of(init("{:x 1 :y 2}") + op(0, "[]", "[[:rp [:= 1] {:x 1}] [:w :x 3]]") +
                op(1, "[]", "[[:rp :true {:x 3 :y 2}] [:delete :y] [:insert :z 5]]") +
                op(2, "[]", "[[:rp [:mod 2 1] {:x 3 :z 5}] [:r :y nil]]"));
  CHECK(result.strongest == Names{"strict-serializable"});
  CHECK(result.anomalies.empty());
}

TEST_CASE("predicates: two that look for what the other makes are write skew, by a predicate") {
  const CheckResult result = result_of(
      init("{:x 0 :y 0}") + both("[[:rp [:= 1] {}] [:w :x 1]]", "[[:rp [:= 1] {}] [:w :y 1]]"));
  CHECK(finds(result, "G2"));
  CHECK_FALSE(finds(result, "G2-item"));
  CHECK(result.weakest_violated == Names{"serializable"});
  // It is known of both that they read what init left, so the rest holds.
  CHECK(std::count(result.strongest.begin(), result.strongest.end(), "repeatable-read") == 1);
  CHECK(std::count(result.strongest.begin(), result.strongest.end(), "strong-snapshot-isolation") ==
        1);
}

TEST_CASE("predicates: the same by reads of objects breaks repeatable read too") {
  const CheckResult result =
      result_of(init("{:x 0 :y 0}") + both("[[:r :y 0] [:w :x 1]]", "[[:r :x 0] [:w :y 1]]"));
  CHECK(finds(result, "G2-item"));
  CHECK(result.weakest_violated == Names{"repeatable-read"});
}

TEST_CASE("predicates: an insertion that only one of two reads shows is read skew") {
  const CheckResult result =
      result_of(init("{:a 1}") + both("[[:rp :true {:a 1}] [:r :b 3]]", "[[:insert :b 3]]"));
  CHECK(finds(result, "G-single"));
  CHECK(std::count(result.weakest_violated.begin(), result.weakest_violated.end(),
                   "consistent-view") == 1);
}

TEST_CASE("predicates: a deleted object is not one that does not exist yet") {
  const std::string deleted = init("{:x 1}") + op(0, "[]", "[[:delete :x]]");
  CHECK(result_of(deleted + op(1, "[]", "[[:r :x nil]]")).strongest ==
        Names{"strict-serializable"});
  const CheckResult stale = result_of(deleted + op(1, "[]", "[[:r :x 1]]"));
  CHECK(finds(stale, "G-single-item-realtime"));
  CHECK(stale.strongest == Names{"strong-session-serializable"});
  // Nobody deletes it, and it was there from the start.
  CHECK(result_of(init("{:x 1}") + op(1, "[]", "[[:r :x nil]]")).verdict == Verdict::violation);
}

TEST_CASE("predicates: what one look shows") {
  const std::string world = init("{:x 1}");
  CHECK(finds(
      result_of(world + op(0, "[[:w :x 2]]", "[[:w :x 2]]", "fail") + op(1, "[]", "[[:r :x 2]]")),
      "G1a"));
  CHECK(finds(
      result_of(world + op(0, "[]", "[[:w :x 2] [:w :x 3]]") + op(1, "[]", "[[:rp :true {:x 2}]]")),
      "G1b"));
  CHECK(finds(result_of(world + op(0, "[]", "[[:w :x 2] [:rp [:= 2] {}]]")), "internal"));
  CHECK(finds(result_of(world + op(0, "[]", "[[:r :x 7]]")), "garbage-read"));
  CHECK(finds(result_of(world + op(0, "[]", "[[:rp [:= 7] {:x 1}]]")), "garbage-read"));
}

TEST_CASE("predicates: an indeterminate write counts once it was seen") {
  const std::string world = init("{:x 1}") + op(0, "[[:w :x 2]]", "[[:w :x 2]]", "info");
  CHECK(result_of(world + op(1, "[]", "[[:r :x 1]]")).strongest == Names{"strict-serializable"});
  CHECK(result_of(world + op(1, "[]", "[[:r :x 2]]")).strongest == Names{"strict-serializable"});
  const CheckResult result =
      result_of(world + op(1, "[]", "[[:r :x 2]]") + op(1, "[]", "[[:rp :true {:x 1}]]"));
  CHECK(finds(result, "G-single-item-process"));
}

TEST_CASE("predicates: what never matches says nothing, and costs nothing") {
  // Not to find :y, which is 2 for ever, is no evidence of anything.
  CHECK(result_of(op(0, "[]", "[[:rp [:= 1] {}]]") + op(1, "[]", "[[:insert :y 2]]") +
                  op(0, "[]", "[[:rp [:= 1] {}] [:r :y 2]]"))
            .strongest == Names{"strict-serializable"});
  std::string many;
  for (int i = 0; i < 1'500; ++i) {
    const std::string group = std::to_string(i / 3);
    const std::string name = ":k" + std::to_string(i);
    many += op(i % 5, "[]",
               "[[:rp [:= " + group + "] {" +
                   (i % 3 > 0 ? ":k" + std::to_string(i - 1) + " " + group : "") +
                   (i % 3 > 1 ? " :k" + std::to_string(i - 2) + " " + group : "") + "}] [:insert " +
                   name + " " + group + "]]");
  }
  CHECK(result_of(many).strongest == Names{"strict-serializable"});
}

TEST_CASE("predicates: what is no transaction is refused with its event") {
  std::istringstream input(op(0, "[]", "[[:rp :true 7]]"));
  HistorySink sink;
  REQUIRE(read_jepsen_edn(input, {}, sink).ok());
  const auto history = sink.finish();
  REQUIRE(history.ok());
  CheckOptions options;
  options.datatype = "closed-predicate";
  const auto result = check(*history, options);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().kind == ErrorKind::bad_data);
  CHECK(result.error().message.find("event 0") != std::string::npos);
}

}  // namespace assay
