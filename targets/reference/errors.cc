#include "targets/reference/errors.h"

#include <array>
#include <string>

namespace assay::reference {
namespace {

constexpr bool definite = true;
constexpr bool doubtful = false;

constexpr std::array rows{
    // Nothing was sent.
    ErrorRow{ClientError::connect_refused, definite, "connection refused"},
    ErrorRow{ClientError::connect_timed_out, definite, "connecting timed out"},
    ErrorRow{ClientError::unsupported, definite, "unsupported operation"},
    // The member says that it had no effect.
    ErrorRow{ClientError::precondition_failed, definite, unmet_precondition},
    ErrorRow{ClientError::no_leader, definite, "no leader"},
    ErrorRow{ClientError::busy, definite, "busy"},
    ErrorRow{ClientError::bad_request, definite, "bad request"},
    ErrorRow{ClientError::unavailable, definite, "unavailable"},
    // It was sent, and nobody says what became of it.
    ErrorRow{ClientError::timed_out, doubtful, "timed out"},
    ErrorRow{ClientError::connection_lost, doubtful, "connection lost"},
    ErrorRow{ClientError::malformed_reply, doubtful, "malformed reply"},
    ErrorRow{ClientError::in_doubt, doubtful, "in doubt"},
};

}  // namespace

std::span<const ErrorRow> error_table() { return rows; }

Completion classify(ClientError error, bool has_effect) {
  for (const auto& row : rows) {
    if (row.error != error) continue;
    const bool failed = row.definite || !has_effect;
    return {failed ? EventType::fail : EventType::info, {}, std::string(row.text)};
  }
  return {has_effect ? EventType::info : EventType::fail, {}, "unknown error"};
}

ClientError error_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::mismatch:
      return ClientError::precondition_failed;
    case Outcome::no_leader:
      return ClientError::no_leader;
    case Outcome::busy:
      return ClientError::busy;
    case Outcome::bad_request:
      return ClientError::bad_request;
    case Outcome::unavailable:
      return ClientError::unavailable;
    case Outcome::ok:
    case Outcome::in_doubt:
      break;
  }
  return ClientError::in_doubt;
}

}  // namespace assay::reference
