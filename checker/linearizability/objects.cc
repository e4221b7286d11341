#include "checker/linearizability/objects.h"

#include <fmt/format.h>

#include "checker/linearizability/model_checker.h"
#include "checker/linearizability/register_checker.h"
#include "checker/models/asserting_register.h"
#include "checker/models/kv_string.h"
#include "checker/models/multi_register.h"

namespace assay {
namespace {

template <DatatypeModel M>
MakeObjectChecker model_checker(const History& history, const CheckOptions& options) {
  return [&history, &options] { return std::make_unique<ModelChecker<M>>(history, options); };
}

}  // namespace

Result<MakeObjectChecker> object_checker_for(std::string_view datatype, const History& history,
                                             const CheckOptions& options, bool guessed) {
  if (datatype == "register" && options.failed == FailedOperation::precondition_failed) {
    return model_checker<AssertingRegisterModel>(history, options);
  }
  if (datatype == "register") {
    return MakeObjectChecker(
        [&history, guessed] { return std::make_unique<RegisterChecker>(history, guessed); });
  }
  if (datatype == "multi-register") return model_checker<MultiRegisterModel>(history, options);
  if (datatype == "kv-string") return model_checker<StringModel>(history, options);
  return Error{ErrorKind::usage,
               fmt::format("linearizability of a {} cannot be checked", datatype)};
}

}  // namespace assay
