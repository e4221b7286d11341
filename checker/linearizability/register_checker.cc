#include "checker/linearizability/register_checker.h"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "checker/linearizability/explain.h"
#include "checker/linearizability/register_search.h"
#include "checker/linearizability/shrink.h"
#include "checker/linearizability/stale_read.h"
#include "checker/linearizability/witness.h"
#include "checker/linearizability/zones.h"

namespace assay {
namespace {

/// The precedences, by position in the witness, that the violation rests on.
std::vector<Precedence> timing_of(const CallWitness& witness, std::size_t value_count,
                                  const SearchLimits& limits) {
  constexpr std::size_t most = 24;
  if (witness.counted_as.size() > most) return {};
  std::vector<Span> spans;
  for (const RegisterCall& call : witness.counted_as) spans.push_back({call.start, call.end});
  return essential_precedences(std::move(spans), [&](std::span<const Span> wider) {
    std::vector<RegisterCall> calls = witness.counted_as;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      calls[i].start = wider[i].start;
      calls[i].end = wider[i].end;
    }
    std::stable_sort(calls.begin(), calls.end(), [](const RegisterCall& a, const RegisterCall& b) {
      return a.start < b.start;
    });
    return search_register(calls, value_count, limits, false).answer ==
           SearchAnswer::not_linearizable;
  });
}

bool has_value(const std::vector<std::uint32_t>& values, const RegisterOp& op) {
  const auto named = [&](std::uint32_t value) {
    return std::binary_search(values.begin(), values.end(), value);
  };
  return named(op.value) || (op.observes() && named(op.observed()));
}

/// The calls that name a value which a suspect names. `suspects` are renumbered.
RegisterObject part_about(const RegisterObject& whole, std::vector<std::uint32_t>& suspects) {
  std::vector<std::uint32_t> values;
  for (const std::uint32_t call : suspects) {
    const RegisterOp& op = whole.calls[call].op;
    values.push_back(op.value);
    if (op.observes()) values.push_back(op.observed());
  }
  std::sort(values.begin(), values.end());
  std::map<std::uint32_t, std::uint32_t> number_of{{0, 0}};
  const auto number = [&](std::uint32_t value) {
    return number_of.emplace(value, static_cast<std::uint32_t>(number_of.size())).first->second;
  };
  RegisterObject part;
  std::vector<std::uint32_t> kept;
  for (std::uint32_t i = 0; i < whole.calls.size(); ++i) {
    RegisterCall call = whole.calls[i];
    if (!has_value(values, call.op)) continue;
    call.op.value = number(call.op.value);
    call.op.expected = number(call.op.expected);
    kept.push_back(i);
    part.calls.push_back(call);
    part.operations.push_back(whole.operations[i]);
  }
  part.value_count = number_of.size();
  for (std::uint32_t& call : suspects) {
    const auto at = std::lower_bound(kept.begin(), kept.end(), call);
    call = static_cast<std::uint32_t>(at - kept.begin());
  }
  return part;
}

/// What reading a key and the zone test take, for each operation.
constexpr std::uint64_t bytes_per_call = 96;

KeyOutcome out_of_time() {
  KeyOutcome outcome;
  outcome.search.reason = "the time ran out";
  return outcome;
}

}  // namespace

Result<KeyOutcome> RegisterChecker::decide(KeyId key, const SearchLimits& limits, bool want_order) {
  KeyOutcome outcome;
  const std::uint64_t size = history_.operations_on(key).size();
  const auto fits = [&](std::uint64_t bytes_per_operation) {
    return limits.memory_bytes == 0 || size * bytes_per_operation <= limits.memory_bytes;
  };
  if (!want_order && !scalars_only_ && fits(ZoneScan::bytes_per_operation)) {
    outcome.algorithm = "zones";
    const ScanAnswer answer = scan_.decide(key, limits);
    if (answer == ScanAnswer::linearizable) {
      outcome.search.answer = SearchAnswer::linearizable;
      return outcome;
    }
    if (answer == ScanAnswer::undecided) return out_of_time();
  }
  if (!fits(bytes_per_call)) {
    outcome.search.reason = "the memory limit was reached";
    return outcome;
  }
  auto object = reader_.read(key, limits);
  if (!object) return object.error();
  if (limits.time_is_up()) return out_of_time();
  const auto& calls = object->calls;
  if (has_unique_writers(calls, object->value_count)) {
    outcome.algorithm = "zones";
    outcome.search = check_zones(calls, object->value_count, want_order, limits);
  } else if (auto stale = find_stale_observer(calls, object->value_count)) {
    outcome.algorithm = "stale-read";
    outcome.search.answer = SearchAnswer::not_linearizable;
    outcome.search.suspects = *std::move(stale);
  } else {
    outcome.algorithm = "frontier";
    outcome.search = search_register(calls, object->value_count, limits, want_order);
  }
  outcome.order.reserve(outcome.search.order.size());
  for (const std::uint32_t i : outcome.search.order) outcome.order.push_back(calls[i].event);
  outcome.search.order = {};
  return outcome;
}

ExplainedAnomaly RegisterChecker::explain(KeyId key, const KeyOutcome& outcome,
                                          const SearchLimits& limits) {
  auto read = reader_.read(key, SearchLimits{});
  ASSAY_ASSERT(read.ok());
  RegisterObject object = std::move(read).value();
  std::optional<CallWitness> witness;
  if (!outcome.search.suspects.empty()) {
    // Mostly a few values are all it is about, of very many.
    auto suspects = outcome.search.suspects;
    RegisterObject part = part_about(object, suspects);
    witness = find_witness_among(part.calls, part.value_count, suspects, limits);
    if (witness.has_value()) object = std::move(part);
  }
  if (!witness.has_value()) {
    witness = find_witness(object.calls, object.value_count, outcome.search, limits);
  }
  ExplainedAnomaly result;
  result.anomaly = describe_register_anomaly(history_, key, object, *witness);
  for (const Precedence& p : timing_of(*witness, object.value_count, limits)) {
    result.anomaly.timing.push_back(
        {witness->counted_as[p.before].event, witness->counted_as[p.after].event});
  }
  result.witness = {result.anomaly.key, result.anomaly.witness, {}};
  return result;
}

}  // namespace assay
