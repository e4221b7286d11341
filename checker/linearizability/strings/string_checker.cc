#include "checker/linearizability/strings/string_checker.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/assert.h"
#include "checker/linearizability/strings/chains.h"
#include "checker/linearizability/strings/describe.h"
#include "checker/linearizability/strings/string_search.h"
#include "checker/linearizability/strings/string_witness.h"
#include "checker/linearizability/strings/tokens.h"
#include "checker/linearizability/zones.h"

namespace assay {
namespace {

/// The answer of the zone test in terms of the string's calls.
SearchResult check_chains(const StringChains& chains, bool want_order) {
  SearchResult result;
  if (chains.conflict.has_value()) {
    result.answer = SearchAnswer::not_linearizable;
  } else {
    result = check_zones(chains.calls, chains.value_count, want_order);
  }
  for (std::uint32_t& call : result.order) call = chains.call_of[call];
  for (std::uint32_t& call : result.suspects) call = chains.call_of[call];
  return result;
}

/// What the zone test's suspects say as gets and tokens: the gets among them, one that shows each
/// change, and the tokens of the changes and at the ends of what was got.
StringSuspects as_subject(const StringObject& object, const TokenTable& tokens,
                          const StringChains& chains, const std::vector<std::uint32_t>& suspects) {
  StringSuspects subject;
  const auto add_get = [&](std::uint32_t get) {
    if (get == TokenTable::none) return;
    subject.gets.push_back(get);
    const auto made = tokens.parse(object.texts[object.calls[get].op.text]);
    if (made.has_value() && !made->empty()) subject.tokens.push_back(made->back());
  };
  for (const std::uint32_t call : suspects) {
    const StringOp& op = object.calls[call].op;
    if (op.function == StringFunction::get) {
      add_get(call);
    } else {
      subject.tokens.push_back(op.text);
      add_get(chains.proof_of[op.text]);
    }
  }
  for (auto* numbers : {&subject.gets, &subject.tokens}) {
    std::sort(numbers->begin(), numbers->end());
    numbers->erase(std::unique(numbers->begin(), numbers->end()), numbers->end());
  }
  return subject;
}

}  // namespace

Result<KeyOutcome> StringChecker::decide(KeyId key, const SearchLimits& limits, bool want_order) {
  const auto object = reader_.read(key);
  if (!object) return object.error();
  const auto& calls = object->calls;
  KeyOutcome outcome;
  const auto chains = read_chains(*object, TokenTable(*object));
  if (chains.has_value()) {
    outcome.algorithm = "zones";
    outcome.search = check_chains(*chains, want_order);
  } else {
    outcome.algorithm = "frontier";
    outcome.search =
        search_string(object->texts, object->texts[object->initial], calls, limits, want_order);
  }
  outcome.order.reserve(outcome.search.order.size());
  for (const std::uint32_t i : outcome.search.order) outcome.order.push_back(calls[i].event);
  outcome.search.order = {};
  return outcome;
}

ExplainedAnomaly StringChecker::explain(KeyId key, const KeyOutcome& outcome,
                                        const SearchLimits& limits) {
  const auto object = reader_.read(key);
  ASSAY_ASSERT(object.ok());
  const TokenTable tokens(*object);
  StringSuspects subject;
  std::uint32_t failed_call = outcome.search.failed_call;
  if (const auto chains = read_chains(*object, tokens)) {
    subject = chains->conflict.has_value()
                  ? *chains->conflict
                  : as_subject(*object, tokens, *chains, outcome.search.suspects);
    // Should these not do, the failure lies before the last return.
    for (std::uint32_t i = 0; i < object->calls.size(); ++i) {
      const bool later = object->calls[i].end > object->calls[failed_call].end;
      if (!object->calls[i].pending() && later) failed_call = i;
    }
  }
  const StringWitness witness =
      StringWitnessFinder(*object, tokens, limits).find(failed_call, subject);
  ExplainedAnomaly result;
  result.anomaly = describe_string_anomaly(history_, key, *object, witness);
  if (!witness.refuted) return result;
  result.witness = {result.anomaly.key, result.anomaly.witness, {}};
  for (const std::uint32_t token : witness.tokens) {
    result.witness.values.emplace_back(std::string(object->texts[token]));
  }
  result.refuted_by_rule = witness.unmakeable;
  return result;
}

}  // namespace assay
