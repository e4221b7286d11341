#include "checker/linearizability/multi_register_checker.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/assert.h"
#include "checker/transactions/polygraph/core.h"
#include "checker/transactions/polygraph/decide.h"
#include "checker/transactions/polygraph/explain.h"
#include "checker/transactions/transactions.h"

namespace assay {
namespace {

constexpr std::string_view algorithm = "polygraph";

/// One point an operation, in the order of real time.
constexpr polygraph::Rules rules{polygraph::Kind::serial, true, true};

/// Does every register begin with the same value, in one object?
bool applies(const History& history) {
  return !history.keyed() && !history.info().initial.is<Value::Map>();
}

std::vector<std::uint64_t> events_of(const Transactions& transactions,
                                     const polygraph::Facts& facts,
                                     const std::vector<polygraph::NodeId>& nodes) {
  std::vector<std::uint64_t> events;
  events.reserve(nodes.size());
  for (const polygraph::NodeId n : nodes) events.push_back(transactions[facts.nodes[n].txn].event);
  return events;
}

}  // namespace

Result<KeyOutcome> MultiRegisterChecker::decide(KeyId key, const SearchLimits& limits,
                                                bool want_order) {
  if (!applies(history_)) return search_->decide(key, limits, want_order);
  const auto transactions = read_transactions(history_, "rw-register");
  if (!transactions) return transactions.error();
  KeyOutcome outcome;
  outcome.algorithm = algorithm;
  const polygraph::Gathered gathered = polygraph::gather(*transactions, 1);
  if (!gathered.refutations.empty()) {
    outcome.search.answer = SearchAnswer::not_linearizable;
    return outcome;
  }
  const polygraph::Decision decision = polygraph::decide(gathered.facts, rules, limits);
  switch (decision.answer) {
    case polygraph::Answer::ordered:
      outcome.search.answer = SearchAnswer::linearizable;
      if (want_order) outcome.order = events_of(*transactions, gathered.facts, decision.order);
      return outcome;
    case polygraph::Answer::contradiction:
      outcome.search.answer = SearchAnswer::not_linearizable;
      return outcome;
    case polygraph::Answer::unknown:
      break;
  }
  auto searched = search_->decide(key, limits, want_order);
  if (searched.ok() && searched->search.answer == SearchAnswer::undecided) {
    searched->search.reason = decision.unknown_because;
  }
  return searched;
}

ExplainedAnomaly MultiRegisterChecker::explain(KeyId key, const KeyOutcome& outcome,
                                               const SearchLimits& limits) {
  if (outcome.algorithm != algorithm) return search_->explain(key, outcome, limits);
  const auto transactions = read_transactions(history_, "rw-register");
  ASSAY_ASSERT(transactions.ok());
  ExplainedAnomaly result;
  const polygraph::Gathered gathered = polygraph::gather(*transactions, 1);
  if (!gathered.refutations.empty()) {
    result.anomaly =
        polygraph::explain(*transactions, gathered.refutations.front(), "linearizable");
    // Who failed to write the value, or overwrote it, shows nothing: the reader alone does.
    result.anomaly.witness = {(*transactions)[gathered.refutations.front().txns.front()].event};
    result.anomaly.minimal = true;
  } else {
    const polygraph::Decision decision = polygraph::decide(gathered.facts, rules, limits);
    const polygraph::Core core =
        polygraph::find_core(gathered.facts, rules, decision.suspects, limits);
    result.anomaly = polygraph::explain(*transactions, gathered.facts, core, rules, "linearizable");
  }
  result.anomaly.type = "nonlinearizable";
  result.witness = {std::nullopt, result.anomaly.witness, {}};
  return result;
}

}  // namespace assay
