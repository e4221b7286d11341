// Isolation levels of lists and registers against their definitions, on very many small histories;
// every certificate is verified, and corrupted ones are refused. ASSAY_ROUNDS (of the
// environment) histories of each kind.

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checker/certificate/verify.h"
#include "checker/checker.h"
#include "checker/lattice.h"
#include "small_transactions.h"
#include "tests/rounds.h"

namespace assay {
namespace {

constexpr std::array<std::string_view, 8> by_axioms{"serializable",
                                                    "strong-session-serializable",
                                                    "strict-serializable",
                                                    "snapshot-isolation",
                                                    "strong-session-snapshot-isolation",
                                                    "strong-snapshot-isolation",
                                                    "parallel-snapshot-isolation",
                                                    "prefix"};
constexpr std::array<std::string_view, 6> by_dependencies{
    "read-committed", "monotonic-atomic-view", "cursor-stability",
    "update-atomic",  "consistent-view",       "repeatable-read"};

int rounds() { return static_cast<int>(rounds_or(200)); }

std::vector<std::string> all_models() {
  std::vector<std::string> models(by_axioms.begin(), by_axioms.end());
  models.insert(models.end(), by_dependencies.begin(), by_dependencies.end());
  models.emplace_back("read-uncommitted");
  return models;
}

bool is_allowed(std::string_view model, const small::Transactions& transactions, bool lists) {
  for (const std::string_view known : by_axioms) {
    if (known == model) return small::allows(model, transactions, lists);
  }
  return small::allows_by_dependencies(model, transactions, lists);
}

small::Shape random_shape(Random& random, bool lists) {
  small::Shape shape;
  shape.lists = lists;
  shape.transactions = static_cast<int>(random.between(2, 5));
  shape.sessions = static_cast<int>(random.between(1, 4));
  shape.keys = static_cast<int>(random.between(1, 3));
  shape.ops = static_cast<int>(random.between(2, 4));
  shape.unique = random.chance(0.9);
  shape.stale = 0.25 * static_cast<double>(random.below(4));
  shape.doubtful = random.chance(0.3) ? 0.2 : 0.0;
  shape.dirty = random.chance(0.3) ? 0.3 : 0.0;
  return shape;
}

CheckResult checked(const History& history, std::vector<std::string> models, bool lists) {
  CheckOptions options;
  options.models = std::move(models);
  options.datatype = lists ? "list-append" : "rw-register";
  options.threads = 1;
  auto result = check(history, options);
  REQUIRE(result.ok());
  return std::move(result).value();
}

struct Count {
  int pass = 0;
  int violation = 0;
  int unknown = 0;
  int certified = 0;
};

/// The verdict on each model, when all are asked for, and on `alone` when only that one is, with
/// its certificate. Empty, or what disagrees.
std::string disagreement(const small::Transactions& transactions, bool lists, bool unique,
                         const std::string& alone, std::map<std::string, Count>& counts) {
  const History history = small::history_of(transactions, lists);
  std::map<std::string, Verdict> verdicts;
  for (const auto& entry : checked(history, all_models(), lists).models) {
    verdicts[entry.model] = entry.verdict;
  }
  const CheckResult result = checked(history, {alone}, lists);
  if (result.verdict == Verdict::violation && result.anomalies.empty()) {
    return alone + ": a violation without an anomaly";
  }
  const bool decided = result.verdict != Verdict::unknown && verdicts[alone] != Verdict::unknown;
  if (decided && result.verdict != verdicts[alone]) return alone + ": differs when asked alone";
  if (!result.certificate.empty()) {
    ++counts[alone].certified;
    const auto certificate = certificate_from_json(to_json(result.certificate));
    if (!certificate) return certificate.error().message;
    if (const Status status = verify(history, *certificate); !status) {
      return alone + ": " + status.error().message + to_json(result.certificate);
    }
  }
  for (const auto& [model, verdict] : verdicts) {
    Count& count = counts[model];
    count.pass += verdict == Verdict::pass ? 1 : 0;
    count.violation += verdict == Verdict::violation ? 1 : 0;
    count.unknown += verdict == Verdict::unknown && unique ? 1 : 0;
    if (verdict == Verdict::unknown || model == "read-uncommitted") continue;
    const bool allowed = is_allowed(model, transactions, lists);
    if (verdict == (allowed ? Verdict::pass : Verdict::violation)) continue;
    return model + ": " + std::string(name_of(verdict)) + ", but the definition " +
           (allowed ? "allows" : "forbids");
  }
  for (const auto& [stronger, verdict] : verdicts) {
    for (const auto& [weaker, other] : verdicts) {
      if (verdict == Verdict::pass && other == Verdict::violation && implies(stronger, weaker)) {
        return stronger + " passes, but " + weaker + " does not";
      }
    }
  }
  return {};
}

void check_many(bool lists, std::uint64_t seed) {
  Random random(seed);
  auto models = all_models();
  std::map<std::string, Count> counts;
  constexpr int failures_max = 10;
  int failures = 0;
  for (int i = 0; i < rounds(); ++i) {
    const small::Shape shape = random_shape(random, lists);
    const auto transactions = small::random_transactions(random, shape);
    const std::string alone = random.pick(models);
    const std::string wrong = disagreement(transactions, lists, shape.unique, alone, counts);
    if (wrong.empty()) continue;
    FAIL_CHECK("seed " << seed << ", history " << i << ": " << wrong << "\n"
                       << small::text_of(transactions));
    if (++failures == failures_max) return;
  }
  for (const auto& [model, count] : counts) {
    MESSAGE(model << ": pass " << count.pass << ", violation " << count.violation
                  << ", unknown though unique " << count.unknown << ", certified "
                  << count.certified);
    CHECK(count.pass > rounds() / 25);
    CHECK(count.certified > rounds() / 50);
    if (model != "read-uncommitted") CHECK(count.violation > rounds() / 200);
  }
}

/// What no longer says the same must be refused, unless it happens to be true as well: then another
/// run of the verifier on the uncorrupted field would say so.
std::vector<Certificate> corruptions(const Certificate& good, Random& random) {
  std::vector<Certificate> result;
  const auto add = [&](const auto& change) {
    Certificate bad = good;
    change(bad);
    result.push_back(std::move(bad));
  };
  add([](Certificate& c) { c.verdict = c.verdict == "pass" ? "violation" : "pass"; });
  add([](Certificate& c) { c.model = "linearizable"; });
  add([](Certificate& c) { c.datatype = "set"; });
  add([](Certificate& c) { c.history_digest[3] ^= 1; });
  add([](Certificate& c) { c.initial = Value(77); });
  add([](Certificate& c) { c.witnesses.push_back({std::nullopt, {0}, {}}); });
  add([](Certificate& c) { c.orders.push_back({std::nullopt, {0}, {}}); });
  if (good.transaction_order) {
    add([](Certificate& c) { c.transaction_order->snapshots = !c.transaction_order->snapshots; });
    add([](Certificate& c) { c.transaction_order->order.push_back(1'000'001); });
    if (!good.transaction_order->order.empty()) {
      add([&](Certificate& c) { random.pick(c.transaction_order->order) += 1'000'000; });
      add([&](Certificate& c) {
        c.transaction_order->order.push_back(c.transaction_order->order.front());
      });
    }
    for (auto& versions : good.transaction_order->versions) {
      const auto at = static_cast<std::size_t>(&versions - good.transaction_order->versions.data());
      if (versions.writers.empty()) continue;
      add([&](Certificate& c) { c.transaction_order->versions[at].writers.pop_back(); });
      add([&](Certificate& c) { c.transaction_order->versions[at].key = "no such key"; });
      add([&](Certificate& c) {
        auto& writers = c.transaction_order->versions[at].writers;
        writers.push_back(writers.front());
      });
    }
  }
  // Of two cases, one alone says nothing.
  if (good.proofs.size() > 1) add([](Certificate& c) { c.proofs.pop_back(); });
  for (std::size_t p = 0; p < good.proofs.size(); ++p) {
    const TransactionProof& proof = good.proofs[p];
    add([&](Certificate& c) { c.proofs[p].type += "-realtime-process"; });
    add([&](Certificate& c) { c.proofs[p].transactions.push_back(1'000'001); });
    add([&](Certificate& c) { c.proofs[p].transactions[0] += 1'000'000; });
    add([&](Certificate& c) { c.proofs[p].values.emplace_back("no such value"); });
    if (proof.key) add([&](Certificate& c) { c.proofs[p].key = "no such key"; });
    if (proof.key) add([&](Certificate& c) { c.proofs[p].key.reset(); });
    for (std::size_t s = 0; s < proof.steps.size(); ++s) {
      add([&](Certificate& c) {
        c.proofs[p].steps.erase(c.proofs[p].steps.begin() + static_cast<std::ptrdiff_t>(s));
      });
      add([&](Certificate& c) { c.proofs[p].steps[s].before += 1'000'000; });
      add([&](Certificate& c) { c.proofs[p].steps[s].after = c.proofs[p].steps[s].before; });
      add([&](Certificate& c) { c.proofs[p].steps[s].rule = "because"; });
      add([&](Certificate& c) { c.proofs[p].steps[s].key = "no such key"; });
      add([&](Certificate& c) { c.proofs[p].steps[s].shown_by = 1'000'001; });
    }
  }
  return result;
}

}  // namespace

TEST_CASE("isolation: lists agree with the definitions") { check_many(true, 20261127); }
TEST_CASE("isolation: registers agree with the definitions") { check_many(false, 20261128); }

TEST_CASE("isolation: corruption of a certificate is noticed") {
  constexpr std::uint64_t seed = 20261129;
  Random random(seed);
  int refused = 0;
  const auto models = all_models();
  for (int i = 0; i < rounds() / 10; ++i) {
    CAPTURE(seed);
    CAPTURE(i);
    const bool lists = random.chance(0.5);
    const auto transactions = small::random_transactions(random, random_shape(random, lists));
    const History history = small::history_of(transactions, lists);
    const Certificate good =
        checked(history, {models[random.below(models.size())]}, lists).certificate;
    if (!good.transaction_order && good.proofs.empty()) continue;
    for (const Certificate& bad : corruptions(good, random)) {
      ++refused;
      if (!verify(history, bad).ok()) continue;
      FAIL(to_json(good) << "\nwas corrupted to\n" << to_json(bad));
    }
  }
  CHECK(refused > rounds() / 10);
}

}  // namespace assay
