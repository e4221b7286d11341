#include "harness/lab/network.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/clock.h"
#include "harness/lab/subprocess.h"

namespace assay {
namespace {

constexpr const char* interfaces_folder = "/sys/class/net";

Status ip_batch(const std::string& lines, bool go_on) {
  Subprocess ip;
  ip.command = {"ip", "-batch", "-"};
  ip.input = lines;
  if (go_on) ip.command.insert(ip.command.begin() + 1, "-force");
  const Result<SubprocessResult> result = run_subprocess(ip);
  if (!result.ok()) return result.error();
  if (result.value().exit_status == 0 || go_on) return {};
  return Error{
      ErrorKind::unavailable,
      fmt::format("ip -batch failed ({}): {}", result.value().exit_status, result.value().output)};
}

bool interface_exists(const std::string& name) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::path(interfaces_folder) / name, ignored);
}

}  // namespace

Status make_bridge(const LabSite& site) {
  const std::string bridge = site.bridge();
  if (interface_exists(bridge)) return {};
  // With an address that was not given a bridge takes the lowest of its cables', which come and go.
  return ip_batch(
      fmt::format("link add {0} address 02:a5:00:00:{3:02x}:fe type bridge forward_delay 0 "
                  "stp_state 0 mcast_snooping 0\n"
                  "link set {0} alias {1}\n"
                  "addr add {2}/24 dev {0}\n"
                  "link set {0} up\n",
                  bridge, site.folder().string(), site.controller_host(), site.number),
      false);
}

Status lay_cables(const LabSite& site, const std::vector<std::pair<int, pid_t>>& nodes) {
  std::string lines;
  for (const auto& [node, pid] : nodes) {
    // Fixed addresses: a node that was off and on again is found without a new ARP exchange.
    lines += fmt::format(
        "link add {0} type veth peer name eth0 address 02:a5:00:00:{3:02x}:{4:02x} netns {2}\n"
        "link set {0} master {1} up\n",
        site.link(node), site.bridge(), pid, site.number, node);
  }
  return ip_batch(lines, false);
}

std::vector<std::string> host_interfaces(const LabSite& site) {
  std::vector<std::string> names;
  for (int node = 1; node <= lab_nodes_max; ++node) {
    if (interface_exists(site.link(node))) names.push_back(site.link(node));
  }
  if (interface_exists(site.bridge())) names.push_back(site.bridge());
  return names;
}

Status remove_interfaces(const LabSite& site) {
  // The kernel removes a cable itself when its namespace goes, at a time of its own choosing, so
  // a refusal says nothing: what counts is that all are gone in the end.
  const Nanos deadline = monotonic_now() + std::chrono::seconds(5);
  std::vector<std::string> names = host_interfaces(site);
  while (!names.empty()) {
    if (monotonic_now() > deadline) {
      return Error{
          ErrorKind::unavailable,
          fmt::format("interface {} stays; remove it by: ip link del {}", names[0], names[0])};
    }
    std::string lines;
    for (const std::string& name : names) lines += fmt::format("link del {}\n", name);
    if (Status status = ip_batch(lines, true); !status.ok()) return status;
    names = host_interfaces(site);
    if (!names.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return {};
}

Status remove_cable(const LabSite& site, int node) {
  const Nanos deadline = monotonic_now() + std::chrono::seconds(5);
  while (interface_exists(site.link(node))) {
    if (monotonic_now() > deadline) {
      return Error{ErrorKind::unavailable, fmt::format("interface {} stays", site.link(node))};
    }
    Status status = ip_batch(fmt::format("link del {}\n", site.link(node)), true);
    if (!status.ok()) return status;
  }
  return {};
}

std::string bridge_owner(const LabSite& site) {
  std::ifstream file(std::filesystem::path(interfaces_folder) / site.bridge() / "ifalias");
  std::string owner;
  std::getline(file, owner);
  return owner;
}

}  // namespace assay
