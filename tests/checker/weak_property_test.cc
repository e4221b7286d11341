// Weak isolation levels against their definitions, on very many small random histories.

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "checker/certificate/verify.h"
#include "checker/lattice.h"
#include "checker/transactions/transactions.h"
#include "checker/transactions/weak/weak.h"
#include "session_histories.h"
#include "weak_oracle.h"

namespace assay {
namespace {

/// `as_file`: the certificate is written and read back.
Verdict verdict_of(const SmallTxns& txns, const std::string& datatype, const std::string& model,
                   bool as_file) {
  const History history = as_history(txns, datatype);
  const auto transactions = read_transactions(history, datatype);
  REQUIRE(transactions.ok());
  CheckOptions options;
  options.threads = 1;
  LevelOutcome outcome = check_weak(transactions.value(), model, options);
  if ((outcome.verdict == Verdict::violation) != !outcome.anomalies.empty()) FAIL("no witness");
  for (const Anomaly& anomaly : outcome.anomalies) {
    if (find_anomaly(anomaly.type) == nullptr) FAIL("not in the lattice: " << anomaly.type);
  }
  // The graph of dependencies certifies this one.
  if (outcome.verdict == Verdict::unknown || model == "monotonic-atomic-view") {
    return outcome.verdict;
  }
  Certificate& certificate = outcome.certificate;
  certificate.model = model;
  certificate.datatype = datatype;
  certificate.history_digest = history.digest();
  certificate.initial = history.info().initial;
  if (as_file) {
    const auto read = certificate_from_json(to_json(certificate));
    REQUIRE(read.ok());
    certificate = *read;
  }
  if (const auto status = verify(history, certificate); !status) {
    FAIL(model << ": " << status.error().message << "\n" << to_text(txns) << to_json(certificate));
  }
  if (!as_file) return outcome.verdict;
  certificate.verdict = certificate.verdict == "pass" ? "violation" : "pass";
  if (verify(history, certificate).ok()) FAIL("the other verdict holds too");
  return outcome.verdict;
}

void compare(const std::string& model, const std::string& datatype, RandomTxns options,
             std::uint64_t seed, int rounds) {
  Random random(seed);
  int passes = 0;
  int unknowns = 0;
  options.lists = datatype == "list-append";
  for (int round = 0; round < rounds; ++round) {
    options.txns = static_cast<int>(random.between(2, 4));
    const SmallTxns txns = random_txns(random, options);
    const Verdict verdict = verdict_of(txns, datatype, model, round % 8 == 0);
    if (verdict == Verdict::unknown) {
      ++unknowns;
      continue;
    }
    const bool expected = oracle::satisfies(txns, model);
    passes += expected ? 1 : 0;
    if ((verdict == Verdict::pass) != expected) {
      FAIL(model << " " << datatype << " seed " << seed << " round " << round << ": expected "
                 << expected << "\n"
                 << to_text(txns));
    }
  }
  MESSAGE(model << " " << datatype << ": " << passes << " of " << rounds << " pass, " << unknowns
                << " unknown");
  CHECK(passes > rounds / 20);
  CHECK(passes < rounds - rounds / 20);
  CHECK((options.repeat > 0 || unknowns == 0));
}

}  // namespace

TEST_CASE("weak levels of registers agree with their definitions") {
  for (const char* model :
       {"read-committed-be", "monotonic-atomic-view", "read-atomic", "transactional-causal"}) {
    compare(model, "rw-register", {}, 1, 200'000);
  }
}

TEST_CASE("weak levels of registers with repeated values never contradict their definitions") {
  RandomTxns options;
  options.repeat = 0.3;
  for (const char* model :
       {"read-committed-be", "monotonic-atomic-view", "read-atomic", "transactional-causal"}) {
    compare(model, "rw-register", options, 2, 50'000);
  }
}

/// The certificate of one history does not hold for a similar one whose verdict is another.
TEST_CASE("certificates of weak levels hold for no other history") {
  Random random(4);
  int refused = 0;
  for (int round = 0; round < 60'000; ++round) {
    constexpr std::array models{"read-committed-be", "read-atomic", "transactional-causal"};
    const std::string model = models[static_cast<std::size_t>(round) % models.size()];
    RandomTxns options;
    options.lists = model != "read-committed-be" && random.chance(0.5);
    const std::string datatype = options.lists ? "list-append" : "rw-register";
    const SmallTxns txns = random_txns(random, options);
    SmallTxns changed = txns;
    SmallOp& op = random.pick(random.pick(changed).ops);
    op.value = static_cast<int>(random.below(6));
    if (!op.list.empty()) op.list.pop_back();
    const History other = as_history(changed, datatype);
    CheckOptions one;
    one.threads = 1;
    const auto outcome_of = [&](const History& history) {
      return check_weak(read_transactions(history, datatype).value(), model, one);
    };
    const LevelOutcome outcome = outcome_of(as_history(txns, datatype));
    const Verdict verdict = outcome_of(other).verdict;
    if (outcome.verdict == Verdict::unknown || verdict == Verdict::unknown ||
        outcome.verdict == verdict) {
      continue;
    }
    Certificate certificate = outcome.certificate;
    certificate.model = model;
    certificate.datatype = datatype;
    certificate.history_digest = other.digest();
    certificate.initial = other.info().initial;
    if (verify(other, certificate).ok()) {
      FAIL(model << " round " << round << "\n"
                 << to_text(txns) << "became\n"
                 << to_text(changed) << to_json(certificate));
    }
    ++refused;
  }
  CHECK(refused > 3'000);
}

TEST_CASE("weak levels of lists agree with visibility and arbitration") {
  for (const char* model : {"read-atomic", "transactional-causal"}) {
    compare(model, "list-append", {}, 3, 200'000);
  }
}

}  // namespace assay
