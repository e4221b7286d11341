#pragma once
// Short histories written as lines of Jepsen's EDN, and what the checker says about them.

#include <doctest/doctest.h>

#include <sstream>
#include <string>

#include "checker/checker.h"
#include "history/formats/readers.h"
#include "history/sink.h"

namespace assay::edn {

inline std::string line(int process, const std::string& f, const std::string& type,
                        const std::string& value) {
  return "{:process " + std::to_string(process) + " :f :" + f + " :type :" + type + " :value " +
         value + "}\n";
}
/// An invocation with `asked` and, right after it, a completion with `got`.
inline std::string operation(int process, const std::string& f, const std::string& asked,
                             const std::string& got, const std::string& type = "ok") {
  return line(process, f, "invoke", asked) + line(process, f, type, got);
}

inline CheckResult checked(const std::string& events, const std::string& datatype,
                           const std::string& model) {
  std::istringstream input(events);
  HistorySink sink;
  REQUIRE(read_jepsen_edn(input, {}, sink).ok());
  const auto history = sink.finish();
  REQUIRE(history.ok());
  CheckOptions options;
  options.datatype = datatype;
  options.models = {model};
  const auto result = check(*history, options);
  REQUIRE_MESSAGE(result.ok(), (result.ok() ? "" : result.error().message));
  return *result;
}

}  // namespace assay::edn
