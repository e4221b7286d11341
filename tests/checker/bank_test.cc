// Banks: totals, accounts, and serial orders with their certificates.

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "base/random.h"
#include "checker/certificate/verify.h"
#include "checker/checker.h"
#include "history/formats/readers.h"
#include "history/sink.h"

namespace assay {
namespace {

std::string event(int process, const char* type, const std::string& f, const std::string& value) {
  return "{:process " + std::to_string(process) + " :type :" + type + " :f :" + f + " :value " +
         value + "}\n";
}
std::string read(int process, const std::string& balances) {
  return event(process, "invoke", "read", "nil") + event(process, "ok", "read", balances);
}
std::string transfer(int process, int from, int to, int amount, const char* type = "ok") {
  const std::string value = "{:from " + std::to_string(from) + " :to " + std::to_string(to) +
                            " :amount " + std::to_string(amount) + "}";
  return event(process, "invoke", "transfer", value) + event(process, type, "transfer", value);
}

History history_of(const std::string& edn, const Value& initial = Value()) {
  std::istringstream input(edn);
  HistorySink sink;
  ReadOptions options;
  options.datatype = "bank";
  if (!initial.is_nil()) options.initial = initial;
  REQUIRE(read_jepsen_edn(input, options, sink).ok());
  auto history = sink.finish();
  REQUIRE(history.ok());
  return std::move(history).value();
}

CheckResult result_of(const History& history, const std::string& model,
                      bool negative_balances = false) {
  CheckOptions options;
  options.datatype = "bank";
  options.models = {model};
  options.negative_balances = negative_balances;
  auto result = check(history, options);
  REQUIRE_MESSAGE(result.ok(), (result.ok() ? "" : result.error().message));
  if (!result->certificate.empty()) {
    const auto again = certificate_from_json(to_json(result->certificate));
    REQUIRE(again.ok());
    const Status holds = verify(history, *again);
    CHECK_MESSAGE(holds.ok(), (holds.ok() ? "" : holds.error().message));
  }
  return std::move(result).value();
}

const std::string good = read(0, "{1 10 2 10}") + transfer(0, 1, 2, 4) + read(1, "{1 6 2 14}");

}  // namespace

TEST_CASE("bank: a serial order passes every model, with a certificate") {
  for (const char* model : {"snapshot-isolation", "strict-serializable", "read-committed"}) {
    const CheckResult result = result_of(history_of(good), model);
    CHECK(result.verdict == Verdict::pass);
    CHECK_FALSE(result.certificate.empty());
  }
}

TEST_CASE("bank: an indeterminate transfer may have happened, a failed one has not") {
  const std::string before = read(0, "{1 10 2 10}");
  const std::string after = read(1, "{1 6 2 14}");
  const auto verdict = [&](const char* type) {
    return result_of(history_of(before + transfer(0, 1, 2, 4, type) + after), "strict-serializable")
        .verdict;
  };
  CHECK(verdict("info") == Verdict::pass);
  CHECK(verdict("fail") == Verdict::violation);
}

TEST_CASE("bank: a wrong total refutes consistent view and what implies it") {
  const History history = history_of(good + read(2, "{1 6 2 10}"));
  for (const char* model : {"consistent-view", "snapshot-isolation", "strict-serializable"}) {
    const CheckResult result = result_of(history, model);
    CHECK(result.verdict == Verdict::violation);
    REQUIRE(result.anomalies.size() == 1);
    CHECK(result.anomalies[0].type == "wrong-total");
    CHECK(result.anomalies[0].witness.size() == 2);
    CHECK_FALSE(result.certificate.empty());
  }
  CHECK(result_of(history, "read-committed").verdict == Verdict::unknown);
}

TEST_CASE("bank: declared balances fix the total and where to start") {
  const Value declared = Value::Map{{Value(1), Value(10)}, {Value(2), Value(10)}};
  const History short_by_one = history_of(read(0, "{1 10 2 9}"), declared);
  CHECK(result_of(short_by_one, "snapshot-isolation").verdict == Verdict::violation);
  // The total is right, but no transfer moved anything.
  const CheckResult moved =
      result_of(history_of(read(0, "{1 9 2 11}"), declared), "strict-serializable");
  CHECK(moved.verdict == Verdict::violation);
  CHECK(moved.anomalies.at(0).type == "nonserial");
  CHECK(result_of(history_of(read(0, "{1 9 2 11}"), declared), "snapshot-isolation").verdict ==
        Verdict::unknown);
}

TEST_CASE("bank: a stale read is no violation of snapshot isolation") {
  const History history = history_of(good + read(2, "{1 10 2 10}"));
  CHECK(result_of(history, "strict-serializable").verdict == Verdict::violation);
  const CheckResult result = result_of(history, "snapshot-isolation");
  CHECK(result.verdict == Verdict::unknown);
  CHECK(result.unknown_because.find("real time") != std::string::npos);
}

TEST_CASE("bank: accounts below zero are a violation unless they are allowed") {
  const History history =
      history_of(read(0, "{1 3 2 10}") + transfer(0, 1, 2, 4) + read(1, "{1 -1 2 14}"));
  CHECK(result_of(history, "snapshot-isolation").anomalies.at(0).type == "negative-balance");
  CHECK(result_of(history, "snapshot-isolation", true).verdict == Verdict::pass);
}

TEST_CASE("bank: missing, strange and empty accounts") {
  for (const char* balances : {"{1 20}", "{1 10 3 10}", "{1 10 2 nil}", "{1 10 2 10 3 0}", "nil"}) {
    CAPTURE(balances);
    const CheckResult result = result_of(
        history_of(good + read(3, "{1 6 2 14}") + read(2, balances)), "snapshot-isolation");
    CHECK(result.verdict == Verdict::violation);
    CHECK(result.anomalies.at(0).type == "unexpected-account");
  }
}

TEST_CASE("bank: a certificate of another history or of nothing is refused") {
  const History history = history_of(good + read(2, "{1 6 2 10}"));
  CheckResult result = result_of(history, "snapshot-isolation");
  Certificate forged = result.certificate;
  forged.model = "read-committed";
  CHECK_FALSE(verify(history, forged).ok());
  forged = result.certificate;
  forged.witnesses[0].operations.pop_back();
  CHECK_FALSE(verify(history, forged).ok());
  CHECK_FALSE(verify(history_of(good), result.certificate).ok());
  result = result_of(history_of(good), "strict-serializable");
  forged = result.certificate;
  std::swap(forged.orders.at(0).order.at(0), forged.orders.at(0).order.at(1));
  CHECK_FALSE(verify(history_of(good), forged).ok());
}

TEST_CASE("bank: what is no bank is refused with its event") {
  for (const std::string& bad :
       {read(0, "7"), read(0, "{1 2.5}"), event(0, "invoke", "transfer", "{:from 1}"),
        event(0, "invoke", "steal", "nil"), read(0, "{1 1 \"1\" 1}")}) {
    CAPTURE(bad);
    CheckOptions options;
    options.datatype = "bank";
    const auto result = check(history_of(bad), options);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().kind == ErrorKind::bad_data);
    CHECK(result.error().message.find("event 0") != std::string::npos);
  }
}

