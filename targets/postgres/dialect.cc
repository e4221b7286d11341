#include "targets/postgres/dialect.h"

#include <array>

#include "targets/postgres/connection.h"

namespace assay::postgres {
namespace {

constexpr bool definite = true;
constexpr bool doubtful = false;

// Of a statement that commits by itself, or of a commit. The classes are those of appendix A of
// PostgreSQL's manual; what is not named is in doubt.
constexpr std::array errors{
    sql::ErrorRow{"08", doubtful, "connection exception"},
    sql::ErrorRow{"0A", definite, "feature not supported"},
    sql::ErrorRow{"21", definite, "cardinality violation"},
    sql::ErrorRow{"22", definite, "data exception"},
    sql::ErrorRow{"23", definite, "integrity constraint violation"},
    sql::ErrorRow{"25", definite, "invalid transaction state, such as read only"},
    sql::ErrorRow{"28", definite, "invalid authorization"},
    sql::ErrorRow{"3D", definite, "no such database"},
    sql::ErrorRow{"3F", definite, "no such schema"},
    sql::ErrorRow{"40", definite, "rolled back: serialization failure, deadlock"},
    sql::ErrorRow{"40003", doubtful, "statement completion unknown"},
    sql::ErrorRow{"42", definite, "syntax error, no such object, no right to it"},
    sql::ErrorRow{"53", doubtful, "insufficient resources"},
    sql::ErrorRow{"53300", definite, "too many connections"},
    sql::ErrorRow{"55P03", definite, "lock not available"},
    sql::ErrorRow{"57", doubtful, "operator intervention, such as a shutdown"},
    sql::ErrorRow{"57P03", definite, "the server is starting up or shutting down"},
    sql::ErrorRow{"58", doubtful, "system error, such as input and output"},
    sql::ErrorRow{"XX", doubtful, "internal error"},
};

std::string begin(sql::Isolation isolation, bool read_only) {
  return "BEGIN ISOLATION LEVEL " + std::string(name_of(isolation)) +
         (read_only ? " READ ONLY" : "");
}

}  // namespace

const sql::Dialect& dialect() {
  static constexpr sql::Dialect it{
      "VARCHAR(255)", "ON CONFLICT (id) DO UPDATE SET val = ", "excluded.val",
      "ON CONFLICT DO NOTHING", "INSERT", begin,
      "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL ",
      // The information schema tells only what the user may touch.
      "SELECT count(*) FROM pg_namespace WHERE nspname = 'assay'", "SHOW server_version",
      "DROP SCHEMA IF EXISTS assay CASCADE", errors, open};
  return it;
}

}  // namespace assay::postgres
