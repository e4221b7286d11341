#pragma once
// The checker as a library: a History in, a CheckResult out. It knows nothing of how the history
// was made.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

/// What a failed operation says. `did_not_happen`: nothing. `precondition_failed`: that a cas found
/// another value than it expected, which the check then holds it to.
enum class FailedOperation : std::uint8_t { did_not_happen, precondition_failed };

struct CheckOptions {
  /// Names of the table of models; empty: what the datatype's entry says. `strongest`: all that
  /// apply to the datatype, and the strongest that holds is named.
  std::vector<std::string> models;
  std::string datatype = "auto";   ///< auto infers it from the history or says what is ambiguous
  std::optional<Nanos> timeout;    ///< then unknown, with what was established
  std::uint64_t memory_bytes = 0;  ///< then unknown; 0: no limit
  int threads = 0;                 ///< 0: all cores
  int max_anomalies = 20;          ///< at most one a key
  bool certificate = true;         ///< make one
  FailedOperation failed = FailedOperation::did_not_happen;
  bool negative_balances = false;  ///< banks: an account may be below zero
};

/// A named thing with one line of help: the vocabulary tables print as help, docs and JSON.
struct NamedEntry {
  std::string_view name;
  std::string_view summary;
};
std::span<const NamedEntry> models();
std::span<const NamedEntry> datatypes();
std::span<const NamedEntry> anomaly_types();

/// Thread-safe. Errors: usage (unknown or unsupported model or datatype), bad_data (the history's
/// operations do not fit the datatype; names the event).
Result<CheckResult> check(const History& history, const CheckOptions& options);

}  // namespace assay
