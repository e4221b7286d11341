// Multi-leader replication's row in the table of protocols, its options and its bugs.
#include <array>

#include "targets/reference/protocols/catalogue.h"
#include "targets/reference/protocols/multi_leader/multi_leader.h"

namespace assay::reference {
namespace {

constexpr std::array multi_leader_options{
    ProtocolOption{"conflict", "last-writer-wins", "last-writer-wins|siblings",
                   "what becomes of writes that did not know of each other"},
};

// Of one key last writer wins is causally consistent: a write has a greater stamp than what its
// member had seen.
constexpr std::string_view one_key = "keys=1";
constexpr std::string_view per_key = "causal-convergence";

constexpr std::array multi_leader_bug_table{
    BugEntry{"wall-clock-stamps", "writes are stamped with the member's own clock",
             "Kingsbury, Jepsen: Cassandra, 2013: last writer wins by timestamps that disagree",
             one_key, per_key},
    BugEntry{"tie-by-arrival", "of two writes with equal counters the one that comes later stays",
             "Lamport 1978: the total order needs the process to break ties"},
    BugEntry{"clock-not-recovered", "a restarted member counts from 1 again",
             "Lamport 1978, condition C1: a clock only runs forward", one_key, per_key},
    BugEntry{"acknowledge-before-sync", "writes are confirmed and sent before they are on disk",
             "Apache Cassandra, commitlog_sync: periodic, the default"},
    BugEntry{"skip-gap", "an update that overtakes an earlier one hides it for ever",
             "Petersen et al. 1997: the prefix property"},
    BugEntry{"siblings-lost", "a write overwrites whatever the member holds, seen or not",
             "DeCandia et al., Dynamo, 2007, 4.4: an update names the version it updates",
             "conflict=siblings"},
};

Result<std::unique_ptr<Protocol>> make_multi_leader(
    const std::map<std::string, std::string>& options, const std::vector<std::string>& bugs,
    const Membership& membership, const Random& /*random*/) {
  const auto switches = Bugs<MultiLeaderBug>::named(bugs, multi_leader_bug_table);
  if (!switches) return switches.error();
  const std::string& conflict = options.at("conflict");
  if (conflict != "last-writer-wins" && conflict != "siblings") {
    return Error{ErrorKind::usage,
                 "--conflict: expected last-writer-wins or siblings, got '" + conflict + "'"};
  }
  MultiLeaderConfig config;
  config.membership = membership;
  config.conflict =
      conflict == "siblings" ? ConflictRule::siblings : ConflictRule::last_writer_wins;
  config.bugs = *switches;
  return std::unique_ptr<Protocol>(std::make_unique<MultiLeader>(std::move(config)));
}

std::vector<std::string_view> multi_leader_promises(
    const std::map<std::string, std::string>& options) {
  if (options.at("conflict") == "siblings") return {convergence};
  return {"monotonic-reads", "read-your-writes", convergence};
}

}  // namespace

ProtocolEntry multi_leader_entry() {
  return {
      "multi-leader",       "every member takes writes; conflicts are resolved afterwards",
      multi_leader_options, multi_leader_bug_table,
      make_multi_leader,    multi_leader_promises,
      register_commands(),  "replication-lag",
  };
}

}  // namespace assay::reference
