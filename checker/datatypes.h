#pragma once
// The table of datatypes: what the operations of a history mean, and which models can be asked
// about them. `assay list datatypes`, --datatype and the documentation are printed from it.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "history/history.h"

namespace assay {

/// Who judges a datatype: the checks of single objects, of transactions, or of logs and feeds.
enum class DatatypeKind : std::uint8_t { object, transactions, log };

struct DatatypeInfo {
  std::string_view name;
  DatatypeKind kind;
  std::string_view functions;  ///< space separated: what its operations are called, all spellings
  std::string_view steps;      ///< … and the steps of its transactions; empty: it has none
  std::string_view model;      ///< what is checked unless the user says otherwise
  std::string_view summary;    ///< one line
};

std::span<const DatatypeInfo> datatype_table();
const DatatypeInfo* find_datatype(std::string_view name);

struct ChosenDatatype {
  const DatatypeInfo* info;
  bool guessed;  ///< by the names of the functions: values that do not fit are a usage error then
};

/// `asked`: a name of the table, or auto: what the history declares, else what its functions and
/// values allow. Errors: usage (unknown name; ambiguous: names the candidates).
Result<ChosenDatatype> choose_datatype(const History& history, std::string_view asked);

}  // namespace assay
