// The polygraph against the definitions of the models, on very many small histories.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../small_transactions.h"
#include "checker/certificate/verify.h"
#include "checker/lattice.h"
#include "checker/transactions/polygraph/polygraph.h"

namespace assay {
namespace {

constexpr std::array<std::string_view, 8> all_models{"serializable",
                                                     "strong-session-serializable",
                                                     "strict-serializable",
                                                     "snapshot-isolation",
                                                     "strong-session-snapshot-isolation",
                                                     "strong-snapshot-isolation",
                                                     "parallel-snapshot-isolation",
                                                     "prefix"};

small::Shape random_shape(Random& random) {
  small::Shape shape;
  shape.transactions = static_cast<int>(random.between(2, 5));
  shape.sessions = static_cast<int>(random.between(1, 4));
  shape.keys = static_cast<int>(random.between(1, 3));
  shape.ops = static_cast<int>(random.between(2, 4));
  shape.unique = random.chance(0.7);
  shape.stale = 0.25 * static_cast<double>(random.below(4));
  shape.doubtful = random.chance(0.3) ? 0.2 : 0.0;
  return shape;
}

Certificate certificate_of(const LevelOutcome& outcome, const History& history,
                           std::string_view model) {
  Certificate certificate = outcome.certificate;
  certificate.model = model;
  certificate.datatype = "rw-register";
  certificate.history_digest = history.digest();
  certificate.initial = history.info().initial;
  return certificate;
}

}  // namespace

TEST_CASE("polygraph: agrees with the definitions") {
  constexpr std::uint64_t seed = 20261125;
  constexpr int histories = 200'000;
  Random random(seed);
  std::map<std::string_view, std::pair<int, int>> passes_of;
  for (int i = 0; i < histories; ++i) {
    const auto transactions = small::random_transactions(random, random_shape(random));
    const History history = small::history_of(transactions);
    const auto read = read_transactions(history, "rw-register");
    REQUIRE(read.ok());
    std::map<std::string_view, Verdict> verdicts;
    for (const std::string_view model : all_models) {
      const LevelOutcome outcome = check_polygraph(*read, model, {});
      const bool allowed = small::allows(model, transactions);
      verdicts[model] = outcome.verdict;
      auto& [passes, of] = passes_of[model];
      passes += allowed ? 1 : 0;
      ++of;
      const Status certified = verify(history, certificate_of(outcome, history, model));
      if (!certified) {
        FAIL_CHECK("seed " << seed << ", history " << i << ", " << model << ": "
                           << certified.error().message << "\n"
                           << small::text_of(transactions));
        return;
      }
      if (outcome.verdict == (allowed ? Verdict::pass : Verdict::violation)) continue;
      FAIL_CHECK("seed " << seed << ", history " << i << ", " << model << ": "
                         << name_of(outcome.verdict) << " " << outcome.unknown_because
                         << ", but the definition " << (allowed ? "allows" : "forbids") << "\n"
                         << small::text_of(transactions));
      return;
    }
    for (const auto& [stronger, verdict] : verdicts) {
      for (const auto& [weaker, other] : verdicts) {
        if (!implies(stronger, weaker)) continue;
        CHECK_FALSE((verdict == Verdict::pass && other == Verdict::violation));
      }
    }
  }
  for (const auto& [model, counts] : passes_of) {
    MESSAGE(model << ": allowed " << counts.first << " of " << counts.second);
    CHECK(counts.first > counts.second / 25);
    CHECK(counts.second - counts.first > counts.second / 25);
  }
}

/// A certificate of the other verdict, whatever it lists, proves nothing; nor does an order of
/// fewer transactions.
TEST_CASE("polygraph: false certificates are refused") {
  constexpr std::uint64_t seed = 20261126;
  Random random(seed);
  for (int i = 0; i < 20'000; ++i) {
    CAPTURE(seed);
    CAPTURE(i);
    const auto transactions = small::random_transactions(random, random_shape(random));
    const History history = small::history_of(transactions);
    const auto read = read_transactions(history, "rw-register");
    REQUIRE(read.ok());
    const std::string_view model = all_models[random.below(all_models.size())];
    const LevelOutcome outcome = check_polygraph(*read, model, {});
    Certificate certificate = certificate_of(outcome, history, model);
    std::vector<std::uint64_t> events;
    for (TxnIndex t = 0; t < read->size(); ++t) {
      if ((*read)[t].outcome != Outcome::fail) events.push_back((*read)[t].event);
    }
    if (outcome.verdict == Verdict::pass) {
      certificate.verdict = "violation";
      certificate.witnesses = {{std::nullopt, events}};
      CHECK_FALSE(verify(history, certificate).ok());
      if (certificate.orders[0].order.empty()) continue;
      certificate.verdict = "pass";
      std::vector<std::uint64_t>& order = certificate.orders[0].order;
      const std::uint64_t gone = order.back();
      std::erase(order, gone);
      const auto at = std::find(events.begin(), events.end(), gone) - events.begin();
      bool certain = false;
      for (TxnIndex t = 0; t < read->size(); ++t) {
        if ((*read)[t].event == gone) certain = (*read)[t].outcome == Outcome::ok;
      }
      CHECK(at < static_cast<std::ptrdiff_t>(events.size()));
      if (certain) CHECK_FALSE(verify(history, certificate).ok());
    } else {
      // No order of all that committed holds: try one.
      std::vector<std::uint64_t> order;
      random.shuffle(std::span(events));
      for (const std::uint64_t event : events) {
        order.push_back(event);
        if (model.find("snapshot") != std::string_view::npos || model == "prefix") {
          if (model != "parallel-snapshot-isolation") order.push_back(event);
        }
      }
      certificate.verdict = "pass";
      certificate.orders = {{std::nullopt, order}};
      CHECK_FALSE(verify(history, certificate).ok());
    }
  }
}

}  // namespace assay
