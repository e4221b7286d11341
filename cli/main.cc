// assay: the command line. Data goes to stdout, talk and progress to stderr.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/usage.h"

namespace assay::cli {
namespace {

int report(const Error& error) {
  fmt::print(stderr, "assay: {}\n", error.message);
  return error.exit_code();
}

std::string footer() {
  return "Exit codes: 0 pass, 1 violation, 2 unknown, 3 gate failed or not as expected,\n"
         "4 nothing ran, 64 usage, 65 bad data, 66 no input, 69 unreachable, 70 bug in assay,\n"
         "73 cannot write, 75 lab busy, 77 not permitted, 78 bad configuration,\n"
         "130/143 interrupted.\n"
         "Every flag can also be set as ASSAY_<COMMAND>_<FLAG> in the environment, or in\n"
         "assay.toml under [<command>].";
}

/// ASSAY_RUN_TIME_LIMIT for --time-limit of run; nested commands are joined by _.
void name_environment(CLI::App& app, const std::string& prefix) {
  for (CLI::Option* option : app.get_options()) {
    const auto& names = option->get_lnames();
    if (names.empty() || names.front() == "help") continue;
    std::string variable = prefix + "_" + names.front();
    for (char& c : variable) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
    option->envname(variable);
  }
  for (CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; })) {
    name_environment(*sub, prefix + "_" + sub->get_name());
  }
}

int run_main(int argc, char** argv) {
  CLI::App app{"Assay: does a distributed database keep its promises?", "assay"};
  app.require_subcommand(1);
  app.formatter(std::make_shared<HelpFormatter>());
  app.footer(footer());
  app.set_config("--config", "assay.toml", "settings file (TOML): [command] flag = value");
  std::map<CLI::App*, Action> actions;
  for (const Command& command : commands()) {
    CLI::App* sub = app.add_subcommand(std::string(command.name), std::string(command.summary));
    sub->configurable();
    actions[sub] = command.define(*sub);
  }
  name_environment(app, "ASSAY");
  app.get_config_ptr()->configurable(false);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& refused) {
    if (refused.get_exit_code() == 0) return app.exit(refused);
    fmt::print(stderr, "assay: {}\n", refusal_text(app, refused));
    return static_cast<int>(ErrorKind::usage);
  }
  const Result<int> outcome = actions.at(app.get_subcommands().front())();
  return outcome.ok() ? *outcome : report(outcome.error());
}

}  // namespace
}  // namespace assay::cli

int main(int argc, char** argv) {
  // A closed pipe (assay … | head) must end the writing, not kill a run that still has to heal.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return assay::cli::run_main(argc, argv);
  } catch (const std::exception& thrown) {
    fmt::print(stderr, "assay: bug in assay: {}\n", thrown.what());
    return static_cast<int>(assay::ErrorKind::internal);
  }
}
