// Sets that only grow: what must be seen, and in which order.

#include <doctest/doctest.h>

#include <string>

#include "edn_events.h"

namespace assay {
namespace {

std::string add(int element, const std::string& type = "ok") {
  return edn::operation(0, "add", std::to_string(element), std::to_string(element), type);
}
std::string read(const std::string& elements) { return edn::operation(0, "read", "nil", elements); }

/// The verdict, and for a violation the type of its first anomaly.
std::string outcome(const std::string& model, const std::string& events) {
  const CheckResult result = edn::checked(events, "set", model);
  return result.verdict == Verdict::violation ? result.anomalies.at(0).type
                                              : std::string(name_of(result.verdict));
}

}  // namespace

TEST_CASE("set: the last read decides") {
  CHECK(outcome("set", add(1) + add(2) + read("[1 2]")) == "pass");
  CHECK(outcome("set", add(1) + read("[]") + add(2) + read("[1 2]")) == "pass");
  CHECK(outcome("set", add(1) + add(2) + read("[2]")) == "lost-element");
  CHECK(outcome("set", add(1) + read("[1 7]")) == "unexpected-element");
  CHECK(outcome("set", add(1) + add(2, "fail") + add(3, "info") + read("#{1 2}")) == "pass");
  CHECK(outcome("set", add(1)) == "unknown");
}

TEST_CASE("set-full: what was known does not vanish for good") {
  CHECK(outcome("set-full", add(1) + read("[]") + read("[1]")) == "pass");
  CHECK(outcome("set-full", add(1) + read("[1]") + read("[]")) == "lost-element");
  CHECK(outcome("set-full", add(1, "info") + read("[1]") + read("[]")) == "lost-element");
  CHECK(outcome("set-full", add(1, "info") + read("[]")) == "unknown");
  CHECK(outcome("set-full", add(1) + read("[1 1]")) == "duplicate-elements");
  CHECK(outcome("set-full", add(1) + read("[]") + read("[]")) == "lost-element");
}

TEST_CASE("ordered-visibility: nothing is seen without what was over before it began") {
  CHECK(outcome("ordered-visibility", add(1) + add(2) + read("[1 2]")) == "pass");
  CHECK(outcome("ordered-visibility", add(1) + add(2) + read("[1]")) == "pass");
  CHECK(outcome("ordered-visibility", add(1) + add(2) + read("[2]")) == "causal-reverse");
  CHECK(outcome("ordered-visibility", add(1, "info") + add(2) + read("[2]")) == "pass");
  CHECK(outcome("ordered-visibility", edn::operation(0, "write", "1", "1") +
                                          edn::operation(0, "write", "2", "2") + read("[2]")) ==
        "causal-reverse");
}

TEST_CASE("visibility: removals and strange reads are refused") {
  std::istringstream input(edn::operation(0, "remove", "1", "1"));
  HistorySink sink;
  REQUIRE(read_jepsen_edn(input, {}, sink).ok());
  const auto history = sink.finish();
  REQUIRE(history.ok());
  CheckOptions options;
  options.datatype = "set";
  options.models = {"set"};
  const auto result = check(*history, options);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().kind == ErrorKind::bad_data);
}

}  // namespace assay
