#include "cli/usage.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/suggestion.h"

namespace assay::cli {
namespace {

/// "UINT:UINT in [1 - 9]" as "N (1 to 9)", "TEXT:{a,b}" as "a|b".
std::string value_text(const std::string& type) {
  const auto between = [&](std::string_view open, char close) -> std::string {
    const std::size_t start = type.find(open);
    const std::size_t end = type.rfind(close);
    if (start == std::string::npos || end == std::string::npos || end < start) return {};
    return type.substr(start + open.size(), end - start - open.size());
  };
  if (std::string choices = between(":{", '}'); !choices.empty()) {
    std::replace(choices.begin(), choices.end(), ',', '|');
    return choices;
  }
  if (!type.starts_with("INT") && !type.starts_with("UINT")) return type;
  std::string range = between(" in [", ']');
  if (const std::size_t dash = range.find(" - "); dash != std::string::npos) {
    return fmt::format("N ({} to {})", range.substr(0, dash), range.substr(dash + 3));
  }
  return "N";
}

/// The deepest command that was recognised, and its path: "history convert ".
const CLI::App& deepest(const CLI::App& app, std::string& path) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    path += at->get_name() + " ";
  }
  return *at;
}

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(sub->get_name());
  }
  return names;
}

}  // namespace

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  std::string text;
  if (option->get_type_size() != 0) {
    const std::string value = value_text(option->get_type_name());
    // What stands at its place has a name already.
    if (!value.empty() && !(option->get_positional() && value == "TEXT")) text += " " + value;
    if (option->get_expected_max() == CLI::detail::expected_max_vector_size) {
      text += " ...";
    } else if (option->get_expected_min() > 1) {
      text += fmt::format(" x {}", option->get_expected());
    }
    if (!option->get_default_str().empty()) text += ", default " + option->get_default_str();
    if (option->get_required()) text += ", required";
  }
  return text;
}

std::string refusal_text(const CLI::App& app, const CLI::ParseError& refused) {
  std::string path;
  const CLI::App& command = deepest(app, path);
  const std::vector<std::string> commands = commands_of(command);
  std::string what = refused.what();
  // What was left over says what was meant; CLI11 names it all, or only what is missing for it.
  for (const std::string& word : app.remaining(true)) {
    const std::string name = word.substr(0, word.find('='));
    if (name.starts_with("--")) {
      what = fmt::format("unknown flag '{}'{}", name, did_you_mean(name, flags_of(command)));
    } else if (!commands.empty()) {
      what = fmt::format("unknown command '{}{}'{}", path, name, did_you_mean(name, commands));
    } else {
      continue;
    }
    break;
  }
  return fmt::format("{}\n  see: assay {}--help", what, path);
}

}  // namespace assay::cli
