#pragma once
// How two databases say the same thing, and how a transaction is to be run.

#include <span>
#include <string>
#include <string_view>

#include "targets/sql/errors.h"

namespace assay::sql {

enum class Isolation : unsigned char {
  read_uncommitted,
  read_committed,
  repeatable_read,
  serializable,
};
/// "READ COMMITTED"
std::string_view name_of(Isolation isolation);

struct Dialect {
  std::string_view text_key;       ///< type of a short text that can be a primary key
  std::string_view on_duplicate;   ///< "ON CONFLICT (id) DO UPDATE SET val = "
  std::string_view inserted;       ///< "excluded.val": the value that was to be inserted
  std::string_view ignore;         ///< after an INSERT that may find its row there
  std::string_view insert_ignore;  ///< the INSERT that goes with it
  /// Begins a transaction: the statements, separated by ';'.
  std::string (*begin)(Isolation isolation, bool read_only);
  std::string_view session;  ///< before the name of the level that single statements run at
  /// Counts the schemas named assay, also those that the user may not touch, if the server tells.
  std::string_view count_schemas;
  std::string_view short_version;  ///< asks for the server's version, without its build
  std::string_view drop_schema;    ///< of schema assay, with all that is in it, if it is there
  std::span<const ErrorRow> errors;
  Open open;
};

}  // namespace assay::sql
