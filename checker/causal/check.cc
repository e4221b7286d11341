#include "checker/causal/check.h"

#include <fmt/format.h>

namespace assay {

Result<CheckResult> check_sessions(const History& history, std::string_view datatype,
                                   std::span<const std::string> models,
                                   const CheckOptions& options) {
  static_cast<void>(history);
  static_cast<void>(models);
  static_cast<void>(options);
  return Error{ErrorKind::usage,
               fmt::format("causal and session models of a {} cannot be checked yet", datatype)};
}

}  // namespace assay
