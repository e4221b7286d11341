// assay lab up|down|status|exec|logs

#include "harness/lab/lab.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/history_input.h"
#include "cli/output.h"
#include "harness/lab/rootless.h"

namespace assay::cli {
namespace {

struct LabFlags {
  int nodes = lab_nodes_default;
  std::string suite = default_suite;
  std::string node;
  std::vector<std::string> command;
  bool json = false;
};

Result<Lab> locked_lab(const std::string& suite = default_suite) {
  auto site = enter_lab_site();
  if (!site.ok()) return site.error();
  site->suite = suite;
  return Lab::lock(*site);
}

Result<int> up(const LabFlags& flags) {
  auto lab = locked_lab(flags.suite);
  if (!lab.ok()) return lab.error();
  const Nanos begun = monotonic_now();
  auto status =
      lab->up(flags.nodes, [](const std::string& text) { fmt::print(stderr, "{}\n", text); });
  if (!status.ok()) return status.error();
  fmt::print(stderr, "{} nodes answer after {}\n", flags.nodes,
             format_duration(monotonic_now() - begun));
  return 0;
}

Result<int> down(const LabFlags& /*flags*/) {
  auto lab = locked_lab();
  if (!lab.ok()) return lab.error();
  auto status = lab->down();
  if (!status.ok()) return status.error();
  return 0;
}

Result<int> show_status(const LabFlags& flags) {
  auto site = enter_lab_site();
  if (!site.ok()) return site.error();
  auto status = lab_status(*site);
  if (!status.ok()) return status.error();
  nlohmann::ordered_json nodes = nlohmann::ordered_json::array();
  for (const LabNodeStatus& node : status->nodes) {
    nodes.push_back({{"name", node.address.name},
                     {"host", node.address.host},
                     {"port", node.address.port},
                     {"pid", node.pid},
                     {"on", node.is_on}});
    if (!flags.json) {
      fmt::print("{:4} {:14} {}\n", node.address.name, node.address.host,
                 node.is_on ? "on" : "off");
    }
  }
  if (flags.json) {
    const nlohmann::ordered_json document = {
        {"schema", "assay.lab/1"},       {"up", status->is_up},
        {"since", status->since},        {"controller_pid", status->controller_pid},
        {"folder", status->folder},      {"nodes", nodes},
        {"leftovers", status->leftovers}};
    fmt::print("{}\n", document.dump());
  } else {
    fmt::print("the lab is {}\n", status->is_up ? "up" : "down");
    for (const std::string& leftover : status->leftovers) fmt::print("left over: {}\n", leftover);
  }
  if (Status ended = end_rootless(*site); !ended.ok()) return ended.error();
  return 0;
}

Result<NodeAddress> address_of(const std::string& name) {
  auto site = enter_lab_site();
  if (!site.ok()) return site.error();
  auto addresses = lab_nodes(*site);
  if (!addresses.ok()) return addresses.error();
  for (const NodeAddress& address : *addresses) {
    if (address.name == name) return address;
  }
  return Error{ErrorKind::usage,
               fmt::format("no node '{}' in the lab: n1 to n{} are up", name, addresses->size())};
}

Result<int> execute(const LabFlags& flags) {
  auto address = address_of(flags.node);
  if (!address.ok()) return address.error();
  auto node = connect_ssh(*address, std::chrono::seconds(10));
  if (!node.ok()) return node.error();
  // One word is a shell command as it stands; several are one command with its arguments.
  std::string command = flags.command.size() == 1 ? flags.command.front() : "";
  if (flags.command.size() > 1) {
    for (const std::string& word : flags.command) command += shell_word(word) + " ";
  }
  auto result = (*node)->run(command, std::chrono::hours(24));
  if (!result.ok()) return result.error();
  fmt::print("{}", result->out);
  fmt::print(stderr, "{}", result->err);
  return result->exit_status;
}

Result<int> logs(const LabFlags& flags) {
  auto site = enter_lab_site();
  if (!site.ok()) return site.error();
  auto status = lab_status(*site);
  if (!status.ok()) return status.error();
  for (const LabNodeStatus& node : status->nodes) {
    if (!flags.node.empty() && node.address.name != flags.node) continue;
    auto text = read_text(node.log_file);
    if (!text.ok()) return text.error();
    fmt::print("{}", *text);
  }
  return 0;
}

}  // namespace

Action define_lab(CLI::App& app) {
  auto flags = std::make_shared<LabFlags>();
  auto action = std::make_shared<Result<int> (*)(const LabFlags&)>(nullptr);
  const auto verb = [&](const char* name, const char* summary,
                        Result<int> (*perform)(const LabFlags&)) {
    CLI::App* sub = app.add_subcommand(name, summary);
    sub->parse_complete_callback([action, perform] { *action = perform; });
    return sub;
  };
  app.require_subcommand(1);
  CLI::App* start = verb("up", "start the nodes", up);
  start->add_option("--nodes,-n", flags->nodes, "how many")
      ->check(CLI::Range(1, lab_nodes_max))
      ->capture_default_str();
  start->add_option("--suite", flags->suite, "of Debian, that the nodes run")
      ->capture_default_str();
  verb("down", "stop the nodes and remove every trace of them", down);
  verb("status", "which nodes are on", show_status)
      ->add_flag("--json", flags->json, "as a JSON document");
  CLI::App* exec = verb("exec", "run a command on a node over SSH", execute);
  exec->add_option("NODE", flags->node, "n1, n2, …")->required();
  exec->add_option("COMMAND", flags->command, "the command and its arguments, after --")
      ->required();
  verb("logs", "what the nodes' sshd wrote", logs)
      ->add_option("NODE", flags->node, "n1, n2, …; default: all");
  return [flags, action] { return (*action)(*flags); };
}

}  // namespace assay::cli
