// Raft's row in the table of protocols, and its table of bugs.
#include <array>

#include "targets/reference/protocols/catalogue.h"
#include "targets/reference/protocols/raft/bugs.h"
#include "targets/reference/protocols/raft/raft.h"

namespace assay::reference {
namespace {

constexpr std::array bug_table{
    BugEntry{"unconfirmed-read",
             "a leader answers reads without asking whether it still leads: stale once deposed",
             "Ongaro 2014, 6.4: a leader must confirm its leadership before it answers a read"},
    BugEntry{"read-before-noop",
             "a new leader answers reads before an entry of its own term is committed",
             "Ongaro 2014, 6.4: a leader learns what is committed by committing in its term"},
    BugEntry{"follower-read", "every member answers reads from what it has applied",
             "etcd before 2.0 by default; Jepsen, etcd 0.4.1, 2014"},
    BugEntry{"vote-not-persisted", "a vote is granted before it is on disk, and lost by a crash",
             "Ongaro and Ousterhout 2014, figure 2: votedFor is persistent state"},
    BugEntry{"vote-twice", "a member votes for every candidate of a term",
             "Ongaro and Ousterhout 2014, figure 2: one vote in a term"},
    BugEntry{"vote-ignores-log", "a candidate is elected although its log is behind the voter's",
             "Ongaro and Ousterhout 2014, 5.4.1: the election restriction"},
    BugEntry{"term-not-persisted", "a member forgets its term in a crash and follows an old leader",
             "Ongaro and Ousterhout 2014, figure 2: currentTerm is persistent state"},
    BugEntry{"acknowledge-before-sync", "a follower confirms entries that are not on its disk yet",
             "Alagappan et al., Protocol-aware recovery, 2018: a lost write is a lost promise"},
    BugEntry{"count-unsynced-self", "the leader counts its own copy before it is on disk",
             "Ongaro 2014, 10.2.1: the leader's copy counts only once it is durable"},
    BugEntry{"commit-earlier-term",
             "an entry of an earlier term is committed because a majority has it",
             "Ongaro and Ousterhout 2014, figure 8"},
    BugEntry{"commit-by-minority", "one member too few is taken for a majority",
             "Ongaro and Ousterhout 2014, 5.3: a majority of the servers"},
    BugEntry{"commit-past-match",
             "a follower commits up to the leader's index in a log that may differ",
             "Ongaro and Ousterhout 2014, figure 2: min(leaderCommit, index of last new entry)"},
    BugEntry{"truncate-on-repeat",
             "an old request that comes late cuts off the entries that follow it",
             "Ongaro and Ousterhout 2014, figure 2: delete only what conflicts"},
    BugEntry{"skip-previous-term-check",
             "entries are appended although the entry before them is of another term",
             "Ongaro and Ousterhout 2014, 5.3: the log matching property"},
    BugEntry{"apply-retry-twice", "a request that was repeated is applied once more",
             "Ongaro 2014, 6.3: sessions filter duplicates"},
    BugEntry{"doubt-as-failure",
             "a request that may have been appended is reported as certainly failed",
             "Kingsbury, Jepsen: an indeterminate operation is not a failed one"},
};

Result<std::unique_ptr<Protocol>> make(const std::map<std::string, std::string>& /*options*/,
                                       const std::vector<std::string>& bugs,
                                       const Membership& membership, const Random& random) {
  const auto switches = Bugs<RaftBug>::named(bugs, bug_table);
  if (!switches) return switches.error();
  RaftConfig config;
  config.self = membership.self;
  config.members = membership.members;
  config.bugs = *switches;
  return std::unique_ptr<Protocol>(std::make_unique<Raft>(std::move(config), random));
}

std::vector<std::string_view> promises(const std::map<std::string, std::string>& /*options*/) {
  return {"linearizable"};
}

}  // namespace

std::span<const BugEntry> raft_bugs() { return bug_table; }

ProtocolEntry raft_entry() {
  return {"raft",          "replicated log with an elected leader", {}, bug_table, make, promises,
          store_commands()};
}

}  // namespace assay::reference
