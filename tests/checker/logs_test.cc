// Append-only logs: one small history for each anomaly, and one without any.

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

/// `events`: EDN maps without their index and time.
History history_of(const std::string& events) {
  std::istringstream input(events);
  HistorySink sink;
  REQUIRE(read_jepsen_edn(input, {}, sink).ok());
  auto history = sink.finish();
  REQUIRE(history.ok());
  return std::move(history).value();
}

CheckResult result_of(const std::string& events) {
  const History history = history_of(events);
  CheckOptions options;
  options.datatype = "log";
  options.models = {"serializable-log"};
  auto result = check(history, options);
  REQUIRE(result.ok());
  return std::move(result).value();
}

std::vector<std::string> types_in(const CheckResult& result) {
  std::vector<std::string> types;
  for (const Anomaly& anomaly : result.anomalies) types.push_back(anomaly.type);
  return types;
}

bool finds(const std::string& type, const std::string& events) {
  const auto types = types_in(result_of(events));
  return std::find(types.begin(), types.end(), type) != types.end();
}

/// An operation that completes with `result` as `outcome`.
std::string op(int process, const std::string& f, const std::string& asked,
               const std::string& result, const std::string& outcome = "ok") {
  const std::string head = "{:process " + std::to_string(process) + " :f :" + f + " :type :";
  return head + "invoke :value " + asked + "}\n" + head + outcome + " :value " + result + "}\n";
}
std::string send(int process, const std::string& result, const std::string& outcome = "ok") {
  return op(process, "send", "[[:send :x 0]]", result, outcome);
}
std::string poll(int process, const std::string& messages, const std::string& outcome = "ok") {
  return op(process, "poll", "[[:poll]]", "[[:poll {:x " + messages + "}]]", outcome);
}

}  // namespace

TEST_CASE("logs: what was sent and polled in order passes") {
  const CheckResult result =
      result_of(send(0, "[[:send :x [0 10]]]") + send(0, "[[:send :x [1 11]]]") +
                poll(1, "[[0 10]]") + poll(1, "[[1 11]]"));
  CHECK(result.verdict == Verdict::pass);
  CHECK(result.model == "serializable-log");
  CHECK(types_in(result).empty());
}

TEST_CASE("logs: one offset, two messages") {
  CHECK(finds("inconsistent-offsets", send(0, "[[:send :x [0 10]]]") + poll(1, "[[0 11]]")));
}

TEST_CASE("logs: an indeterminate send counts only if something of it was seen") {
  const std::string sends = send(0, "[[:send :x [0 10]]]", "info") + send(1, "[[:send :x [0 11]]]");
  CHECK_FALSE(finds("inconsistent-offsets", sends));
  CHECK(finds("inconsistent-offsets", sends + poll(2, "[[3 10]]")));
}

TEST_CASE("logs: one message, two offsets") {
  CHECK(finds("duplicate", send(0, "[[:send :x [0 10]]]") + poll(1, "[[0 10] [4 10]]")));
}

TEST_CASE("logs: acknowledged, passed over, lost") {
  const std::string sends = send(0, "[[:send :x [0 10]]]") + send(0, "[[:send :x [1 11]]]");
  CHECK(finds("lost-write", sends + poll(1, "[[1 11]]")));
  CHECK_FALSE(finds("lost-write", sends + poll(1, "[[0 10]]")));
}

TEST_CASE("logs: a message of an operation that failed") {
  CHECK(finds("G1a", send(0, "[[:send :x 10]]", "fail") + poll(1, "[[0 10]]")));
}

TEST_CASE("logs: polls that skip and polls that go back") {
  const std::string sends = send(0, "[[:send :x [0 10]]]") + send(0, "[[:send :x [1 11]]]") +
                            send(0, "[[:send :x [2 12]]]") + poll(5, "[[0 10] [1 11] [2 12]]");
  CHECK(finds("poll-skip", sends + poll(1, "[[0 10]]") + poll(1, "[[2 12]]")));
  CHECK(finds("nonmonotonic-poll", sends + poll(1, "[[1 11]]") + poll(1, "[[1 11]]")));
  CHECK(finds("int-poll-skip", sends + poll(1, "[[0 10] [2 12]]")));
  CHECK(finds("int-nonmonotonic-poll", sends + poll(1, "[[1 11] [0 10]]")));
  const std::string subscribe = op(1, "subscribe", "[:x]", "[:x]");
  CHECK_FALSE(
      finds("nonmonotonic-poll", sends + poll(1, "[[1 11]]") + subscribe + poll(1, "[[0 10]]")));
}

TEST_CASE("logs: a poll that did not commit is polled again") {
  const std::string sends =
      send(0, "[[:send :x [0 10]]]") + send(0, "[[:send :x [1 11]]]") + poll(5, "[[0 10] [1 11]]");
  CHECK_FALSE(finds("nonmonotonic-poll", sends + poll(1, "[[0 10]]") + poll(1, "[[1 11]]", "fail") +
                                             poll(1, "[[1 11]]")));
  CHECK(finds("poll-skip", sends + send(0, "[[:send :x [2 12]]]") + poll(1, "[[0 10]]") +
                               poll(1, "[[1 11]]", "fail") + poll(1, "[[2 12]]")));
}

TEST_CASE("logs: a process's messages in the wrong order") {
  CHECK(
      finds("nonmonotonic-send", send(0, "[[:send :x [5 10]]]") + send(0, "[[:send :x [1 11]]]")));
  CHECK(finds("int-nonmonotonic-send", send(0, "[[:send :x [5 10]] [:send :x [1 11]]]")));
  CHECK(finds("int-send-skip",
              send(0, "[[:send :x [0 10]] [:send :x [2 12]]]") + send(1, "[[:send :x [1 11]]]")));
}

TEST_CASE("logs: what only interleaving breaks is no violation of ordered-log") {
  const CheckResult result =
      result_of(send(0, "[[:send :x [0 10]] [:send :x [2 12]]]") + send(1, "[[:send :x [1 11]]]"));
  CHECK(result.verdict == Verdict::violation);
  CHECK(result.model == "serializable-log");
  for (const ModelVerdict& each : result.models) {
    CHECK(each.verdict == (each.model == "ordered-log" ? Verdict::pass : Verdict::violation));
  }
}

TEST_CASE("logs: two logs that disagree about who came first") {
  const CheckResult result = result_of(op(0, "send", "[]", "[[:send :x [0 1]] [:send :y [1 1]]]") +
                                       op(1, "send", "[]", "[[:send :x [1 2]] [:send :y [0 2]]]"));
  REQUIRE(types_in(result) == std::vector<std::string>{"G0"});
  CHECK(result.anomalies.front().steps.size() == 2);
}

TEST_CASE("logs: a message seen before its transaction committed") {
  const std::string head = "{:process 0 :f :txn :type :";
  CHECK(finds("precommitted-read", head + "invoke :value [[:send :x 1]]}\n" + poll(1, "[[0 1]]") +
                                       head + "ok :value [[:send :x [0 1]]]}\n"));
}

TEST_CASE("logs: what is no operation on logs is refused with its event") {
  const History history = history_of(op(0, "send", "[[:send :x 1]]", "[[:put :x 1]]"));
  CheckOptions options;
  options.datatype = "log";
  const auto result = check(history, options);
  REQUIRE(!result.ok());
  CHECK(result.error().kind == ErrorKind::bad_data);
  CHECK(result.error().message.find("event 0") != std::string::npos);
}

}  // namespace assay
