#pragma once
// Which errors of the reference cluster are definite (the operation did not and will not happen)
// and which leave it open. A read has no effect, so a read that failed is always `fail`.

#include <cstdint>
#include <span>
#include <string_view>

#include "harness/client.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

enum class ClientError : std::uint8_t {
  connect_refused,
  connect_timed_out,
  unsupported,
  precondition_failed,
  no_leader,
  busy,
  bad_request,
  unavailable,
  timed_out,
  connection_lost,
  malformed_reply,
  in_doubt,
};

struct ErrorRow {
  ClientError error;
  bool definite;
  std::string_view text;  ///< as recorded in the history
};
std::span<const ErrorRow> error_table();

/// The completion of an operation that ended so; an error without a row is in doubt.
Completion classify(ClientError error, bool has_effect);

/// The error of a reply whose outcome is not ok.
ClientError error_of(Outcome outcome);

}  // namespace assay::reference
