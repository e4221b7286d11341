#pragma once
// One small valid file of every format, made by hand or by writers that share nothing with the
// readers, and what must come out of it.

#include <string>
#include <vector>

#include "history/history.h"

namespace assay::testing {

struct Sample {
  std::string format;
  std::string bytes;
  /// Every operation as "process function key argument -> outcome result".
  std::vector<std::string> operations;
  std::string datatype;  ///< as the reader declares it
};

const std::vector<Sample>& samples();

/// The operations of a history in the form of Sample::operations.
std::vector<std::string> told(const History& history);

/// A tar archive of one file.
std::string tar_of(const std::string& name, const std::string& contents);

}  // namespace assay::testing
