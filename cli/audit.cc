// assay audit TARGET --nodes HOST,…: a run against servers that run already. Looks first, says what
// it would do, asks, and leaves a folder that anyone can check again.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "cli/command.h"
#include "cli/evidence.h"
#include "cli/option_tables.h"
#include "cli/run.h"
#include "cli/run_settings.h"
#include "targets/registry.h"

namespace assay::cli {
namespace {

struct AuditFlags {
  RunFlags run;
  std::string servers;
  bool yes = false;
};

/// The servers' own words about themselves. Errors: those of Target::look.
Result<std::vector<std::string>> preflight(const RunSettings& settings) {
  auto target = settings.target->make(settings.target_options);
  if (!target.ok()) return target.error();
  return (*target)->look();
}

void show_plan(const RunSettings& settings, const std::vector<std::string>& found) {
  fmt::print(stderr, "found:\n");
  for (const std::string& line : found) fmt::print(stderr, "  {}\n", line);
  fmt::print(stderr,
             "plan:\n"
             "  workload {} by {} clients for {}, {}\n"
             "  writes only below the name assay (schema, database, or prefix of keys), which is "
             "removed at the end\n"
             "  no faults, no change of settings, no login to the machines\n",
             settings.workload->name, settings.threads, format_duration(settings.time_limit),
             settings.stagger.count() > 0
                 ? fmt::format("{:.6g} operations a second",
                               1e9 / static_cast<double>(settings.stagger.count()))
                 : std::string("as fast as it goes"));
}

/// Error (usage): nobody said yes.
Status confirm(bool yes) {
  if (yes) return {};
  if (::isatty(STDIN_FILENO) == 0) {
    return Error{ErrorKind::usage, "nothing was changed; say --yes to go on without a question"};
  }
  fmt::print(stderr, "go on? [y/N] ");
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "yes") return {};
  return Error{ErrorKind::usage, "nothing was changed"};
}

Result<int> run_audit(AuditFlags flags) {
  const TargetEntry* entry = find_target(flags.run.target);
  if (entry != nullptr && !has_option(entry->options, "servers")) {
    return Error{ErrorKind::usage,
                 "target " + flags.run.target + " has no servers that run already to audit"};
  }
  flags.run.options["servers"] = flags.servers;
  auto settings = RunSettings::from(flags.run);
  if (!settings.ok()) return settings.error();
  auto found = preflight(*settings);
  if (!found.ok()) return found.error().in("preflight");
  show_plan(*settings, *found);
  if (auto status = confirm(flags.yes); !status.ok()) return status.error();
  const auto newest = [&] {
    std::error_code none;
    return std::filesystem::read_symlink(flags.run.store + "/latest", none).string();
  };
  const std::string before = newest();
  auto exit_code = run_once(flags.run);
  const std::string folder = newest();
  if (!exit_code.ok() || folder.empty() || folder == before) return exit_code;
  if (auto status = write_hashes(flags.run.store + "/" + folder); !status.ok()) {
    return status.error();
  }
  if (!flags.run.quiet) {
    fmt::print(stderr, "hashes: {}/{}/{}\n", flags.run.store, folder, hashes_file);
  }
  return exit_code;
}

}  // namespace

Action define_audit(CLI::App& app) {
  auto flags = std::make_shared<AuditFlags>();
  RunFlags& run = flags->run;
  run.time_limit = "30s";
  run.rate = "200/s";
  app.add_option("TARGET", run.target, "what they are: see `assay list targets`")->required();
  app.add_option("--nodes,-n", flags->servers, "HOST or HOST:PORT, comma separated")->required();
  app.add_option("--workload,-w", run.workload, "what to ask: see `assay list workloads`")
      ->capture_default_str();
  app.add_option("--concurrency", run.concurrency, "client threads")->default_val("10");
  app.add_option("--time-limit", run.time_limit, "how long")->capture_default_str();
  app.add_option("--rate", run.rate, "invocations in all at most")->capture_default_str();
  app.add_option("--op-timeout", run.operation_timeout, "then an operation is given up")
      ->capture_default_str();
  app.add_option("--model,-m", run.models, "model to check (repeat); default: the workload's")
      ->allow_extra_args(false);
  app.add_option("--seed", run.seed, "fixes every random choice of the plan");
  app.add_option("--store", run.store, "folder of the runs")->capture_default_str();
  app.add_flag("--yes,-y", flags->yes, "go on without a question");
  app.add_flag("--json", run.json, "the verdict as a JSON document on standard output");
  app.add_flag("--quiet,-q", run.quiet, "no progress");
  run.define_tables(app);
  app.footer("Example: assay audit postgres --nodes db1,db2 --user tester --workload list-append");
  return [flags] { return run_audit(*flags); };
}

}  // namespace assay::cli
