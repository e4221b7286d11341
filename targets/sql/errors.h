#pragma once
// Which errors of a database are definite (the operation did not and will not happen) and which
// leave it open. Each database has a table by code; a row without an equal is in doubt.

#include <span>
#include <string_view>

#include "harness/client.h"
#include "targets/sql/connection.h"

namespace assay::sql {

struct ErrorRow {
  std::string_view code;  ///< a whole code, or the beginning of several; the longest match holds
  bool definite = false;
  std::string_view meaning;
};

/// What was under way when the answer came.
enum class Moment : unsigned char {
  reading,  ///< nothing that could have an effect
  working,  ///< inside a transaction whose commit was not sent: it cannot have committed
  effect,   ///< a statement that commits by itself, or the commit
};

/// The completion of an operation that ended with this answer, which is not ok.
Completion classify(const Answer& answer, Moment moment, std::span<const ErrorRow> table);

}  // namespace assay::sql
