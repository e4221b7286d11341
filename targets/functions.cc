#include "targets/functions.h"

#include <algorithm>
#include <set>
#include <string>

namespace assay {

bool performs(Functions functions, std::string_view function) {
  return std::any_of(functions.begin(), functions.end(),
                     [&](const FunctionRow& row) { return row.name == function; });
}

Status check_datatype(Functions functions, std::string_view datatype, std::string_view target) {
  std::set<std::string_view> known;
  for (const FunctionRow& row : functions) known.insert(row.datatype);
  if (known.contains(datatype)) return {};
  std::string names;
  for (const std::string_view name : known) {
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return Error{ErrorKind::usage, "target " + std::string(target) + " has no " +
                                     std::string(datatype) + "; it has " + names};
}

}  // namespace assay
