// Models of sessions against their definitions, on very many small random histories; and the
// lattice against all that is found.

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "checker/causal/check.h"
#include "checker/certificate/verify.h"
#include "checker/lattice.h"
#include "session_histories.h"
#include "session_oracle.h"

namespace assay {
namespace {

const std::vector<std::string> all_models{"sequential",
                                          "causal-memory",
                                          "causal-convergence",
                                          "causal",
                                          "pram",
                                          "read-your-writes",
                                          "monotonic-reads",
                                          "monotonic-writes",
                                          "writes-follow-reads"};

CheckResult check_one(const History& history, const std::string& model) {
  CheckOptions options;
  options.threads = 1;
  const std::array models{model};
  auto result = check_sessions(history, "register", models, options);
  REQUIRE(result.ok());
  return std::move(result).value();
}

/// Sometimes as a file: what is written must be read back.
Status verify_also_as_file(const History& history, const Certificate& certificate, bool as_file) {
  if (!as_file) return verify(history, certificate);
  const auto read = certificate_from_json(to_json(certificate));
  if (!read) return read.error();
  return verify(history, *read);
}

void check_form(const History& history, const CheckResult& result, bool as_file) {
  if (result.verdict != Verdict::unknown) {
    if (result.certificate.empty()) FAIL("no certificate");
    if (const auto status = verify_also_as_file(history, result.certificate, as_file); !status) {
      FAIL(status.error().message << "\n" << to_json(result.certificate));
    }
  }
  if ((result.verdict == Verdict::violation) != !result.anomalies.empty()) FAIL("no witness");
  for (const Anomaly& anomaly : result.anomalies) {
    if (find_anomaly(anomaly.type) == nullptr) FAIL("not in the lattice: " << anomaly.type);
    if (anomaly.witness.empty() || anomaly.explanation.empty()) FAIL("an empty witness");
  }
}

struct Tally {
  int passes = 0;
  int violations = 0;
  int unknowns = 0;
};

void compare(const std::string& model, RandomOperations options, std::uint64_t seed, int rounds,
             int fewest, int most) {
  Random random(seed);
  Tally tally;
  for (int round = 0; round < rounds; ++round) {
    options.operations = static_cast<int>(random.between(fewest, most));
    options.keys = static_cast<int>(random.between(1, 2));
    const SmallTxns operations = random_operations(random, options);
    const History history = as_history(operations, "register");
    const CheckResult result = check_one(history, model);
    CAPTURE(round);
    CAPTURE(to_text(operations));
    check_form(history, result, round % 8 == 0);
    if (result.verdict == Verdict::unknown) {
      ++tally.unknowns;
      continue;
    }
    const bool expected = oracle::satisfies_sessions(operations, model);
    ++(expected ? tally.passes : tally.violations);
    if ((result.verdict == Verdict::pass) != expected) {
      FAIL(model << " seed " << seed << " round " << round << ": expected " << expected << "\n"
                 << to_text(operations)
                 << (result.anomalies.empty() ? "" : result.anomalies.front().explanation));
    }
  }
  MESSAGE(model << ": " << tally.passes << " of " << rounds << " pass, " << tally.unknowns
                << " unknown");
  CHECK(tally.passes > rounds / 50);
  CHECK(tally.violations > rounds / 50);
  CHECK((options.repeat > 0 || tally.unknowns == 0));
}

}  // namespace

TEST_CASE("models of sessions agree with their definitions") {
  for (const std::string& model : all_models) compare(model, {}, 1, 200'000, 3, 6);
}

TEST_CASE("repeated values never contradict the definitions") {
  RandomOperations options;
  options.repeat = 0.3;
  for (const std::string& model : all_models) {
    compare(model, options, 2, model == "causal-memory" ? 5'000 : 20'000, 2, 4);
  }
}

TEST_CASE("the lattice never contradicts itself, nor an anomaly what it refutes") {
  Random random(3);
  std::map<std::string, int> types;
  for (int round = 0; round < 100'000; ++round) {
    RandomOperations options;
    options.operations = static_cast<int>(random.between(3, 12));
    options.sessions = static_cast<int>(random.between(2, 4));
    options.repeat = round % 4 == 0 ? 0.2 : 0.0;
    const SmallTxns operations = random_operations(random, options);
    const History history = as_history(operations, "register");
    std::map<std::string, Verdict> found;
    std::map<std::string, std::string> refuted;  // by model: the anomaly
    for (const std::string& model : all_models) {
      const CheckResult result = check_one(history, model);
      found[model] = result.verdict;
      for (const Anomaly& anomaly : result.anomalies) {
        if (types[anomaly.type]++ == 0) MESSAGE(anomaly.type << ": " << anomaly.explanation);
        bool refutes_model = false;
        for (const std::string_view below : refuted_by(anomaly.type)) {
          refutes_model = refutes_model || below == model;
          refuted[std::string(below)] = anomaly.type;
        }
        if (!refutes_model) FAIL(anomaly.type << " should refute " << model);
      }
    }
    for (const std::string& stronger : all_models) {
      if (found[stronger] != Verdict::pass) continue;
      if (refuted.contains(stronger)) {
        FAIL("round " << round << ": " << stronger << " passes, but " << refuted[stronger]
                      << " was found\n"
                      << to_text(operations));
      }
      for (const std::string& weaker : all_models) {
        if (implies(stronger, weaker) && found[weaker] == Verdict::violation) {
          FAIL("round " << round << ": " << stronger << " passes, " << weaker << " does not\n"
                        << to_text(operations));
        }
      }
    }
  }
  CHECK(types.size() >= 14);
}

/// The certificate of one history does not hold for a similar one whose verdict is another.
TEST_CASE("certificates of models of sessions hold for no other history") {
  Random random(4);
  std::map<std::string, int> refused;
  for (int round = 0; round < 60'000; ++round) {
    RandomOperations options;
    options.operations = static_cast<int>(random.between(3, 8));
    const SmallTxns operations = random_operations(random, options);
    SmallTxns changed = operations;
    SmallTxn& one = random.pick(changed);
    if (random.chance(0.7)) {
      one.ops.front().value = static_cast<int>(random.below(6));
    } else {
      one.session = static_cast<int>(random.below(3));
    }
    const History history = as_history(operations, "register");
    const History other = as_history(changed, "register");
    const std::string& model = all_models[static_cast<std::size_t>(round) % all_models.size()];
    const CheckResult result = check_one(history, model);
    const Verdict verdict = check_one(other, model).verdict;
    if (result.verdict == Verdict::unknown || verdict == result.verdict) continue;
    Certificate certificate = result.certificate;
    if (history.digest() != other.digest()) CHECK_FALSE(verify(other, certificate).ok());
    certificate.history_digest = other.digest();
    if (verdict != Verdict::unknown && verify(other, certificate).ok()) {
      FAIL(model << " round " << round << "\n"
                 << to_text(operations) << "became\n"
                 << to_text(changed) << to_json(certificate));
    }
    ++refused[model];
    certificate.history_digest = history.digest();
    certificate.verdict = certificate.verdict == "pass" ? "violation" : "pass";
    CHECK_FALSE(verify(history, certificate).ok());
  }
  for (const std::string& model : all_models) CHECK(refused[model] > 20);
}

/// Each number of a violation's evidence matters, and each place in an order.
TEST_CASE("no field of a certificate of sessions can be changed to make nonsense pass") {
  Random random(5);
  int accepted = 0;
  int tried = 0;
  for (int round = 0; round < 40'000; ++round) {
    const SmallTxns operations = random_operations(random, {});
    const History history = as_history(operations, "register");
    const std::string& model = all_models[static_cast<std::size_t>(round) % all_models.size()];
    const CheckResult result = check_one(history, model);
    if (result.verdict != Verdict::violation) continue;
    Certificate certificate = result.certificate;
    if (certificate.cycles.empty()) continue;
    CycleStep& step = random.pick(random.pick(certificate.cycles).steps);
    const std::uint64_t event = 2 * random.below(operations.size() + 2);
    switch (random.below(4)) {
      case 0:
        if (step.before == event) continue;
        step.before = event;
        break;
      case 1:
        if (step.after == event) continue;
        step.after = event;
        break;
      case 2:
        step.rule = step.rule == "session" ? "reads-from" : "session";
        break;
      default:
        if (!step.reader.has_value() || step.reader == event) continue;
        step.reader = event;
    }
    ++tried;
    accepted += verify(history, certificate).ok() ? 1 : 0;
  }
  MESSAGE(accepted << " of " << tried << " changed certificates still hold");
  CHECK(tried > 5'000);
  CHECK(accepted < tried / 50);
}

}  // namespace assay
