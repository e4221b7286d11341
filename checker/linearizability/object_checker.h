#pragma once
// ObjectChecker: what a datatype brings to the check of linearizability. The check itself, over all
// keys in parallel, is keyed_check.h; the table of datatypes is objects.h.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "checker/checker.h"
#include "checker/linearizability/limits.h"
#include "checker/linearizability/search.h"
#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

/// The answer about one object, and what its checker needs again to explain it.
struct KeyOutcome {
  SearchResult search;
  std::vector<std::uint64_t> order;  ///< linearizable, if asked for: event indices
  std::string_view algorithm;        ///< zones, frontier, …: a literal
  /// What indeterminate operations of the order returned, where the order alone leaves that open.
  std::vector<std::pair<std::uint64_t, Value>> completions;
};

struct ExplainedAnomaly {
  Anomaly anomaly;
  Witness witness;  ///< for the certificate; no operations: it cannot be certified
  /// The verifier refutes it by a rule, not by trying all orders, so its size does not matter.
  bool refuted_by_rule = false;
};

/// Decides the objects of one history, one key after the other. One a thread: it may reuse its
/// tables.
class ObjectChecker {
 public:
  virtual ~ObjectChecker() = default;

  /// With `want_order`, KeyOutcome::order holds a linearization. Errors: bad_data, usage (the
  /// operations do not fit the datatype; names the event).
  virtual Result<KeyOutcome> decide(KeyId key, const SearchLimits& limits, bool want_order) = 0;

  /// REQUIRES that decide(key) answered not_linearizable with `outcome`. Deterministic.
  virtual ExplainedAnomaly explain(KeyId key, const KeyOutcome& outcome,
                                   const SearchLimits& limits) = 0;
};

using MakeObjectChecker = std::function<std::unique_ptr<ObjectChecker>()>;

}  // namespace assay
