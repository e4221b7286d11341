#include "checker/linearizability/objects.h"

#include <fmt/format.h>

#include "checker/linearizability/register_checker.h"

namespace assay {

Result<MakeObjectChecker> object_checker_for(std::string_view datatype, const History& history,
                                             const CheckOptions& options, bool guessed) {
  if (datatype == "register") {
    return MakeObjectChecker(
        [&history, guessed] { return std::make_unique<RegisterChecker>(history, guessed); });
  }
  static_cast<void>(options);
  return Error{ErrorKind::usage,
               fmt::format("linearizability of a {} cannot be checked", datatype)};
}

}  // namespace assay
