#pragma once
// A session with PostgreSQL through libpq; never blocks past its deadline.

#include "targets/sql/connection.h"

namespace assay::postgres {

sql::Opened open(const sql::Login& login, Nanos deadline);

}  // namespace assay::postgres
