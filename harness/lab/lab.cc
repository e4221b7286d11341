#include "harness/lab/lab.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "harness/lab/keys.h"
#include "harness/lab/layer.h"
#include "harness/lab/leftovers.h"
#include "harness/lab/network.h"
#include "harness/lab/rootless.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

NodeAddress address_of(const LabSite& site, int node) {
  NodeAddress address;
  address.name = LabSite::node_name(node);
  address.host = site.node_host(node);
  address.identity_file = site.identity_file().string();
  address.known_hosts_file = site.known_hosts_file().string();
  return address;
}

std::string hosts_file(const LabSite& site, int nodes) {
  std::string text = "127.0.0.1 localhost\n::1 localhost ip6-localhost\n";
  text += fmt::format("{} controller\n", site.controller_host());
  for (int node = 1; node <= nodes; ++node) {
    text += fmt::format("{} {}\n", site.node_host(node), LabSite::node_name(node));
  }
  return text;
}

/// What makes a node this one: its upper layer holds its host key, name and who may log in.
/// Gives its line of known_hosts.
Result<std::string> prepare_node(const LabSite& site, int node, const std::string& client_key,
                                 const std::string& hosts) {
  const fs::path folder = site.node_folder(node);
  const fs::path upper = folder / "upper";
  std::error_code failed;
  for (const fs::path& path :
       {upper / "etc/ssh", upper / "root/.ssh", folder / "work", folder / "root"}) {
    fs::create_directories(path, failed);
    if (failed) {
      return Error{ErrorKind::cannot_write,
                   fmt::format("cannot make {}: {}", path.string(), failed.message())};
    }
  }
  for (const fs::path& path : {upper / "root", upper / "root/.ssh"}) {
    fs::permissions(path, fs::perms::owner_all, failed);
  }
  const std::string name = LabSite::node_name(node);
  for (const auto& [file, text, mode] :
       {std::tuple{"etc/hostname", name + "\n", 0644u}, std::tuple{"etc/hosts", hosts, 0644u},
        std::tuple{"etc/resolv.conf", std::string(), 0644u},
        std::tuple{"root/.ssh/authorized_keys", client_key + "\n", 0600u}}) {
    if (Status status = write_file(upper / file, text, mode); !status.ok()) return status.error();
  }
  Result<std::string> host_key = make_key(upper / "etc/ssh/ssh_host_ed25519_key");
  if (!host_key.ok()) return host_key.error();
  return fmt::format("{} {}\n", site.node_host(node), host_key.value());
}

/// The folder with all that nodes and their controller read.
Status prepare_lab(const LabSite& site, int nodes) {
  std::error_code failed;
  fs::create_directories(site.folder() / "logs", failed);
  if (failed) {
    return Error{ErrorKind::cannot_write,
                 fmt::format("cannot make {}: {}", site.folder().string(), failed.message())};
  }
  const Result<std::string> client_key = make_key(site.identity_file());
  if (!client_key.ok()) return client_key.error();
  const std::string hosts = hosts_file(site, nodes);
  std::string known_hosts;
  for (int node = 1; node <= nodes; ++node) {
    const Result<std::string> line = prepare_node(site, node, client_key.value(), hosts);
    if (!line.ok()) return line.error().in(LabSite::node_name(node));
    known_hosts += line.value();
  }
  return write_file(site.known_hosts_file(), known_hosts, 0644);
}

/// True once an SSH server greets at the address.
bool greets(const std::string& host) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const timeval patience{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(22);
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  std::array<char, 4> greeting{};
  const bool ready =
      ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::recv(socket, greeting.data(), greeting.size(), MSG_WAITALL) == 4 &&
      std::memcmp(greeting.data(), "SSH-", 4) == 0;
  ::close(socket);
  return ready;
}

bool is_whole(const LabState& state) {
  return std::all_of(state.nodes.begin(), state.nodes.end(), is_alive);
}

}  // namespace

