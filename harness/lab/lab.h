#pragma once
// Lab: a cluster of nodes on this machine, each with its own files, processes, host name and
// network, reached by SSH like any other machine. A Lab object is the right to change the lab:
// whoever holds one is its only controller.

#include <string>
#include <vector>

#include "base/result.h"
#include "harness/control/node.h"
#include "harness/lab/base_root.h"
#include "harness/lab/file_lock.h"
#include "harness/lab/node_process.h"
#include "harness/lab/site.h"
#include "harness/lab/state.h"

namespace assay {

constexpr int lab_nodes_default = 5;

/// Not thread-safe. Destroying it gives up the right; the lab stays as it is.
class Lab {
 public:
  /// Error: not_permitted (not root), busy (another controller, by process id), cannot_write.
  static Result<Lab> lock(const LabSite& site);

  /// Afterwards `nodes` nodes answer SSH: the lab that is up already if it is of this size and has
  /// the site's packages, with its nodes switched on again that are off; else a new one, after
  /// whatever a dead controller left was removed. 1..9 nodes; builds the base root and the layer of
  /// packages if need be. Error: usage, configuration, not_permitted, unavailable.
  Status up(int nodes, const Progress& progress);

  /// Afterwards nothing of the lab is left on the machine except the base root; looks to make
  /// sure. Fine if nothing was up. Error: unavailable; the message names what stays.
  Status down();

  /// Switches a node off at once, as if by its mains switch; what it had written stays, except
  /// /tmp and /run. Fine if it is off. Nodes count from 1.
  Status kill_node(int node);
  /// Switches it on again and waits for SSH. Fine if it is on.
  Status start_node(int node);

  const LabSite& site() const { return site_; }

 private:
  Lab(LabSite site, FileLock lock) : site_(std::move(site)), lock_(std::move(lock)) {}
  Status make(int nodes);
  Status switch_on_all(int nodes);
  Result<std::vector<ProcessIdentity>> start_processes(const std::vector<int>& nodes);
  Status wait_for_ssh(int node, const ProcessIdentity& process);
  Status wait_for_ssh(const std::vector<ProcessIdentity>& processes);

  LabSite site_;
  FileLock lock_;
};

struct LabNodeStatus {
  NodeAddress address;
  pid_t pid = 0;
  bool is_on = false;
  std::string log_file;  ///< what its sshd wrote
};

struct LabStatus {
  bool is_up = false;      ///< every node is on
  std::string since;       ///< UTC; empty if there is no lab
  int controller_pid = 0;  ///< who holds the Lab, 0: nobody
  std::string folder;
  std::string bridge;
  std::vector<LabNodeStatus> nodes;
  std::vector<std::string> leftovers;  ///< parts of a lab that is not up
};

/// Needs no lock. Error: bad_data if the state file is damaged (`up` and `down` repair that).
Result<LabStatus> lab_status(const LabSite& site);

/// Addresses of the nodes of a lab that is up, in whose network the process is then. Error:
/// no_input (none is up), unavailable (a node is off).
Result<std::vector<NodeAddress>> lab_nodes(const LabSite& site);

}  // namespace assay
