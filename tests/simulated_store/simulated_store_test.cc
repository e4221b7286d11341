// A store of known isolation produces exactly its anomalies: on every seed its own level, and with
// it everything below, is found to hold; each level just above is refuted on a stated number of
// seeds; and the anomalies found are those that are known to tell the two apart.

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "checker/checker.h"
#include "checker/lattice.h"
#include "tests/simulated_store/store.h"

namespace assay::simulated {
namespace {

/// A level just above the one that the store keeps.
struct Neighbour {
  std::string model;
  int refuted_min;  ///< on so many of `seeds` histories, at least
};

struct Expectation {
  Level level;
  Data data;
  std::string model;  ///< what the store promises
  std::vector<Neighbour> neighbours;
  std::vector<std::string> anomalies;  ///< that show it, each on one seed at least
  int transactions = 30;               ///< of a history
};

constexpr int seeds = 100;

CheckResult check_all(const History& history) {
  CheckOptions options;
  options.models = {"strongest"};
  options.threads = 1;
  options.max_anomalies = 100;
  auto result = check(history, options);
  REQUIRE_MESSAGE(result.ok(), (result.ok() ? "" : result.error().message));
  return std::move(result).value();
}

void check_store(const Expectation& expected) {
  std::map<std::string, int> violated;
  std::map<std::string, int> seen;
  Run run{expected.level, expected.data};
  run.transactions = expected.transactions;
  if (expected.data == Data::predicates) run.keys = 4;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    const History history = simulate(run, seed);
    INFO(text_of(history));
    const CheckResult result = check_all(history);
    for (const ModelVerdict& each : result.models) {
      if (each.verdict == Verdict::violation) ++violated[each.model];
      if (!implies_for(result.datatype, expected.model, each.model)) continue;
      CAPTURE(each.model);
      CAPTURE(each.unknown_because);
      CHECK(each.verdict == Verdict::pass);
    }
    std::set<std::string> types;
    for (const Anomaly& anomaly : result.anomalies) {
      types.insert(anomaly.type);
      const auto refuted = refuted_by(anomaly.type);
      CAPTURE(anomaly.type);
      CAPTURE(anomaly.explanation);
      CHECK(std::count(refuted.begin(), refuted.end(), expected.model) == 0);
      CHECK(!implies_for(result.datatype, expected.model, anomaly.model));
    }
    for (const std::string& type : types) ++seen[type];
  }
  std::string found;
  for (const auto& [model, count] : violated) found += " " + model + " " + std::to_string(count);
  found += " |";
  for (const auto& [type, count] : seen) found += " " + type + " " + std::to_string(count);
  MESSAGE(expected.model << ":" << found);
  for (const Neighbour& neighbour : expected.neighbours) {
    CAPTURE(neighbour.model);
    CHECK(violated[neighbour.model] >= neighbour.refuted_min);
  }
  for (const std::string& type : expected.anomalies) {
    CAPTURE(type);
    CHECK(seen[type] > 0);
  }
}

void check_stores(const std::vector<Expectation>& all) {
  for (const Expectation& expected : all) {
    CAPTURE(expected.model);
    check_store(expected);
  }
}

}  // namespace

TEST_CASE("simulated store: lists") {
  constexpr Data lists = Data::lists;
  check_stores({
      {Level::read_uncommitted,
       lists,
       "read-uncommitted",
       {{"read-committed", 75}},
       {"G1a", "G1b", "G1c"}},
      {Level::read_committed,
       lists,
       "read-committed",
       {{"monotonic-atomic-view", 5}, {"read-committed-be", 5}, {"cursor-stability", 60}},
       {"OTV", "nonmonotonic-commit", "lost-update"}},
      {Level::monotonic_atomic_view,
       lists,
       "monotonic-atomic-view",
       {{"update-atomic", 75}, {"consistent-view", 80}, {"read-atomic", 60}},
       {"fractured-read", "lost-update", "G-single-item"}},
      {Level::prefix,
       lists,
       "prefix",
       {{"cursor-stability", 85}, {"parallel-snapshot-isolation", 90}},
       {"lost-update", "G-single-item"}},
      {Level::parallel_snapshot_isolation,
       lists,
       "parallel-snapshot-isolation",
       {{"snapshot-isolation", 15}, {"prefix", 25}},
       {"G-nonadjacent-item", "long-fork"}},
      {Level::snapshot_isolation,
       lists,
       "snapshot-isolation",
       {{"repeatable-read", 30}, {"strong-session-snapshot-isolation", 65}, {"prefix", 65}},
       {"G2-item", "G-single-item-process", "fractured-read-process"}},
      {Level::strong_session_snapshot_isolation,
       lists,
       "strong-session-snapshot-isolation",
       {{"serializable", 30}, {"strong-snapshot-isolation", 85}},
       {"G2-item", "G-single-item-realtime"}},
      {Level::strong_snapshot_isolation,
       lists,
       "strong-snapshot-isolation",
       {{"serializable", 35}, {"strict-serializable", 40}},
       {"G2-item"}},
      {Level::serializable,
       lists,
       "serializable",
       {{"strong-session-snapshot-isolation", 50}, {"strong-session-serializable", 50}},
       {"G-single-item-process"}},
      {Level::strong_session_serializable,
       lists,
       "strong-session-serializable",
       {{"strong-snapshot-isolation", 80}, {"strict-serializable", 80}},
       {"G-single-item-realtime"}},
      {Level::strict_serializable, lists, "strict-serializable", {}, {}},
      {Level::locked_serializable, lists, "strict-serializable", {}, {}},
  });
}

