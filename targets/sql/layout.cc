#include "targets/sql/layout.h"

#include <utility>

#include "targets/sql/chance.h"

namespace assay::sql {
namespace {

std::string name_of(std::string_view base, unsigned tables, std::uint64_t number) {
  return std::string(base) + (tables == 1 ? "" : "_" + std::to_string(number));
}

void add_table(std::vector<std::string>& statements, const std::string& name,
               const std::string& columns) {
  statements.push_back("DROP TABLE IF EXISTS assay." + name);
  statements.push_back("CREATE TABLE assay." + name + " (" + columns + ")");
}

void add_index(std::vector<std::string>& statements, const std::string& table,
               const std::string& column, const char* kind = "INDEX") {
  statements.push_back(std::string("CREATE ") + kind + " " + table + "_" + column + " ON assay." +
                       table + " (" + column + ")");
}

}  // namespace

std::string Layout::table_of(std::string_view base, std::string_view id) const {
  return name_of(base, tables, digest_of(id) % tables);
}

std::vector<std::string> table_statements(const Dialect& dialect, const Layout& layout) {
  const std::string key(dialect.text_key);
  std::vector<std::string> statements;
  const std::string alias = layout.has_alias() ? ", alias " + key + " NOT NULL" : "";
  for (const auto& [base, value] :
       {std::pair<std::string_view, std::string>{"registers", key}, {"lists", "TEXT"}}) {
    for (unsigned i = 0; i < layout.tables; ++i) {
      const std::string table = name_of(base, layout.tables, i);
      add_table(statements, table, "id " + key + " PRIMARY KEY" + alias + ", val " + value);
      if (layout.access == Access::secondary_index) add_index(statements, table, "alias");
      if (layout.access == Access::unique_index) {
        add_index(statements, table, "alias", "UNIQUE INDEX");
      }
    }
  }
  add_table(statements, "elements", "id " + key + ", element BIGINT, PRIMARY KEY (id, element)");
  add_table(statements, "counters", "id " + key + " PRIMARY KEY, val BIGINT");
  add_table(statements, "objects", "id " + key + " PRIMARY KEY, val BIGINT");
  if (layout.access != Access::scan) add_index(statements, "objects", "val");
  // The last one: who has it has all.
  add_table(statements, "accounts", "id BIGINT PRIMARY KEY, val BIGINT");
  return statements;
}

}  // namespace assay::sql
