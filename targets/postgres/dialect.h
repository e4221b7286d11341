#pragma once
// PostgreSQL's SQL, and its table of errors.

#include "targets/sql/dialect.h"

namespace assay::postgres {

const sql::Dialect& dialect();

}  // namespace assay::postgres