TEST_CASE("bank: serial banks pass, whatever overlaps") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    std::vector<std::int64_t> accounts(3, 20);
    // Pairs of operations that overlap, in one of the two orders.
    std::string edn;
    for (int round = 0; round < 10; ++round) {
      std::vector<std::string> ends;
      for (int process = 0; process < 2; ++process) {
        const int from = static_cast<int>(random.below(3));
        const int to = static_cast<int>(random.below(3));
        const auto amount = static_cast<int>(random.between(1, 5));
        if (random.chance(0.5)) {
          const std::string map = "{0 " + std::to_string(accounts[0]) + " 1 " +
                                  std::to_string(accounts[1]) + " 2 " +
                                  std::to_string(accounts[2]) + "}";
          edn += event(process, "invoke", "read", "nil");
          ends.push_back(event(process, "ok", "read", map));
        } else {
          const std::string value = "{:from " + std::to_string(from) + " :to " +
                                    std::to_string(to) + " :amount " + std::to_string(amount) + "}";
          edn += event(process, "invoke", "transfer", value);
          const bool enough = accounts[static_cast<std::size_t>(from)] >= amount;
          ends.push_back(event(process, enough ? "ok" : "fail", "transfer", value));
          if (!enough) continue;
          accounts[static_cast<std::size_t>(from)] -= amount;
          accounts[static_cast<std::size_t>(to)] += amount;
        }
      }
      if (random.chance(0.5)) std::swap(ends[0], ends[1]);
      edn += ends[0] + ends[1];
    }
    CHECK(result_of(history_of(edn), "strict-serializable").verdict == Verdict::pass);
  }
}

}  // namespace assay
