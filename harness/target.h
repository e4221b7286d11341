#pragma once
// Target: a system under test and how to drive it. What not every system can do is a capability:
// a nullable interface that faults and workloads ask for, never a product by name.

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "harness/client.h"
#include "harness/control/node.h"

namespace assay {

/// The nodes of a run, in order; owned by the run, outlives target and nemesis.
using Nodes = std::vector<std::unique_ptr<Node>>;

/// Capability: the server processes can be killed and started again. Indices are into Nodes.
class ProcessControl {
 public:
  virtual ~ProcessControl() = default;
  /// Shell command that kills the server with SIGKILL / starts it if it does not run, on its own
  /// node. Both are idempotent and return only when done. They are commands, not calls, because
  /// the agent on the node must be able to run them when the controller is gone.
  virtual std::string kill_command(std::size_t node) const = 0;
  virtual std::string start_command(std::size_t node) const = 0;
  /// File on the node that holds the server's process id.
  virtual std::string pid_file(std::size_t node) const = 0;
  /// Folder on the node that holds what must survive the server; empty if disk faults are not for
  /// it. It may be asked for before the target is set up.
  virtual std::string data_folder(std::size_t /*node*/) const { return {}; }
};

/// Capability: servers can leave the cluster for good, and new ones can come in their place.
class Membership {
 public:
  virtual ~Membership() = default;
  /// Shell command, on the node itself, idempotent: its server is no member any more, does not run
  /// and has no data / it is a member, without anything of before, and runs. At most 10 s.
  virtual std::string leave_command(std::size_t node) const = 0;
  virtual std::string join_command(std::size_t node) const = 0;
};

/// Capability: the target can tell which nodes are primaries (leaders) now.
class Primaries {
 public:
  virtual ~Primaries() = default;
  virtual std::vector<std::size_t> primaries() = 0;
};

struct LogFile {
  std::string remote_path;
  std::string name;  ///< file name under logs/<node>/
};

namespace sql {
class Sessions;
}

class Target {
 public:
  virtual ~Target() = default;
  virtual std::string_view name() const = 0;
  /// Key-value facts for the report: version, protocol, options.
  virtual std::map<std::string, std::string> facts() const = 0;
  /// The models it promises with its present options, strongest first; may be empty.
  virtual std::vector<std::string> promises() const { return {}; }
  /// Whether its clients can carry out this function (read, enqueue, txn, …). Workloads that ask
  /// for another one are refused before anything starts.
  virtual bool performs(std::string_view /*function*/) const { return true; }

  /// Debian packages that its nodes must have beside those of the base root.
  virtual std::vector<std::string> packages() const { return {}; }
  /// Names of what runs already and is only asked, one a client's node; empty: it needs machines.
  virtual std::vector<std::string> endpoints() const { return {}; }
  /// Told before set_up what kind of objects will be asked for: `read` alone does not say.
  /// Error (usage): not with this target and its options.
  virtual Status expect(std::string_view /*datatype*/) { return {}; }

  /// Installs, starts and waits until it answers. Afterwards connect works.
  virtual Status set_up(Nodes& nodes) = 0;
  /// Stops the servers; keeps going on errors.
  virtual void tear_down(Nodes& nodes) noexcept = 0;
  /// A client for a worker, bound to a node. Thread-safe. Error: unavailable.
  virtual Result<std::unique_ptr<Client>> connect(std::size_t node, ProcessId process) = 0;

  virtual ProcessControl* process_control() { return nullptr; }
  virtual Primaries* primaries() { return nullptr; }
  virtual Membership* membership() { return nullptr; }
  /// Capability: it speaks SQL (targets/sql/sessions.h).
  virtual sql::Sessions* sql_sessions() { return nullptr; }
  /// Asks servers that run already what they are, a line each, and changes nothing. Error:
  /// unavailable, not_permitted, or configuration if what is found there must not be touched.
  virtual Result<std::vector<std::string>> look() { return std::vector<std::string>(); }
  virtual std::vector<LogFile> log_files(std::size_t /*node*/) const { return {}; }
};

/// One setting of a target, given as --NAME VALUE.
struct TargetOption {
  std::string_view name;      ///< protocol
  std::string_view fallback;  ///< raft
  std::string_view values;    ///< "raft|primary-backup", or a description such as "a number"
  std::string_view summary;
};

/// A row of the table of targets.
struct TargetEntry {
  std::string_view name;
  std::string_view summary;
  std::span<const TargetOption> options;
  /// `options`: every option by name, fallbacks filled in. Error: configuration.
  Result<std::unique_ptr<Target>> (*make)(const std::map<std::string, std::string>& options);
};

}  // namespace assay
