#pragma once
// The table of subcommands. Each has one file that defines its flags and returns what to do.

#include <functional>
#include <span>
#include <string_view>

#include "base/result.h"

// Forward: every file that sees all of CLI11 pays seconds for its global validators.
namespace CLI {
class App;
}  // namespace CLI

namespace assay::cli {

/// Runs after parsing; the exit code, or an Error that main prints and turns into one.
using Action = std::function<Result<int>()>;

struct Command {
  std::string_view name;
  std::string_view summary;
  Action (*define)(CLI::App& app);
};
std::span<const Command> commands();

Action define_audit(CLI::App& app);
Action define_campaign(CLI::App& app);
Action define_check(CLI::App& app);
Action define_completion(CLI::App& app);
Action define_doctor(CLI::App& app);
Action define_explain(CLI::App& app);
Action define_gate(CLI::App& app);
Action define_history(CLI::App& app);
Action define_lab(CLI::App& app);
Action define_list(CLI::App& app);
Action define_man(CLI::App& app);
Action define_matrix(CLI::App& app);
Action define_replay(CLI::App& app);
Action define_report(CLI::App& app);
Action define_run(CLI::App& app);
Action define_runs(CLI::App& app);
Action define_serve(CLI::App& app);
Action define_shrink(CLI::App& app);
Action define_sim(CLI::App& app);
Action define_verify(CLI::App& app);
Action define_version(CLI::App& app);

}  // namespace assay::cli
