// assay doctor: what this machine lacks, and how to get it.

#include "harness/lab/doctor.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "harness/lab/rootless.h"

namespace assay::cli {
namespace {

Result<int> examine(bool json) {
  auto site = enter_lab_site();
  if (!site.ok()) return site.error();
  bool all_fine = true;
  nlohmann::ordered_json checks = nlohmann::ordered_json::array();
  for (const DoctorCheck& check : run_doctor(*site)) {
    all_fine = all_fine && (check.ok || !check.required);
    checks.push_back(
        {{"name", check.name}, {"ok", check.ok}, {"found", check.found}, {"fix", check.fix}});
    if (json) continue;
    const char* mark = check.ok ? "ok" : check.required ? "MISSING" : "less";
    fmt::print("{:8} {:22} {}\n", mark, check.name, check.found);
    if (!check.ok) fmt::print("{:31} fix: {}\n", "", check.fix);
  }
  if (Status ended = end_rootless(*site); !ended.ok()) return ended.error();
  if (json) {
    const nlohmann::ordered_json document = {
        {"schema", "assay.doctor/1"}, {"ok", all_fine}, {"checks", checks}};
    fmt::print("{}\n", document.dump());
  }
  return all_fine ? 0 : static_cast<int>(ErrorKind::unavailable);
}

}  // namespace

Action define_doctor(CLI::App& app) {
  auto json = std::make_shared<bool>(false);
  app.add_flag("--json", *json, "as a JSON document");
  return [json] { return examine(*json); };
}

}  // namespace assay::cli
