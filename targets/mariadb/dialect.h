#pragma once
// MariaDB's SQL, and its table of errors.

#include "targets/sql/dialect.h"

namespace assay::mariadb {

const sql::Dialect& dialect();

}  // namespace assay::mariadb
