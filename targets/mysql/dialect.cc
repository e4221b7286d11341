#include "targets/mysql/dialect.h"

#include <array>

#include "targets/mariadb/dialect.h"

namespace assay::mysql {
namespace {

constexpr bool definite = true;
constexpr bool doubtful = false;

// Of a statement that commits by itself, or of a commit; by the server's error number. What is not
// named is in doubt.
constexpr std::array errors{
    sql::ErrorRow{"1040", definite, "too many connections"},
    sql::ErrorRow{"1044", definite, "access to the database denied"},
    sql::ErrorRow{"1045", definite, "access denied"},
    sql::ErrorRow{"1048", definite, "column cannot be null"},
    sql::ErrorRow{"1049", definite, "no such database"},
    sql::ErrorRow{"1062", definite, "duplicate key"},
    sql::ErrorRow{"1064", definite, "syntax error"},
    sql::ErrorRow{"1142", definite, "command denied"},
    sql::ErrorRow{"1146", definite, "no such table"},
    sql::ErrorRow{"1205", definite, "waited too long for a lock"},
    sql::ErrorRow{"1213", definite, "deadlock: rolled back"},
    sql::ErrorRow{"1227", definite, "a privilege is missing"},
    sql::ErrorRow{"1290", definite, "the server is read-only"},
    sql::ErrorRow{"1406", definite, "value too long"},
    sql::ErrorRow{"1792", definite, "the transaction is read-only"},
    sql::ErrorRow{"1836", definite, "the server is in read-only mode"},
    sql::ErrorRow{"3101", definite, "conflict with another member: rolled back"},
    sql::ErrorRow{"3797", definite, "waited too long for earlier transactions, before it began"},
    sql::ErrorRow{"3798", definite, "waited too long for a failover's backlog, before it began"},
    sql::ErrorRow{"3799", definite, "the member leaves the group: nothing begins"},
    sql::ErrorRow{"1021", doubtful, "disk full"},
    sql::ErrorRow{"1026", doubtful, "error writing a file"},
    sql::ErrorRow{"1053", doubtful, "the server shuts down"},
    sql::ErrorRow{"1114", doubtful, "the table is full"},
    sql::ErrorRow{"1180", doubtful, "error during commit"},
    sql::ErrorRow{"1317", doubtful, "the statement was interrupted"},
    // Rolled back here, but the others may have received it and committed.
    sql::ErrorRow{"3100", doubtful, "the member left the group during the commit"},
    sql::ErrorRow{"2", doubtful, "the library's own: the connection broke"},
};

}  // namespace

const sql::Dialect& dialect() {
  static const sql::Dialect it = [] {
    sql::Dialect dialect = mariadb::dialect();
    dialect.errors = errors;
    return dialect;
  }();
  return it;
}

}  // namespace assay::mysql