TEST_CASE("simulated store: registers") {
  constexpr Data registers = Data::registers;
  check_stores({
      {Level::read_uncommitted,
       registers,
       "read-uncommitted",
       {{"read-committed", 65}},
       {"G1a", "G1b", "G1c"}},
      {Level::read_committed,
       registers,
       "read-committed",
       {{"monotonic-atomic-view", 5}, {"read-committed-be", 5}, {"cursor-stability", 15}},
       {"OTV", "nonmonotonic-commit", "lost-update"}},
      {Level::monotonic_atomic_view,
       registers,
       "monotonic-atomic-view",
       {{"update-atomic", 60}, {"consistent-view", 45}, {"read-atomic", 60}},
       {"fractured-read", "lost-update", "G-single-item"}},
      {Level::read_committed_be,
       registers,
       "read-committed-be",
       {{"read-atomic", 50}, {"update-atomic", 50}},
       {"fractured-read", "fractured-read-process"}},
      {Level::read_atomic,
       registers,
       "read-atomic",
       {{"transactional-causal", 10}, {"update-atomic", 30}},
       {"causal-violation", "lost-update"},
       120},
      {Level::transactional_causal,
       registers,
       "transactional-causal",
       {{"prefix", 25}, {"parallel-snapshot-isolation", 75}},
       {"lost-update", "G-nonadjacent-item"}},
      {Level::parallel_snapshot_isolation,
       registers,
       "parallel-snapshot-isolation",
       {{"snapshot-isolation", 8}, {"prefix", 20}},
       {"G-nonadjacent-item", "long-fork"}},
      {Level::prefix,
       registers,
       "prefix",
       {{"cursor-stability", 25}, {"parallel-snapshot-isolation", 75}},
       {"lost-update"}},
      {Level::snapshot_isolation,
       registers,
       "snapshot-isolation",
       {{"repeatable-read", 30}, {"strong-session-snapshot-isolation", 65}, {"prefix", 60}},
       {"G2-item", "G-single-item-process", "fractured-read-process"}},
      {Level::strong_session_snapshot_isolation,
       registers,
       "strong-session-snapshot-isolation",
       {{"serializable", 25}, {"strong-snapshot-isolation", 85}},
       {"G2-item", "G-single-item-realtime"}},
      {Level::strong_snapshot_isolation,
       registers,
       "strong-snapshot-isolation",
       {{"serializable", 25}, {"strict-serializable", 40}},
       {"G2-item"}},
      {Level::serializable,
       registers,
       "serializable",
       {{"strong-session-snapshot-isolation", 50}, {"strong-session-serializable", 50}},
       {"G-single-item-process"}},
      {Level::strong_session_serializable,
       registers,
       "strong-session-serializable",
       {{"strong-snapshot-isolation", 80}, {"strict-serializable", 80}},
       {"G-single-item-realtime"}},
      {Level::strict_serializable, registers, "strict-serializable", {}, {}},
  });
}

TEST_CASE("simulated store: objects and predicates") {
  constexpr Data predicates = Data::predicates;
  check_stores({
      {Level::repeatable_read, predicates, "repeatable-read", {{"serializable", 30}}, {"G2"}},
      {Level::locked_serializable, predicates, "strict-serializable", {}, {}},
  });
}

}  // namespace assay::simulated
