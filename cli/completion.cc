// assay completion SHELL: a script that completes subcommands, flags and their choices. assay man:
// the manual page. Both are printed from the table of flags.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include "cli/command.h"
#include "cli/flag_table.h"

namespace assay::cli {
namespace {

using Visit = std::function<void(const CommandEntry&)>;

/// The program, its subcommands, and theirs.
void for_each_command(const CommandEntry& command, const Visit& visit) {
  visit(command);
  for (const CommandEntry& sub : command.commands) for_each_command(sub, visit);
}

std::string words_of(const CommandEntry& command) {
  std::string words;
  for (const CommandEntry& sub : command.commands) words += sub.path.back() + " ";
  for (const FlagEntry& flag : command.flags) {
    for (const std::string& name : flag.names) words += name + " ";
  }
  return words;
}

/// As one word of a POSIX shell, zsh or fish.
std::string as_word(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string as_fish_word(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

/// Text of a man page: nothing in it is a request or an escape.
std::string roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_start = c == '\n';
  }
  return out;
}

const CLI::App& program_of(const CLI::App& app) {
  const CLI::App* top = &app;
  while (top->get_parent() != nullptr) top = top->get_parent();
  return *top;
}

}  // namespace

std::string bash_completion(const CommandEntry& program) {
  std::string cases;
  std::string places;   // what an argument without a name may be
  std::string choices;  // what may follow a flag
  for_each_command(program, [&](const CommandEntry& command) {
    fmt::format_to(std::back_inserter(cases), "    {}) words={} ;;\n",
                   as_word(fmt::format("{}", fmt::join(command.path, " "))),
                   as_word(words_of(command)));
    for (const FlagEntry& flag : command.flags) {
      if (flag.choices.empty() || flag.names.empty()) continue;
      for (const std::string& name : flag.names) {
        fmt::format_to(std::back_inserter(choices), "    {}) words={} ;;\n",
                       as_word(fmt::format("{} {}", fmt::join(command.path, " "), name)),
                       as_word(fmt::format("{}", fmt::join(flag.choices, " "))));
      }
    }
    for (const FlagEntry& flag : command.flags) {
      if (flag.choices.empty() || !flag.names.empty()) continue;
      fmt::format_to(
          std::back_inserter(places), "    {}) words={} ;;\n",
          as_word(fmt::format("{}", fmt::join(command.path, " "))),
          as_word(fmt::format("{} {}", fmt::join(flag.choices, " "), words_of(command))));
    }
  });
  return fmt::format(
      "# bash completion of assay: source it, or put it into\n"
      "# ~/.local/share/bash-completion/completions/assay\n"
      "_assay() {{\n"
      "  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}\n"
      "  local command='' word words=''\n"
      "  for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n"
      "    case \"${{command:+$command }}$word\" in\n{0}"
      "      *) break ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$command\" in\n{1}  esac\n"
      "  case \"$command\" in\n{2}  esac\n"
      "  case \"$command${{before:+ $before}}\" in\n{3}  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "}}\n"
      "complete -o default -F _assay assay\n",
      [&] {
        std::string known;
        for_each_command(program, [&](const CommandEntry& command) {
          if (command.path.empty()) return;
          const std::string path = as_word(fmt::format("{}", fmt::join(command.path, " ")));
          known += fmt::format("      {0}) command={0} ;;\n", path);
        });
        return known;
      }(),
      cases, places, choices);
}

std::string zsh_completion(const CommandEntry& program) {
  // zsh runs completions of bash; one script is kept right more easily than two.
  return "#compdef assay\nautoload -U +X bashcompinit && bashcompinit\n" + bash_completion(program);
}

std::string fish_completion(const CommandEntry& program) {
  std::string out = "# fish completion of assay: ~/.config/fish/completions/assay.fish\n";
  const auto put = std::back_inserter(out);
  for_each_command(program, [&](const CommandEntry& command) {
    std::string condition;
    for (const std::string& word : command.path) {
      condition +=
          fmt::format("{}__fish_seen_subcommand_from {}", condition.empty() ? "" : "; and ", word);
    }
    if (condition.empty()) condition = "__fish_use_subcommand";
    for (const CommandEntry& sub : command.commands) {
      fmt::format_to(put, "complete -c assay -f -n {} -a {} -d {}\n", as_fish_word(condition),
                     sub.path.back(), as_fish_word(sub.summary));
    }
    for (const FlagEntry& flag : command.flags) {
      std::string line = fmt::format("complete -c assay -n {}", as_fish_word(condition));
      for (const std::string& name : flag.names) {
        line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      }
      if (!flag.value.empty() && !flag.names.empty()) line += " -r";
      if (!flag.choices.empty()) {
        line +=
            fmt::format(" -f -a {}", as_fish_word(fmt::format("{}", fmt::join(flag.choices, " "))));
      }
      if (flag.names.empty() && flag.choices.empty()) continue;
      fmt::format_to(put, "{} -d {}\n", line, as_fish_word(flag.help));
    }
  });
  return out;
}

std::string man_page(const CommandEntry& program) {
  std::string out =
      ".TH ASSAY 1\n.SH NAME\nassay \\- does a distributed database keep its promises?\n"
      ".SH SYNOPSIS\n.B assay\n.I SUBCOMMAND\n[options]\n.SH DESCRIPTION\n"
      "Runs workloads against a cluster while breaking it, records what every client saw, and "
      "proves or refutes consistency.\n";
  const auto put = std::back_inserter(out);
  for_each_command(program, [&](const CommandEntry& command) {
    if (command.path.empty()) {
      out += ".SH OPTIONS\n";
    } else {
      fmt::format_to(put, ".SH assay {}\n{}\n",
                     roff(fmt::format("{}", fmt::join(command.path, " "))), roff(command.summary));
    }
    for (const FlagEntry& flag : command.flags) {
      std::string names = fmt::format("{}", fmt::join(flag.names, ", "));
      if (!flag.value.empty()) names += (names.empty() ? "" : " ") + flag.value;
      fmt::format_to(put, ".TP\n.B {}\n{}", roff(names), roff(flag.help));
      if (!flag.choices.empty()) {
        fmt::format_to(put, " One of: {}.", roff(fmt::format("{}", fmt::join(flag.choices, ", "))));
      }
      if (!flag.fallback.empty()) fmt::format_to(put, " Default: {}.", roff(flag.fallback));
      if (!flag.environment.empty()) fmt::format_to(put, " Environment: {}.", flag.environment);
      out += "\n";
    }
    if (!command.footer.empty()) {
      fmt::format_to(put, ".PP\n.nf\n{}\n.fi\n", roff(command.footer));
    }
  });
  return out;
}

Action define_completion(CLI::App& app) {
  auto shell = std::make_shared<std::string>();
  app.add_option("SHELL", *shell, "for which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  app.footer("Example: source <(assay completion bash)");
  return [shell, &app]() -> Result<int> {
    const CommandEntry table = command_table(program_of(app));
    fmt::print("{}", *shell == "fish"  ? fish_completion(table)
                     : *shell == "zsh" ? zsh_completion(table)
                                       : bash_completion(table));
    return 0;
  };
}

Action define_man(CLI::App& app) {
  app.footer("Example: assay man > assay.1 && man -l assay.1");
  return [&app]() -> Result<int> {
    fmt::print("{}", man_page(command_table(program_of(app))));
    return 0;
  };
}

}  // namespace assay::cli
