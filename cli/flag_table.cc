#include "cli/flag_table.h"

#include <CLI/CLI.hpp>
#include <utility>

namespace assay::cli {
namespace {

/// "{after,during}" as CLI11 words a set of choices.
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t start = type.find(":{");
  const std::size_t end = type.rfind('}');
  std::vector<std::string> choices;
  if (start == std::string::npos || end == std::string::npos) return choices;
  std::string list = type.substr(start + 2, end - start - 2) + ",";
  for (std::size_t at = list.find(','); at != std::string::npos; at = list.find(',')) {
    choices.push_back(list.substr(0, at));
    list.erase(0, at + 1);
  }
  return choices;
}

FlagEntry entry_of(const CLI::Option& option) {
  FlagEntry entry;
  for (const std::string& name : option.get_lnames()) entry.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) entry.names.push_back("-" + name);
  if (option.get_items_expected_max() > 0) {
    entry.value = option.get_positional() ? option.get_name(true) : "VALUE";
  }
  entry.help = option.get_description();
  entry.fallback = option.get_default_str();
  entry.environment = option.get_envname();
  entry.choices = choices_of(option);
  entry.group = option.get_group();
  return entry;
}

CommandEntry entry_of(const CLI::App& app, std::vector<std::string> path) {
  CommandEntry entry;
  entry.path = std::move(path);
  entry.summary = app.get_description();
  entry.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options()) entry.flags.push_back(entry_of(*option));
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    std::vector<std::string> below = entry.path;
    below.push_back(sub->get_name());
    entry.commands.push_back(entry_of(*sub, std::move(below)));
  }
  return entry;
}

}  // namespace

CommandEntry command_table(const CLI::App& program) { return entry_of(program, {}); }

}  // namespace assay::cli
