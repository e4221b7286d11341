// assay shrink RUN|HISTORY: the least that still shows the same anomaly.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "checker/checker.h"
#include "cli/command.h"
#include "cli/history_input.h"
#include "cli/output.h"
#include "cli/shrink_run.h"
#include "cli/simulation_output.h"
#include "cli/simulation_shrink.h"
#include "history/cut.h"

namespace assay::cli {
namespace {

struct ShrinkFlags {
  std::string path;
  std::string out;
  std::string budget;  ///< empty: a minute, or ten with --online, where every try is a run
  std::vector<std::string> models;
  bool json = false;
  bool online = false;
  bool allow = false;
  int runs = 3;
  HistoryInput input;
};

nlohmann::ordered_json json_of(const SimulationSize& size) {
  return {{"faults", size.faults}, {"clients", size.clients}, {"operations", size.operations}};
}

Result<int> shrink_run(const ShrinkFlags& flags) {
  auto recorded = read_plan(flags.path);
  if (!recorded.ok()) return recorded.error();
  auto budget = parse_duration(flags.budget);
  if (!budget.ok()) return budget.error().in("--budget");
  ShrinkLimits limits{*budget, {}};
  if (!flags.json) {
    limits.progress = [](const std::string& stage) { fmt::print(stderr, "shrinking {}\n", stage); };
  }
  auto shrunk = shrink_simulation(recorded->run, limits);
  if (!shrunk.ok()) return shrunk.error().in(flags.path);
  const std::string out = flags.out.empty() ? flags.path + "/shrunk" : flags.out;
  std::error_code ignored;
  std::filesystem::remove(out + "/history.assay", ignored);
  const std::string command = "assay replay " + shell_word(out);
  if (flags.json) {
    auto kept = run_and_report(shrunk->smallest.run, {out, Printing::nothing, command});
    if (!kept.ok()) return kept.error();
    const nlohmann::ordered_json document{{"schema", "assay.shrink/1"},
                                          {"anomaly", shrunk->smallest.failure.type},
                                          {"before", json_of(shrunk->before)},
                                          {"after", json_of(shrunk->after)},
                                          {"minimal", shrunk->minimal},
                                          {"runs", shrunk->runs},
                                          {"folder", out},
                                          {"command", command}};
    fmt::print("{}\n", document.dump());
    return exit_code(Verdict::violation);
  }
  auto result = run_and_report(shrunk->smallest.run, {out, Printing::text, command});
  if (!result.ok()) return result.error();
  fmt::print(
      "shrunk in {} runs: {} of {} faults, {} of {} clients, {} of {} operations{}\n"
      "repeat: {}\n",
      shrunk->runs, shrunk->after.faults, shrunk->before.faults, shrunk->after.clients,
      shrunk->before.clients, shrunk->after.operations, shrunk->before.operations,
      shrunk->minimal ? "; none can be left out" : "; the time was up", command);
  return code_of(*result);
}

/// The operations of the first anomaly's witness, as a history of their own that still fails.
Result<int> shrink_history(const ShrinkFlags& flags) {
  auto history = flags.input.read(flags.path);
  if (!history.ok()) return history.error();
  CheckOptions options;
  options.models = flags.models;
  if (!flags.input.options.datatype.empty()) options.datatype = flags.input.options.datatype;
  auto result = check(*history, options);
  if (!result.ok()) return result.error();
  if (result->verdict != Verdict::violation || result->anomalies.empty()) {
    fmt::print("{}: {}, so there is nothing to shrink\n", flags.path, name_of(result->verdict));
    return exit_code(result->verdict);
  }
  const Anomaly& anomaly = result->anomalies.front();
  Cut wanted;
  wanted.invocations.emplace(anomaly.witness.begin(), anomaly.witness.end());
  auto witness = cut(*history, wanted);
  if (!witness.ok()) return witness.error();
  options.models = {anomaly.model};
  options.datatype = result->datatype;
  auto again = check(*witness, options);
  if (!again.ok()) return again.error();
  const std::string out = flags.out.empty() ? flags.path + ".shrunk.jsonl" : flags.out;
  if (auto status = write_history(*witness, out, "assay-jsonl"); !status.ok()) {
    return status.error();
  }
  fmt::print("{}: {} of {} operations show {} ({}): {}\n", out, witness->size(), history->size(),
             anomaly.type, anomaly.model,
             again->verdict == Verdict::violation
                 ? "alone they violate it too"
                 : "alone they do not violate it; the others say what they mean");
  return exit_code(Verdict::violation);
}

Result<int> shrink_path(ShrinkFlags flags) {
  if (flags.budget.empty()) flags.budget = flags.online ? "10m" : "60s";
  if (flags.online) {
    return shrink_lab_run(
        {flags.path, flags.out, flags.budget, flags.runs, flags.json, flags.allow});
  }
  return is_simulation(flags.path) ? shrink_run(flags) : shrink_history(flags);
}

}  // namespace

Action define_shrink(CLI::App& app) {
  auto flags = std::make_shared<ShrinkFlags>();
  app.add_option("PATH", flags->path, "folder of a failing simulation or run, or a history")
      ->required();
  app.add_option("--out,-o", flags->out,
                 "folder of the shrunk simulation (default PATH/shrunk), or file of the shrunk "
                 "history or schedule");
  app.add_option("--budget", flags->budget, "time for it (default 60s, with --online 10m)");
  app.add_flag("--online", flags->online,
               "of a run in the lab: run its plan again with fewer and shorter faults");
  app.add_option("--runs", flags->runs, "with --online: how often each schedule may be run")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_flag("--allow", flags->allow,
               "with --online, of a run with --hosts: do to these machines what it did");
  app.add_option("--model,-m", flags->models, "of a history: the models to check")
      ->allow_extra_args(false);
  app.add_flag("--json", flags->json, "a JSON document on standard output");
  flags->input.define(app);
  app.footer(
      "A simulation is run again and again with fewer faults, clients and operations, as long as\n"
      "the same anomaly shows. Of a history the witness of its first anomaly is kept. --online:\n"
      "faults of a run in the lab are left out and shortened as long as its finding returns in\n"
      "one of --runs runs; the rate is reported.\n"
      "Example: assay sim raft --bug follower-read --seed 1 --out found; assay shrink found");
  return [flags] { return shrink_path(*flags); };
}

}  // namespace assay::cli
