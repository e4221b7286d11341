#include "checker/linearizability/objects.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "checker/linearizability/containers/container_checker.h"
#include "checker/linearizability/counter/counter_checker.h"
#include "checker/linearizability/elections/election_checker.h"
#include "checker/linearizability/locks/fencing.h"
#include "checker/linearizability/locks/holds.h"
#include "checker/linearizability/locks/leases.h"
#include "checker/linearizability/locks/permits.h"
#include "checker/linearizability/log/log_checker.h"
#include "checker/linearizability/multi_register_checker.h"
#include "checker/linearizability/register_checker.h"
#include "checker/linearizability/searches/searches.h"
#include "checker/linearizability/sets/set_checker.h"
#include "checker/linearizability/strings/string_checker.h"

namespace assay {
namespace {

template <DatatypeModel M>
std::unique_ptr<ObjectChecker> search_of(const History& history, const CheckOptions& options) {
  return std::make_unique<ModelChecker<M>>(history,
                                           [&history, &options] { return M(history, options); });
}

/// The search alone.
template <DatatypeModel M>
MakeObjectChecker model_checker(const History& history, const CheckOptions& options) {
  return [&history, &options] { return search_of<M>(history, options); };
}

/// A polynomial algorithm, and the search for what it does not decide.
template <class Checker, DatatypeModel M>
MakeObjectChecker with_search(const History& history, const CheckOptions& options) {
  return [&history, &options] {
    return std::make_unique<Checker>(history, search_of<M>(history, options));
  };
}

MakeObjectChecker container(const History& history, ContainerKind kind) {
  return [&history, kind] {
    return std::make_unique<ContainerChecker>(
        history, kind, std::make_unique<ModelChecker<ContainerModel>>(history, [&history, kind] {
          return ContainerModel(history, kind);
        }));
  };
}

Result<std::int64_t> permits_of(const History& history) {
  const Value& initial = history.info().initial;
  if (initial.is_nil()) return std::int64_t{1};
  const auto* number = initial.get_if<std::int64_t>();
  if (number != nullptr && *number >= 1) return *number;
  return Error{ErrorKind::usage,
               fmt::format("a semaphore's initial value is its number of permits, an integer of at "
                           "least 1; got {}",
                           to_text(initial))};
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
  if (datatype == "multi-register") {
    return with_search<MultiRegisterChecker, MultiRegisterModel>(history, options);
  }
  if (datatype == "kv-string") {
    return MakeObjectChecker([&history] { return std::make_unique<StringChecker>(history); });
  }
  if (datatype == "bank") return model_checker<BankModel>(history, options);
  if (datatype == "queue") return container(history, ContainerKind::bag);
  if (datatype == "fifo-queue") return container(history, ContainerKind::fifo);
  if (datatype == "stack") return container(history, ContainerKind::stack);
  if (datatype == "priority-queue") return container(history, ContainerKind::priority);
  if (datatype == "set") return with_search<SetChecker, SetModel>(history, options);
  if (datatype == "counter") return with_search<CounterChecker, CounterModel>(history, options);
  if (datatype == "mutex" || datatype == "semaphore") {
    const auto permits = datatype == "mutex" ? Result<std::int64_t>(1) : permits_of(history);
    if (!permits) return permits.error();
    return MakeObjectChecker([&history, count = permits.value()] {
      return std::make_unique<PermitsChecker>(history, count);
    });
  }
  if (datatype == "owned-mutex" || datatype == "fenced-lock") {
    return MakeObjectChecker([&history, fenced = datatype == "fenced-lock"] {
      return std::make_unique<HoldsChecker>(history, fenced);
    });
  }
  if (datatype == "lease") {
    return MakeObjectChecker([&history] { return std::make_unique<LeaseChecker>(history); });
  }
  if (datatype == "fencing") {
    return MakeObjectChecker([&history] { return std::make_unique<FencingChecker>(history); });
  }
  if (datatype == "leader-election") {
    return MakeObjectChecker([&history] { return std::make_unique<ElectionChecker>(history); });
  }
  if (datatype == "log") {
    return MakeObjectChecker([&history] { return std::make_unique<LogChecker>(history); });
  }
  return Error{ErrorKind::usage,
               fmt::format("linearizability of a {} cannot be checked", datatype)};
}

}  // namespace assay
