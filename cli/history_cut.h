#pragma once
// The flags of `assay history cut`.

#include <string>
#include <vector>

#include "base/result.h"
#include "history/cut.h"

namespace CLI {
class App;
}  // namespace CLI

namespace assay::cli {

struct CutFlags {
  std::vector<std::string> keys;
  std::vector<std::int32_t> processes;
  std::string from;
  std::string to;
  std::string operations;
  std::string witness;

  void define(CLI::App& app);
  /// Errors: usage (not understood), no_input, bad_data (the verdict).
  Result<Cut> parse() const;
};

}  // namespace assay::cli
