#pragma once
// What a database's client can be asked: its table of functions, each of a datatype.

#include <span>
#include <string_view>

#include "base/result.h"

namespace assay {

struct FunctionRow {
  std::string_view name;      ///< as in a history: read
  std::string_view datatype;  ///< of the object that it asks
};
using Functions = std::span<const FunctionRow>;

/// Whether it is a function of some datatype.
bool performs(Functions functions, std::string_view function);
/// Error (usage): `target` has no objects of this datatype; says which it has.
Status check_datatype(Functions functions, std::string_view datatype, std::string_view target);

}  // namespace assay