Result<Lab> Lab::lock(const LabSite& site) {
  if (::geteuid() != 0) {
    return Error{ErrorKind::not_permitted,
                 why_not_rootless().empty()
                     ? "a lab needs root (mounts, namespaces, interfaces); try again with sudo"
                     : fmt::format("a lab needs root, or else: {}", why_not_rootless())};
  }
  std::error_code failed;
  fs::create_directories(site.state, failed);
  if (failed) {
    return Error{ErrorKind::cannot_write,
                 fmt::format("cannot make {}: {}; set ASSAY_LAB to another folder",
                             site.state.string(), failed.message())};
  }
  Result<FileLock> lock = FileLock::try_lock(site.lock_file());
  if (!lock.ok()) {
    return lock.error().in(
        fmt::format("lab {} is in use; wait, or set ASSAY_LAB_NUMBER", site.number));
  }
  return Lab(site, std::move(*lock));
}

Status Lab::up(int nodes, const Progress& progress) {
  if (nodes < 1 || nodes > lab_nodes_max) {
    return Error{ErrorKind::usage,
                 fmt::format("a lab has 1 to {} nodes, got {}", lab_nodes_max, nodes)};
  }
  if (Status status = ensure_base(site_, progress); !status.ok()) return status;
  if (Status status = ensure_layer(site_, progress); !status.ok()) return status;
  if (Status status = join_lab_network(site_); !status.ok()) return status;
  const Nanos start = monotonic_now();
  const Result<LabState> state = read_lab_state(site_);
  if (state.ok() && static_cast<int>(state.value().nodes.size()) == nodes &&
      state.value().suite == site_.suite && state.value().packages == site_.packages &&
      switch_on_all(nodes).ok()) {
    progress(is_whole(state.value())
                 ? fmt::format("lab {}: {} nodes are up already", site_.number, nodes)
                 : fmt::format("lab {}: switched nodes on that were off", site_.number));
    return {};
  }
  if (!lab_leftovers(site_).empty())
    progress(fmt::format("lab {}: removing an older one", site_.number));
  if (Status status = remove_lab(site_); !status.ok()) return status;
  if (Status status = make(nodes); !status.ok()) {
    // The first error is the one worth telling; the next `up` or `down` removes the rest.
    static_cast<void>(remove_lab(site_).ok());
    return status.error().in(fmt::format("lab {}", site_.number));
  }
  progress(fmt::format("lab {}: {} nodes up in {}", site_.number, nodes,
                       format_duration(monotonic_now() - start)));
  return {};
}

Status Lab::make(int nodes) {
  if (Status status = prepare_lab(site_, nodes); !status.ok()) return status;
  std::vector<int> all;
  for (int node = 1; node <= nodes; ++node) all.push_back(node);
  const Result<std::vector<ProcessIdentity>> processes = start_processes(all);
  if (!processes.ok()) return processes.error();
  if (Status status = wait_for_ssh(processes.value()); !status.ok()) return status;
  return write_lab_state(site_, {utc_stamp(), processes.value(), site_.suite, site_.packages});
}

Result<std::vector<ProcessIdentity>> Lab::start_processes(const std::vector<int>& nodes) {
  std::vector<NodeProcess> starting;
  std::vector<std::pair<int, pid_t>> cables;
  for (const int node : nodes) {
    Result<NodeProcess> process = NodeProcess::create(site_, node);
    if (!process.ok()) return process.error();
    cables.emplace_back(node, process.value().pid());
    starting.push_back(std::move(*process));
  }
  // The nodes mount while the host lays cables.
  if (Status status = make_bridge(site_); !status.ok()) return status.error();
  if (Status status = lay_cables(site_, cables); !status.ok()) return status.error();
  for (NodeProcess& process : starting) process.start();
  std::vector<ProcessIdentity> identities;
  for (NodeProcess& process : starting) {
    const Result<ProcessIdentity> identity = process.wait_started();
    if (!identity.ok()) return identity.error();
    identities.push_back(identity.value());
  }
  return identities;
}

Status Lab::switch_on_all(int nodes) {
  for (int node = 1; node <= nodes; ++node) {
    if (Status status = start_node(node); !status.ok()) return status;
  }
  const Result<LabState> state = read_lab_state(site_);
  return state.ok() ? wait_for_ssh(state.value().nodes) : Status(state.error());
}

