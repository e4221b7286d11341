#pragma once
// What came of a command sent to MongoDB, and what that says about its effect.

#include <span>
#include <string>
#include <string_view>

#include "harness/client.h"

namespace assay::mongodb {

/// How a command ended.
struct Answer {
  enum class Kind : std::uint8_t {
    ok,
    unsent,        ///< no server was found, or logging in to it failed
    refused,       ///< by the server, with a code
    unreplicated,  ///< done by the server, but its write concern was not met
    lost,          ///< sent, but no answer came
  };
  Kind kind = Kind::lost;
  int code = 0;           ///< of refused
  bool repeated = false;  ///< of a write that the driver may have sent twice: of the second
  std::string message;
  Value body;  ///< of ok: the server's reply

  bool ok() const { return kind == Kind::ok; }
};

/// When in an operation a command was sent.
enum class Moment : std::uint8_t {
  reading,  ///< the operation only reads
  working,  ///< in a transaction that has still to commit
  effect,   ///< it writes by itself
  commit,   ///< it commits a transaction
};

/// A row of the table of server errors.
struct ErrorRow {
  int code = 0;
  std::string_view name;
  bool effect = false;  ///< a write that is answered so certainly had none
  bool commit = false;  ///< nor a commit: the driver sends it twice, so the first may have had it
};
std::span<const ErrorRow> error_rows();

/// The completion of an operation whose command was not answered by ok; what the table does not
/// name is in doubt.
Completion classify(const Answer& answer, Moment moment);

}  // namespace assay::mongodb
