// lab_tool: brings a lab up and down by hand, for those who work on the rooms that need one.

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "harness/lab/doctor.h"
#include "harness/lab/lab.h"

namespace assay {
namespace {

int fail(const Error& error) {
  fmt::print(stderr, "lab_tool: {}\n", error.message);
  return error.exit_code();
}

int show(const LabSite& site) {
  const Result<LabStatus> status = lab_status(site);
  if (!status.ok()) return fail(status.error());
  fmt::print("{} up={} controller={}\n", status.value().folder, status.value().is_up,
             status.value().controller_pid);
  for (const LabNodeStatus& node : status.value().nodes) {
    fmt::print("{} {} pid {} {}\n", node.address.name, node.address.host, node.pid,
               node.is_on ? "on" : "off");
  }
  for (const std::string& part : status.value().leftovers) fmt::print("leftover: {}\n", part);
  return 0;
}

int execute(const LabSite& site, const std::string& name, const std::string& command) {
  const Result<std::vector<NodeAddress>> nodes = lab_nodes(site);
  if (!nodes.ok()) return fail(nodes.error());
  for (const NodeAddress& address : nodes.value()) {
    if (address.name != name) continue;
    Result<std::unique_ptr<Node>> node = connect_ssh(address, std::chrono::seconds(10));
    if (!node.ok()) return fail(node.error());
    const Result<CommandResult> result = (*node)->run(command, std::chrono::minutes(10));
    if (!result.ok()) return fail(result.error());
    fmt::print("{}", result.value().out);
    fmt::print(stderr, "{}", result.value().err);
    return result.value().exit_status;
  }
  return fail({ErrorKind::usage, fmt::format("no node {}", name)});
}

int examine(const LabSite& site) {
  for (const DoctorCheck& check : run_doctor(site)) {
    fmt::print("{:4} {:16} {}{}{}\n",
               check.ok         ? "ok"
               : check.required ? "FAIL"
                                : "warn",
               check.name, check.found, check.fix.empty() ? "" : "; ", check.fix);
  }
  return 0;
}

int change(const LabSite& site, std::string_view what, int number) {
  Result<Lab> lab = Lab::lock(site);
  if (!lab.ok()) return fail(lab.error());
  const Progress progress = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  Status status;
  if (what == "up") status = lab->up(number > 0 ? number : lab_nodes_default, progress);
  if (what == "down") status = lab->down();
  if (what == "kill") status = lab->kill_node(number);
  if (what == "start") status = lab->start_node(number);
  return status.ok() ? 0 : fail(status.error());
}

}  // namespace
}  // namespace assay

int main(int count, char** arguments) {
  const std::string what = count > 1 ? arguments[1] : "";
  const assay::Result<assay::LabSite> site = assay::lab_site();
  if (!site.ok()) return assay::fail(site.error());
  if (what == "status") return assay::show(site.value());
  if (what == "doctor") return assay::examine(site.value());
  if (what == "exec" && count > 3) {
    std::string command;
    for (int i = 3; i < count; ++i) command += std::string(i > 3 ? " " : "") + arguments[i];
    return assay::execute(site.value(), arguments[2], command);
  }
  if (what == "up" || what == "down" || what == "kill" || what == "start") {
    return assay::change(site.value(), what, count > 2 ? std::atoi(arguments[2]) : 0);
  }
  fmt::print(stderr,
             "usage: lab_tool up [NODES] | down | status | doctor | kill N | start N | exec NODE "
             "COMMAND…\n"
             "ASSAY_LAB_NUMBER=0..9 chooses the lab, ASSAY_LAB its state folder\n");
  return static_cast<int>(assay::ErrorKind::usage);
}
