// assay version [--json]

#include "cli/version.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"

namespace assay::cli {

Action define_version(CLI::App& app) {
  auto json = std::make_shared<bool>(false);
  app.add_flag("--json", *json, "as a JSON document");
  return [json]() -> Result<int> {
    if (*json) {
      fmt::print("{{\"name\":\"assay\",\"version\":\"{}\",\"compiler\":\"{}\"}}\n", version,
                 __VERSION__);
    } else {
      fmt::print("assay {}\n", version);
    }
    return 0;
  };
}

}  // namespace assay::cli
