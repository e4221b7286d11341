// Every datatype but the register against the oracle, on very many small histories, and every
// certificate against the verifier. ASSAY_ROUNDS changes how many.

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "checker/certificate/verify.h"
#include "checker/lattice.h"
#include "checker/linearizability/minimal.h"
#include "checker/linearizability/objects.h"
#include "object_oracle.h"
#include "tests/rounds.h"

namespace assay {
namespace {

struct Tally {
  std::size_t passed = 0;
  std::size_t violated = 0;
  std::size_t undecided = 0;
};

std::string table_name(std::string_view datatype) {
  return datatype == "set-reads" ? "set" : std::string(datatype);
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

/// Every way to spoil one field of a certificate that must not go unnoticed.
std::vector<Certificate> spoiled(const Certificate& good) {
  std::vector<Certificate> all;
  const auto add = [&](auto change) {
    all.push_back(good);
    change(all.back());
  };
  add([](Certificate& c) { c.verdict = c.verdict == "pass" ? "violation" : "pass"; });
  add([](Certificate& c) { c.verdict = "unknown"; });
  add([](Certificate& c) { c.model = "sequential"; });
  add([](Certificate& c) { c.datatype = "no-such-datatype"; });
  add([](Certificate& c) { c.history_digest[0] = c.history_digest[0] == '0' ? '1' : '0'; });
  add([](Certificate& c) { c.initial = Value("something else"); });
  for (std::size_t i = 0; !good.orders.empty() && i < good.orders[0].order.size(); ++i) {
    add([&](Certificate& c) { c.orders[0].order[i] += 1'000; });
    add([&](Certificate& c) { c.orders[0].order.push_back(c.orders[0].order[i]); });
  }
  if (!good.orders.empty()) add([](Certificate& c) { c.orders[0].key = Value(1); });
  for (std::size_t i = 0; !good.orders.empty() && i < good.orders[0].completions.size(); ++i) {
    add([&](Certificate& c) { c.orders[0].completions[i].first += 1'000; });
    add([&](Certificate& c) { c.orders[0].completions[i].second = Value("nothing like it"); });
  }
  for (std::size_t i = 0; !good.witnesses.empty() && i < good.witnesses[0].operations.size(); ++i) {
    add([&](Certificate& c) { c.witnesses[0].operations[i] += 1'000; });
    add([&](Certificate& c) { c.witnesses[0].operations.push_back(c.witnesses[0].operations[i]); });
  }
  if (!good.witnesses.empty()) add([](Certificate& c) { c.witnesses[0].key = Value(1); });
  return all;
}

/// Every history that differs from this one in one field of one operation.
std::vector<std::vector<oracle::Op>> changed(const std::vector<oracle::Op>& good) {
  std::vector<std::vector<oracle::Op>> all;
  for (std::size_t i = 0; i < good.size(); ++i) {
    const auto add = [&](auto change) {
      all.push_back(good);
      change(all.back()[i]);
    };
    add([](oracle::Op& op) { op.result += 1; });
    add([](oracle::Op& op) { op.argument += 1; });
    add([](oracle::Op& op) { op.many.push_back(7); });
    add([](oracle::Op& op) {
      op.kind = op.kind == oracle::Kind::put ? oracle::Kind::take : oracle::Kind::put;
    });
    add([](oracle::Op& op) { op.process += 10; });
    add([](oracle::Op& op) { op.failed = !op.failed; });
    if (!good[i].pending()) add([](oracle::Op& op) { op.end += 1; });
    all.push_back(good);
    all.back().erase(all.back().begin() + static_cast<std::ptrdiff_t>(i));
  }
  return all;
}

bool same_events(const History& a, const History& b) {
  const auto x = a.events();
  const auto y = b.events();
  return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const Event& e, const Event& f) {
    return e.time == f.time && e.process == f.process && e.type == f.type && e.f == f.f &&
           e.value == f.value;
  });
}

/// The certificate of one check, or what went wrong.
std::string examine(std::string_view datatype, const std::vector<oracle::Op>& ops, Tally& tally,
                    bool corrupt) {
  const History history = oracle::as_history(datatype, ops);
  if (history.size() == 0) return {};
  CheckOptions options;
  const auto make = object_checker_for(table_name(datatype), history, options, false);
  if (!make) return make.error().message;
  const auto checker = make.value()();
  auto outcome = checker->decide(0, SearchLimits{}, true);
  if (!outcome) return outcome.error().message;
  const SearchAnswer answer = outcome->search.answer;
  if (answer == SearchAnswer::undecided) {
    ++tally.undecided;
    return {};
  }
  const bool linearizable = oracle::is_linearizable(datatype, ops);
  if (linearizable != (answer == SearchAnswer::linearizable)) {
    return linearizable ? "found a violation where there is none" : "missed a violation";
  }
  Certificate certificate;
  certificate.model = "linearizable";
  certificate.datatype = table_name(datatype);
  certificate.history_digest = history.digest();
  certificate.initial = history.info().initial;
  bool minimal = false;
  if (linearizable) {
    ++tally.passed;
    certificate.verdict = "pass";
    certificate.orders.push_back({std::nullopt, outcome->order, outcome->completions});
  } else {
    ++tally.violated;
    certificate.verdict = "violation";
    const auto explained =
        explain_minimal(*checker, history, certificate.datatype, 0, *outcome, SearchLimits{});
    if (explained.anomaly.explanation.empty()) return "no explanation";
    if (explained.witness.operations.empty()) return "no witness";
    if (find_anomaly(explained.anomaly.type) == nullptr) {
      return "an anomaly that is not listed: " + explained.anomaly.type;
    }
    minimal = explained.anomaly.minimal;
    certificate.witnesses.push_back(explained.witness);
  }
  const auto parsed = certificate_from_json(to_json(certificate));
  if (!parsed) return parsed.error().message;
  if (const auto status = verify(history, *parsed); !status) return status.error().message;
  if (minimal && can_be_smaller(history, certificate)) {
    return "a witness is not minimal: " + to_json(certificate);
  }
  if (!corrupt) return {};
  for (const Certificate& bad : spoiled(certificate)) {
    if (verify(history, bad).ok()) return "a spoiled certificate was accepted: " + to_json(bad);
  }
  for (const auto& other : changed(ops)) {
    const History spoiled_history = oracle::as_history(datatype, other);
    if (same_events(history, spoiled_history)) continue;
    if (verify(spoiled_history, certificate).ok()) {
      return "a spoiled history was accepted: " + oracle::to_text(datatype, other);
    }
  }
  return {};
}

void examine_many(std::string_view datatype) {
  const std::uint64_t rounds = rounds_or(2'000);
  Tally tally;
  for (std::uint64_t seed = 0; seed < rounds; ++seed) {
    Random random(seed);
    const auto choices = oracle::random_choices(random);
    const auto ops = oracle::random_ops(datatype, random, choices);
    const std::string problem = examine(datatype, ops, tally, seed % 97 == 0);
    if (problem.empty()) continue;
    INFO("seed " << seed << ": " << oracle::to_text(datatype, ops));
    FAIL(problem);
  }
  MESSAGE(std::string(datatype) << ": " << tally.passed << " passed, " << tally.violated
                                << " violated, " << tally.undecided << " undecided");
  CHECK(tally.passed > rounds / 20);
  CHECK(tally.violated > rounds / 20);
  CHECK(tally.undecided < rounds / 4);
}

}  // namespace

TEST_CASE("fifo-queue: agrees with the oracle") { examine_many("fifo-queue"); }
TEST_CASE("bag: agrees with the oracle") { examine_many("queue"); }
TEST_CASE("stack: agrees with the oracle") { examine_many("stack"); }
TEST_CASE("priority-queue: agrees with the oracle") { examine_many("priority-queue"); }
TEST_CASE("set: agrees with the oracle") { examine_many("set"); }
TEST_CASE("set-reads: agrees with the oracle") { examine_many("set-reads"); }
TEST_CASE("counter: agrees with the oracle") { examine_many("counter"); }
TEST_CASE("mutex: agrees with the oracle") { examine_many("mutex"); }
TEST_CASE("semaphore: agrees with the oracle") { examine_many("semaphore"); }
TEST_CASE("owned-mutex: agrees with the oracle") { examine_many("owned-mutex"); }
TEST_CASE("fenced-lock: agrees with the oracle") { examine_many("fenced-lock"); }
TEST_CASE("lease: agrees with the oracle") { examine_many("lease"); }
TEST_CASE("fencing: agrees with the oracle") { examine_many("fencing"); }
TEST_CASE("leader-election: agrees with the oracle") { examine_many("leader-election"); }
TEST_CASE("log: agrees with the oracle") { examine_many("log"); }

}  // namespace assay
