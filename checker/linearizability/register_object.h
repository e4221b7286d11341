#pragma once
// One key of a History as calls on a register, for the searches: failed operations, reads that
// never returned and pending writes that nobody needs are left out, values are numbered densely.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "checker/linearizability/id_numbering.h"
#include "checker/linearizability/limits.h"
#include "checker/models/register.h"
#include "history/history.h"

namespace assay {

struct RegisterObject {
  std::vector<RegisterCall> calls;  ///< sorted by start
  std::vector<OpIndex> operations;  ///< by call: the operation it stands for
  std::size_t value_count = 1;      ///< values 0 … value_count-1; 0 is the initial one
};

/// Reads keys of one history. Reuses its tables: give each thread its own.
class RegisterReader {
 public:
  /// With `scalars_only`, reading or writing a collection is an error: the datatype was guessed.
  RegisterReader(const History& history, bool scalars_only);

  /// Nothing useful once the time of `limits` is up. Errors: bad_data (an operation's function or
  /// value does not fit a register; names the event).
  Result<RegisterObject> read(KeyId key, const SearchLimits& limits);

 private:
  Status add(const Operation& operation, RegisterObject& object);
  Status check_scalar(ValueId id, std::uint64_t event) const;
  std::uint32_t number(const Value& value);

  const History& history_;
  bool scalars_only_;
  std::vector<std::optional<RegisterFunction>> functions_;  ///< by FunctionId
  IdNumbering numbers_;
  std::map<Value, std::uint32_t> strangers_;  ///< parts of cas arguments the history has no id for
};

}  // namespace assay
