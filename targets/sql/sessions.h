#pragma once
// Sessions: the capability of a target to be asked in SQL as it is, beside its clients.

#include "targets/sql/connection.h"
#include "targets/sql/dialect.h"

namespace assay::sql {

class Sessions {
 public:
  virtual ~Sessions() = default;
  virtual const Dialect& dialect() const = 0;
  /// A session with the primary; the servers are set up.
  virtual Opened open_session() = 0;
};

}  // namespace assay::sql
