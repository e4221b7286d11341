#pragma once
// The table of protocols: their options, promises and bugs, and how a member is made. The node,
// the target, the simulator, help and docs all read it.

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "targets/reference/protocols/bug.h"
#include "targets/reference/protocols/commands.h"
#include "targets/reference/protocols/protocol.h"

namespace assay::reference {

/// One setting of a protocol, given as --NAME VALUE.
struct ProtocolOption {
  std::string_view name;
  std::string_view fallback;
  std::string_view values;
  std::string_view summary;
  /// "1|8|1024": what a simulated seed may draw because it must not matter; empty: the fallback.
  std::string_view swarm = {};
};

/// Which protocol runs, and how. Options that are not named have their fallbacks.
struct ProtocolSettings {
  std::string protocol = "raft";
  std::map<std::string, std::string> options;
  std::vector<std::string> bugs;
};

/// Promised beside models: once all is healed and time has passed, every member answers a read
/// alike. Source: Vogels, "Eventually consistent", 2009.
inline constexpr std::string_view convergence = "convergence";

struct ProtocolEntry {
  std::string_view name;
  std::string_view summary;
  std::span<const ProtocolOption> options;
  std::span<const BugEntry> bugs;
  /// `options`: all of them. Error: usage.
  Result<std::unique_ptr<Protocol>> (*make)(const std::map<std::string, std::string>& options,
                                            const std::vector<std::string>& bugs,
                                            const Membership& membership, const Random& random);
  /// The models that it promises for registers with these options when no bug is on, strongest
  /// first, and `convergence`; may be empty.
  std::vector<std::string_view> (*promises)(const std::map<std::string, std::string>& options);
  /// What its members can be asked; anything else is a usage error before a run begins.
  std::span<const CommandKind> commands = register_commands();
  std::string_view workload = "register";  ///< that asks what it promises
};
std::span<const ProtocolEntry> protocols();

/// Error (usage): lists the known names.
Result<const ProtocolEntry*> find_protocol(std::string_view name);

/// With the fallbacks of the options that are not given.
/// Error (usage): an unknown protocol, option, value or bug, or too few members.
Result<std::unique_ptr<Protocol>> make_protocol(const ProtocolSettings& settings,
                                                const Membership& membership, const Random& random);
/// Whether make_protocol would succeed for every member of a cluster of this size.
Status check_settings(const ProtocolSettings& settings, std::size_t members);
Result<std::vector<std::string_view>> promises_of(const ProtocolSettings& settings);
/// Whether its members can be asked this function (commands.h).
bool performs(const ProtocolEntry& entry, std::string_view function);

/// Error (usage): not a number from `low` to `high`; names the option.
Result<std::size_t> number_of(const std::map<std::string, std::string>& options, const char* name,
                              std::size_t low, std::size_t high);
/// "a,b" as a and b.
std::vector<std::string> names_in(const std::string& list);

// The rows, one function a protocol.
ProtocolEntry raft_entry();
ProtocolEntry primary_backup_entry();
ProtocolEntry quorum_entry();
ProtocolEntry multi_leader_entry();
ProtocolEntry causal_entry();
ProtocolEntry paxos_entry();
ProtocolEntry sharded_entry();
ProtocolEntry coordination_entry();

}  // namespace assay::reference
