#pragma once
// MySQL's SQL, which for what is asked here is MariaDB's, and its own table of errors.

#include "targets/sql/dialect.h"

namespace assay::mysql {

const sql::Dialect& dialect();

}  // namespace assay::mysql