Status Lab::wait_for_ssh(const std::vector<ProcessIdentity>& processes) {
  int node = 0;
  for (const ProcessIdentity& process : processes) {
    if (Status status = wait_for_ssh(++node, process); !status.ok()) return status;
  }
  return {};
}

Status Lab::wait_for_ssh(int node, const ProcessIdentity& process) {
  const Nanos deadline = monotonic_now() + std::chrono::seconds(10);
  while (!greets(site_.node_host(node))) {
    const bool is_dead = !is_alive(process);
    if (is_dead || monotonic_now() > deadline) {
      return Error{ErrorKind::unavailable,
                   fmt::format("{}: {}; what its sshd wrote is in {}", LabSite::node_name(node),
                               is_dead ? "sshd ended" : "no SSH greeting within 10 s",
                               site_.node_log(node).string())};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return {};
}

Status Lab::down() {
  if (Status status = join_lab_network(site_); !status.ok()) return status;
  if (Status status = remove_lab(site_); !status.ok()) return status;
  return end_rootless(site_);
}

Status Lab::kill_node(int node) {
  Result<LabState> state = read_lab_state(site_);
  if (!state.ok()) return state.error();
  if (node < 1 || node > static_cast<int>(state->nodes.size())) {
    return Error{ErrorKind::usage, fmt::format("the lab has no node {}", LabSite::node_name(node))};
  }
  if (Status status = kill_process(state->nodes[static_cast<std::size_t>(node - 1)]);
      !status.ok()) {
    return status.error().in(LabSite::node_name(node));
  }
  return remove_cable(site_, node);
}

Status Lab::start_node(int node) {
  Result<LabState> state = read_lab_state(site_);
  if (!state.ok()) return state.error();
  if (node < 1 || node > static_cast<int>(state->nodes.size())) {
    return Error{ErrorKind::usage, fmt::format("the lab has no node {}", LabSite::node_name(node))};
  }
  ProcessIdentity& identity = state->nodes[static_cast<std::size_t>(node - 1)];
  if (is_alive(identity)) return {};
  site_.suite = state->suite;
  site_.packages = state->packages;
  if (Status status = remove_cable(site_, node); !status.ok()) return status;
  const Result<std::vector<ProcessIdentity>> process = start_processes({node});
  if (!process.ok()) return process.error();
  identity = process.value().at(0);
  if (Status status = write_lab_state(site_, *state); !status.ok()) return status;
  return wait_for_ssh(node, identity);
}

Result<LabStatus> lab_status(const LabSite& site) {
  LabStatus status;
  status.folder = site.folder().string();
  status.bridge = site.bridge();
  status.controller_pid = lock_holder(site.lock_file());
  const Result<LabState> state = read_lab_state(site);
  if (!state.ok()) {
    if (state.error().kind != ErrorKind::no_input) return state.error();
    status.leftovers = lab_leftovers(site);
    return status;
  }
  status.since = state.value().since;
  status.is_up = is_whole(state.value());
  int node = 0;
  for (const ProcessIdentity& identity : state.value().nodes) {
    ++node;
    status.nodes.push_back(
        {address_of(site, node), identity.pid, is_alive(identity), site.node_log(node).string()});
  }
  return status;
}

Result<std::vector<NodeAddress>> lab_nodes(const LabSite& site) {
  const Result<LabState> state = read_lab_state(site);
  if (!state.ok()) return state.error();
  if (Status status = join_lab_network(site); !status.ok()) return status.error();
  std::vector<NodeAddress> addresses;
  for (const ProcessIdentity& identity : state.value().nodes) {
    const int node = static_cast<int>(addresses.size()) + 1;
    if (!is_alive(identity)) {
      return Error{ErrorKind::unavailable,
                   fmt::format("lab {}: {} is off; bring the lab up again by: assay lab up",
                               site.number, LabSite::node_name(node))};
    }
    addresses.push_back(address_of(site, node));
  }
  return addresses;
}

}  // namespace assay
