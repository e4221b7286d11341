#include "cli/origin.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "cli/history_input.h"
#include "cli/output.h"
#include "cli/run_logs.h"
#include "cli/run_settings.h"
#include "cli/simulation_output.h"

namespace assay::cli {

Status expect_run(const std::string& folder) {
  std::error_code failure;
  if (std::filesystem::is_regular_file(folder + "/plan.json", failure)) return {};
  const bool exists = std::filesystem::exists(folder, failure);
  return Error{ErrorKind::no_input,
               fmt::format("{}: expected the folder of a run, with its plan.json; "
                           "`assay runs ls` names those of a store",
                           exists ? "'" + folder + "' is no run" : "no run at '" + folder + "'")};
}

Result<Origin> origin_of(const std::string& path) {
  Origin origin;
  if (is_simulation(path)) {
    auto recorded = read_plan(path);
    if (!recorded.ok()) return recorded.error();
    origin.run = summary_of(recorded->run, recorded->command, path + "/history.assay");
    origin.run.facts["assay"] = recorded->version;
    origin.simulation = *std::move(recorded);
  } else if (std::filesystem::is_directory(path)) {
    if (auto status = expect_run(path); !status.ok()) return status.error();
    auto plan = read_text(path + "/plan.json");
    if (!plan.ok()) return plan.error();
    auto run = summary_from_plan(*plan, path);
    if (!run.ok()) return run.error();
    origin.run = *std::move(run);
    origin.run.logs = read_run_logs(path);
  } else {
    origin.run.title = path;
    origin.run.source = path;
    origin.run.check_command = "assay check " + shell_word(path);
  }
  return origin;
}

Result<CheckResult> Origin::judge(const History& history, const std::vector<std::string>& models,
                                  const std::string& datatype) const {
  if (simulation && models.empty() && datatype.empty()) return judge_again(*simulation, history);
  CheckOptions options;
  options.models = models;
  if (!datatype.empty()) options.datatype = datatype;
  return check(history, options);
}

}  // namespace assay::cli
