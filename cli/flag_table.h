#pragma once
// The table of subcommands and flags as data: what completions and the man page are printed from.
// It is read off the parser itself, so that it cannot say anything else.

#include <string>
#include <vector>

// Forward: every file that sees all of CLI11 pays seconds for its global validators.
namespace CLI {
class App;
}  // namespace CLI

namespace assay::cli {

struct FlagEntry {
  std::vector<std::string> names;  ///< "--seed", "-s"; empty for an argument that has only a place
  std::string value;               ///< "SEED": what it takes; empty for a switch
  std::string help;
  std::string fallback;
  std::string environment;           ///< variable that sets it
  std::vector<std::string> choices;  ///< if it takes one of a few words
  std::string group;
};

struct CommandEntry {
  std::vector<std::string> path;  ///< {"runs", "ls"}
  std::string summary;
  std::string footer;
  std::vector<FlagEntry> flags;
  std::vector<CommandEntry> commands;
};

/// All subcommands of the program with their flags.
CommandEntry command_table(const CLI::App& program);

std::string bash_completion(const CommandEntry& program);
std::string zsh_completion(const CommandEntry& program);
std::string fish_completion(const CommandEntry& program);
/// roff with the man macros.
std::string man_page(const CommandEntry& program);

}  // namespace assay::cli
