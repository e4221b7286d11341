#include "targets/mongodb/errors.h"

#include <algorithm>
#include <array>

namespace assay::mongodb {
namespace {

constexpr bool definite = true;
constexpr bool doubtful = false;

// Names and numbers as in MongoDB's list of error codes.
constexpr std::array rows{
    ErrorRow{2, "BadValue", definite, doubtful},
    ErrorRow{9, "FailedToParse", definite, doubtful},
    ErrorRow{13, "Unauthorized", definite, doubtful},
    ErrorRow{14, "TypeMismatch", definite, doubtful},
    ErrorRow{18, "AuthenticationFailed", definite, doubtful},
    ErrorRow{20, "IllegalOperation", definite, doubtful},
    ErrorRow{26, "NamespaceNotFound", definite, doubtful},
    ErrorRow{59, "CommandNotFound", definite, doubtful},
    ErrorRow{72, "InvalidOptions", definite, doubtful},
    ErrorRow{112, "WriteConflict", definite, definite},
    ErrorRow{10058, "LegacyNotPrimary", definite, doubtful},
    ErrorRow{10107, "NotWritablePrimary", definite, doubtful},
    ErrorRow{10334, "BSONObjectTooLarge", definite, doubtful},
    ErrorRow{11000, "DuplicateKey", definite, doubtful},
    ErrorRow{13435, "NotPrimaryNoSecondaryOk", definite, doubtful},
    ErrorRow{13436, "NotPrimaryOrSecondary", definite, doubtful},
    ErrorRow{6, "HostUnreachable", doubtful, doubtful},
    ErrorRow{50, "MaxTimeMSExpired", doubtful, doubtful},
    ErrorRow{64, "WriteConcernFailed", doubtful, doubtful},
    ErrorRow{89, "NetworkTimeout", doubtful, doubtful},
    ErrorRow{91, "ShutdownInProgress", doubtful, doubtful},
    ErrorRow{189, "PrimarySteppedDown", doubtful, doubtful},
    ErrorRow{251, "NoSuchTransaction", doubtful, doubtful},
    ErrorRow{262, "ExceededTimeLimit", doubtful, doubtful},
    ErrorRow{9001, "SocketException", doubtful, doubtful},
    ErrorRow{11600, "InterruptedAtShutdown", doubtful, doubtful},
    ErrorRow{11601, "Interrupted", doubtful, doubtful},
    ErrorRow{11602, "InterruptedDueToReplStateChange", doubtful, doubtful},
    ErrorRow{14031, "OutOfDiskSpace", doubtful, doubtful},
};

bool had_no_effect(const Answer& answer, Moment moment) {
  if (moment == Moment::reading || moment == Moment::working) return true;
  if (answer.repeated) return false;
  const bool commits = moment == Moment::commit;
  if (answer.kind == Answer::Kind::unsent) return !commits;
  if (answer.kind != Answer::Kind::refused) return false;
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [&](const ErrorRow& each) { return each.code == answer.code; });
  return row != rows.end() && (commits ? row->commit : row->effect);
}

}  // namespace

std::span<const ErrorRow> error_rows() { return rows; }

Completion classify(const Answer& answer, Moment moment) {
  return {had_no_effect(answer, moment) ? EventType::fail : EventType::info, {}, answer.message};
}

}  // namespace assay::mongodb
