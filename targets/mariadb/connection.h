#pragma once
// A session with MariaDB, or another server of the MySQL protocol, through libmariadb.

#include "targets/sql/connection.h"

namespace assay::mariadb {

/// Answers carry the server's error number as their code.
sql::Opened open(const sql::Login& login, Nanos deadline);

}  // namespace assay::mariadb
