#pragma once
// The tables of schema assay, and by which column rows of registers and lists are found.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "targets/sql/dialect.h"

namespace assay::sql {

enum class Access : unsigned char {
  primary_key,
  secondary_index,  ///< by a second column with the same content, which has an index
  unique_index,
  scan,  ///< by that column without an index
};

struct Layout {
  Access access = Access::primary_key;
  unsigned tables = 1;  ///< over which registers, and lists, are spread

  bool has_alias() const { return access != Access::primary_key; }
  /// Where an object is, without its schema. `base`: registers or lists.
  std::string table_of(std::string_view base, std::string_view id) const;
};

/// What makes the tables, empty, in schema assay, which is there.
std::vector<std::string> table_statements(const Dialect& dialect, const Layout& layout);

}  // namespace assay::sql
