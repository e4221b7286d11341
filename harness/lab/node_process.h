#pragma once
// NodeProcess: the first process of a node. It lives in namespaces of its own (mounts, processes,
// host name, IPC, network) on an overlay of the base root, and ends up being sshd. When it dies,
// the kernel kills everything in the node: that is how a node is switched off.

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/result.h"
#include "harness/lab/site.h"

namespace assay {

/// Identifies a process for good: process ids are used again, start times are not.
struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  ///< clock ticks since boot, as in /proc/PID/stat
};

/// Of a running process. Error: unavailable if there is none, or it is dead but not yet reaped.
Result<ProcessIdentity> identify_process(pid_t pid);
bool is_alive(const ProcessIdentity& identity);
/// SIGKILLs exactly this process and waits until it is gone, with everything in its process
/// namespace. Fine if it is gone already. Error: unavailable after 10 s.
Status kill_process(const ProcessIdentity& identity);

/// A node between its making and its start. Destroying it before `start` ends the node.
class NodeProcess {
 public:
  /// Makes the namespaces and begins to mount. REQUIRES the node's folder to be prepared.
  static Result<NodeProcess> create(const LabSite& site, int node);

  NodeProcess(NodeProcess&& other) noexcept;
  NodeProcess& operator=(NodeProcess&&) = delete;
  ~NodeProcess();

  pid_t pid() const { return pid_; }
  /// Call when eth0 is in the node's network namespace; `start` lets the node go on.
  void start();
  /// Waits until sshd has taken over, or says which step failed. From here on the node outlives
  /// the caller. Error: not_permitted, unavailable.
  Result<ProcessIdentity> wait_started();

 private:
  NodeProcess(int node, pid_t pid, int go, int report);

  int node_;
  pid_t pid_;
  int go_;      ///< one byte: go on; closed: give up
  int report_;  ///< a failed step, or closed by exec
};

}  // namespace assay
