#include "targets/mariadb/dialect.h"

#include <array>

#include "targets/mariadb/connection.h"

namespace assay::mariadb {
namespace {

constexpr bool definite = true;
constexpr bool doubtful = false;

// Of a statement that commits by itself, or of a commit; by the server's error number. What is not
// named is in doubt.
constexpr std::array errors{
    sql::ErrorRow{"1020", definite, "record has changed since last read: the transaction ends"},
    sql::ErrorRow{"1040", definite, "too many connections"},
    sql::ErrorRow{"1044", definite, "access to the database denied"},
    sql::ErrorRow{"1045", definite, "access denied"},
    sql::ErrorRow{"1047", definite, "the node is not part of the primary component"},
    sql::ErrorRow{"1048", definite, "column cannot be null"},
    sql::ErrorRow{"1049", definite, "no such database"},
    sql::ErrorRow{"1062", definite, "duplicate key"},
    sql::ErrorRow{"1064", definite, "syntax error"},
    sql::ErrorRow{"1142", definite, "command denied"},
    sql::ErrorRow{"1146", definite, "no such table"},
    sql::ErrorRow{"1205", definite, "waited too long for a lock"},
    sql::ErrorRow{"1213", definite, "deadlock, or conflict with another node: rolled back"},
    sql::ErrorRow{"1227", definite, "a privilege is missing"},
    sql::ErrorRow{"1290", definite, "the server is read-only"},
    sql::ErrorRow{"1406", definite, "value too long"},
    sql::ErrorRow{"1792", definite, "the transaction is read-only"},
    sql::ErrorRow{"1021", doubtful, "disk full"},
    sql::ErrorRow{"1026", doubtful, "error writing a file"},
    sql::ErrorRow{"1053", doubtful, "the server shuts down"},
    sql::ErrorRow{"1180", doubtful, "error during commit"},
    sql::ErrorRow{"1317", doubtful, "the statement was interrupted"},
    sql::ErrorRow{"1927", doubtful, "the connection was killed"},
    sql::ErrorRow{"2", doubtful, "the library's own: the connection broke"},
};

std::string begin(sql::Isolation isolation, bool read_only) {
  return "SET TRANSACTION ISOLATION LEVEL " + std::string(name_of(isolation)) +
         ";START TRANSACTION" + (read_only ? " READ ONLY" : "");
}

}  // namespace

const sql::Dialect& dialect() {
  static constexpr sql::Dialect it{"VARCHAR(255) COLLATE utf8mb4_bin",
                                   "ON DUPLICATE KEY UPDATE val = ",
                                   "VALUES(val)",
                                   "",
                                   "INSERT IGNORE",
                                   begin,
                                   "SET SESSION TRANSACTION ISOLATION LEVEL ",
                                   "SELECT COUNT(*) FROM information_schema.schemata "
                                   "WHERE schema_name = 'assay'",
                                   "SELECT VERSION()",
                                   "DROP SCHEMA IF EXISTS assay",
                                   errors,
                                   open};
  return it;
}

}  // namespace assay::mariadb
