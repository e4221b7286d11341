// assay replay RUN: the same plan once more, in the simulated world or in the lab.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/history_input.h"
#include "cli/origin.h"
#include "cli/output.h"
#include "cli/run.h"
#include "cli/simulation_output.h"
#include "cli/simulation_plan.h"

namespace assay::cli {
namespace {

struct ReplayFlags {
  std::string folder;
  std::string out;
  bool json = false;
};

Result<int> replay_simulation(const ReplayFlags& flags) {
  auto recorded = read_plan(flags.folder);
  if (!recorded.ok()) return recorded.error();
  auto result =
      run_and_report(recorded->run, {flags.out, flags.json ? Printing::json : Printing::text,
                                     "assay replay " + shell_word(flags.folder)});
  if (!result.ok()) return result.error();
  if (result->history.digest() != recorded->digest) {
    fmt::print(stderr,
               "assay: note: another history than the recorded {}: made by another version?\n",
               recorded->digest);
  }
  return code_of(*result);
}

Result<int> replay(const ReplayFlags& flags) {
  if (auto status = expect_run(flags.folder); !status.ok()) return status.error();
  if (is_simulation(flags.folder)) return replay_simulation(flags);
  auto text = read_text(flags.folder + "/plan.json");
  if (!text.ok()) return text.error();
  auto run = flags_from_plan(*text);
  if (!run.ok()) return run.error().in(flags.folder);
  run->json = flags.json;
  if (!flags.out.empty()) run->store = flags.out;
  return run_once(*run);
}

}  // namespace

Action define_replay(CLI::App& app) {
  auto flags = std::make_shared<ReplayFlags>();
  app.add_option("RUN", flags->folder, "folder of a run or of a simulation")->required();
  app.add_option("--out", flags->out,
                 "folder for the simulation's files; for a run in the lab, its store");
  app.add_flag("--json", flags->json, "a JSON document on standard output");
  app.footer(
      "A simulation gives the same history again, bit for bit. A run in the lab repeats the plan:\n"
      "the same operations and faults, as far as the machine's timing lets it.\n"
      "Example: assay replay runs/latest");
  return [flags] { return replay(*flags); };
}

}  // namespace assay::cli
