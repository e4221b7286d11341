#include "cli/origin.h"

#include <filesystem>

#include "cli/history_input.h"
#include "cli/output.h"
#include "cli/run_logs.h"
#include "cli/run_settings.h"
#include "cli/simulation_output.h"

namespace assay::cli {

Result<Origin> origin_of(const std::string& path) {
  Origin origin;
  if (is_simulation(path)) {
    auto recorded = read_plan(path);
    if (!recorded.ok()) return recorded.error();
    origin.run = summary_of(recorded->run, recorded->command, path + "/history.assay");
    origin.run.facts["assay"] = recorded->version;
    origin.simulation = *std::move(recorded);
  } else if (std::filesystem::is_directory(path)) {
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
