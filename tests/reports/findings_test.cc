// Findings: what makes two anomalies one, and when a finding may be called gone.
#include "reports/findings.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "reports/gate/statistics.h"
#include "tests/reports/example.h"

namespace assay {
namespace {

std::vector<Finding> findings_in(const example::Report& report) {
  return findings_of(report.run, report.history, report.result);
}

}  // namespace

TEST_CASE("findings: of anomalies alike the one with the smallest witness is told") {
  example::Report report = example::write_skew();
  REQUIRE(report.result.anomalies.size() == 1);
  const Anomaly small = report.result.anomalies.front();
  Anomaly large = small;
  large.witness.push_back(large.witness.back());
  large.explanation = "the larger one";
  report.result.anomalies = {large, small, large};
  const auto found = findings_in(report);
  REQUIRE(found.size() == 1);
  CHECK(found[0].count == 3);
  CHECK(found[0].witness == small.witness.size());
  CHECK(found[0].claim == findings_in(example::write_skew())[0].claim);
}

TEST_CASE("findings: keys and values do not make another finding, the system does") {
  const auto plain = findings_in(example::write_skew());
  const auto renamed = findings_in(example::write_skew("another:key"));
  REQUIRE(plain.size() == 1);
  REQUIRE(renamed.size() == 1);
  CHECK(plain[0].fingerprint == renamed[0].fingerprint);
  CHECK(plain[0].family == renamed[0].family);
  CHECK(plain[0].fingerprint.size() == 12);
  CHECK(plain[0].fingerprint != plain[0].family);
  CHECK_FALSE(plain[0].shape.empty());
  CHECK_FALSE(plain[0].steps.empty());

  example::Report other = example::write_skew();
  other.run.configuration = "protocol=other";
  CHECK(findings_in(other)[0].fingerprint != plain[0].fingerprint);
  other = example::write_skew();
  other.run.seed += 1;
  other.run.started = "2020-01-01T00:00:00Z";
  CHECK(findings_in(other)[0].fingerprint == plain[0].fingerprint);
}

TEST_CASE("findings: a longer chain of equal steps and another start are the same shape") {
  const example::Report report = example::write_skew();
  example::Report turned = example::write_skew();
  auto& steps = turned.result.anomalies[0].steps;
  REQUIRE(steps.size() >= 2);
  std::rotate(steps.begin(), steps.begin() + 1, steps.end());
  CHECK(findings_in(turned)[0].fingerprint == findings_in(report)[0].fingerprint);
  steps.insert(steps.begin(), steps.front());
  CHECK(findings_in(turned)[0].fingerprint == findings_in(report)[0].fingerprint);
  for (Step& step : steps) step.rule = "wr";
  CHECK(findings_in(turned)[0].shape == "data");
  CHECK(findings_in(turned)[0].fingerprint != findings_in(report)[0].fingerprint);
  CHECK(findings_in(turned)[0].family == findings_in(report)[0].family);
}

TEST_CASE("findings: a shape is what was missed and the kinds of paths back to it") {
  const auto shape = [](const std::vector<std::string>& rules) {
    example::Report report = example::write_skew();
    auto& steps = report.result.anomalies[0].steps;
    const Step any = steps.front();
    steps.assign(rules.size(), any);
    for (std::size_t i = 0; i < rules.size(); ++i) steps[i].rule = rules[i];
    return findings_in(report)[0].shape;
  };
  CHECK(shape({"rw", "realtime"}) == "missed real-time");
  CHECK(shape({"realtime", "rw"}) == "missed real-time");
  CHECK(shape({"ww", "wr", "rw", "process", "realtime", "wr"}) == "missed real-time");
  CHECK(shape({"rw", "rw", "wr"}) == "data missed");
  CHECK(shape({"rw", "process", "rw", "wr"}) == "data missed session missed");
  CHECK(shape({"rw", "wr", "rw", "process"}) == "data missed session missed");
  CHECK(shape({"ww", "ww"}) == "data");
  CHECK(shape({"overwritten", "real-time"}) == "missed real-time");
  CHECK(shape({"rw", "rw"}) == "missed");
  CHECK(shape({"rw", "process", "rw"}) == "missed session");
}

TEST_CASE("findings: hostile text is in no fingerprint, and no finding is made of none") {
  for (const Finding& finding : findings_in(example::hostile_violation())) {
    CHECK(finding.fingerprint.find_first_not_of("0123456789abcdef") == std::string::npos);
  }
  CHECK(findings_in(example::empty()).empty());
}

TEST_CASE("findings: the bounds are those of the binomial distribution") {
  // Never seen in n runs: exact, and near the rule of three.
  CHECK(largest_share_unseen(0) == doctest::Approx(1));
  CHECK(largest_share_unseen(1) == doctest::Approx(0.95));
  CHECK(largest_share_unseen(59) == doctest::Approx(1 - std::pow(0.05, 1.0 / 59)));
  CHECK(largest_share_unseen(300) == doctest::Approx(3.0 / 300).epsilon(0.01));
  // Seen in all of n runs: p^n = 0.05. Seen in one of n: (1-p)^n = 0.95.
  CHECK(smallest_share(1, 1) == doctest::Approx(0.05));
  CHECK(smallest_share(10, 10) == doctest::Approx(std::pow(0.05, 0.1)));
  CHECK(smallest_share(1, 20) == doctest::Approx(1 - std::pow(0.95, 1.0 / 20)));
  CHECK(smallest_share(0, 20) == 0);
  CHECK(smallest_share(5, 20) < 0.25);
  // One run that showed it says little, so that much is needed; many runs say more.
  CHECK(clean_runs_needed(1, 1) == 59);
  CHECK(clean_runs_needed(20, 20) == 2);
  CHECK(clean_runs_needed(1, 20) > clean_runs_needed(10, 20));
  const double p = smallest_share(13, 41);
  const auto n = static_cast<double>(clean_runs_needed(13, 41));
  CHECK(std::pow(1 - p, n) <= 0.05);
  CHECK(std::pow(1 - p, n - 1) > 0.05);
}

TEST_CASE("findings: a trend counts clean runs since the last one that showed it") {
  std::vector<bool> shown(20, true);
  CHECK_FALSE(trend_of(shown).gone());
  shown.push_back(false);
  Trend trend = trend_of(shown);
  CHECK(trend.seen == 20);
  CHECK(trend.clean == 1);
  CHECK(trend.needed == 2);
  CHECK_FALSE(trend.gone());
  CHECK(words_of(trend) ==
        "seen in 20 of 21 runs; 1 more clean run would show with 95% confidence "
        "that it is gone");
  shown.push_back(false);
  CHECK(trend_of(shown).gone());
  shown.push_back(true);
  CHECK_FALSE(trend_of(shown).gone());
  trend = trend_of(std::vector<bool>(40, false));
  CHECK_FALSE(trend.gone());
  CHECK(words_of(trend) == "not seen in 40 runs: with 95% confidence in fewer than 7.2% of them");
}

TEST_CASE("gate: the rank test has the exact distribution") {
  using gate::chance_of_smaller;
  // All of m below all of n: one of (m+n over m) orders.
  CHECK(chance_of_smaller({1, 2, 3}, {4, 5, 6}) == doctest::Approx(1.0 / 20));
  CHECK(chance_of_smaller({1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}) == doctest::Approx(1.0 / 252));
  CHECK(chance_of_smaller({4, 5, 6}, {1, 2, 3}) == doctest::Approx(1));
  // U = 1: two orders.
  CHECK(chance_of_smaller({1, 2, 4}, {3, 5, 6}) == doctest::Approx(2.0 / 20));
  // Equal samples: above a half, whatever the ties.
  CHECK(chance_of_smaller({1, 2, 3, 4}, {1, 2, 3, 4}) > 0.5);
  CHECK(chance_of_smaller({}, {1}) == 1);
  CHECK(gate::smallest_chance(5, 5) == doctest::Approx(1.0 / 252));
  CHECK(gate::median({3, 1, 2}) == 2);
  CHECK(gate::median({4, 1, 2, 3}) == 2.5);
}

}  // namespace assay
