// Raft's row in the table of protocols, and its table of bugs.
#include <array>

#include "targets/reference/protocols/catalogue.h"
#include "targets/reference/protocols/raft/bugs.h"
#include "targets/reference/protocols/raft/raft.h"

namespace assay::reference {
namespace {

constexpr std::array raft_bug_table{
    BugEntry{"unconfirmed-read",
             "a leader answers reads without asking whether it still leads: stale once deposed",
             "Ongaro 2014, 6.4: a leader must confirm its leadership before it answers a read"},
    BugEntry{"read-before-noop",
             "a new leader answers reads before an entry of its own term is committed",
             "Ongaro 2014, 6.4: a leader learns what is committed by committing in its term"},
    BugEntry{"follower-read", "every member answers reads from what it has applied",
             "etcd before 2.0 by default; Jepsen, etcd 0.4.1, 2014"},
    BugEntry{"vote-not-persisted",
             "a vote is granted before it is on disk, and lost by a crash",
             "Ongaro and Ousterhout 2014, figure 2: votedFor is persistent state",
             {},
             {},
             {},
             "repeated-election"},
    BugEntry{"vote-twice", "a member votes for every candidate of a term",
             "Ongaro and Ousterhout 2014, figure 2: one vote in a term"},
    BugEntry{"vote-ignores-log", "a candidate is elected although its log is behind the voter's",
             "Ongaro and Ousterhout 2014, 5.4.1: the election restriction"},
    BugEntry{"term-not-persisted",
             "a member forgets its term in a crash and follows an old leader",
             "Ongaro and Ousterhout 2014, figure 2: currentTerm is persistent state",
             {},
             {},
             {},
             "repeated-election"},
    BugEntry{"acknowledge-before-sync", "a follower confirms entries that are not on its disk yet",
             "Alagappan et al., Protocol-aware recovery, 2018: a lost write is a lost promise"},
    BugEntry{"count-unsynced-self", "the leader counts its own copy before it is on disk",
             "Ongaro 2014, 10.2.1: the leader's copy counts only once it is durable"},
    BugEntry{"commit-earlier-term",
             "an entry of an earlier term is committed because a majority has it",
             "Ongaro and Ousterhout 2014, figure 8",
             "batch=1",
             {},
             "set",
             "returning-leader"},
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
             "Kingsbury, Jepsen: an indeterminate operation is not a failed one",
             {},
             {},
             "set",
             "bounce,slow-network,lossy-network"},
    BugEntry{"reconfigure-before-noop",
             "a new leader changes the membership before an entry of its term is committed",
             "Ongaro, bug in single-server membership changes, raft-dev, 2015",
             "nodes=4",
             {},
             {},
             "membership"},
    BugEntry{"reconfigure-two-at-once",
             "the membership changes again before the last change is committed",
             "Ongaro 2014, 4.1: the next change waits for the commit of the one before",
             {},
             {},
             {},
             "membership,chase-leader"},
    BugEntry{"snapshot-without-members",
             "a snapshot forgets the last configuration: its member falls back to the first one",
             "Ongaro 2014, 5.1: a snapshot holds the latest configuration", "snapshot-entries=5"},
    BugEntry{"snapshot-without-sessions",
             "a snapshot forgets the clients' sessions: a retry after it is applied once more",
             "Ongaro 2014, 6.3: sessions are part of the replicated state",
             "snapshot-entries=5",
             {},
             "counter"},
    BugEntry{"lease-without-bound",
             "reads are answered under a lease that takes all clocks for equally fast",
             "Ongaro 2014, 6.4.1: leases assume a bound on clock drift",
             "reads=lease",
             {},
             {},
             "clock-rate,chase-leader,partition-one"},
};

constexpr std::array raft_options{
    ProtocolOption{"batch", "1024", "a number", "entries that a message to a follower carries",
                   "1|1|8|1024"},
    ProtocolOption{"snapshot-entries", "200", "a number",
                   "entries after which the log is compacted; 0: never", "0|5|40|200"},
    ProtocolOption{"reads", "index", "index|lease",
                   "whether a leader asks a majority before it answers a read, or trusts clocks"},
    ProtocolOption{"clock-drift", "10", "percent",
                   "by how much a clock may gain on another one, for --reads lease"},
};

Result<std::unique_ptr<Protocol>> make_raft(const std::map<std::string, std::string>& options,
                                            const std::vector<std::string>& bugs,
                                            const Membership& membership, const Random& random) {
  const auto switches = Bugs<RaftBug>::named(bugs, raft_bug_table);
  if (!switches) return switches.error();
  RaftConfig config;
  config.self = membership.self;
  config.members = membership.members;
  config.bugs = *switches;
  const auto batch = number_of(options, "batch", 1, batch_entries_max);
  if (!batch) return batch.error();
  config.batch_entries = *batch;
  const auto snapshot = number_of(options, "snapshot-entries", 0, 1'000'000'000);
  if (!snapshot) return snapshot.error();
  config.snapshot_entries = *snapshot;
  const auto drift = number_of(options, "clock-drift", 0, 1'000'000);
  if (!drift) return drift.error();
  config.clock_drift = static_cast<int>(*drift);
  const std::string& reads = options.at("reads");
  if (reads != "index" && reads != "lease") {
    return Error{ErrorKind::usage, "--reads: expected index or lease, got '" + reads + "'"};
  }
  config.lease_reads = reads == "lease";
  return std::unique_ptr<Protocol>(std::make_unique<Raft>(std::move(config), random));
}

std::vector<std::string_view> raft_promises(const std::map<std::string, std::string>& /*options*/) {
  return {"linearizable"};
}

}  // namespace

std::span<const BugEntry> raft_bugs() { return raft_bug_table; }

ProtocolEntry raft_entry() {
  return {
      "raft",         "replicated log with an elected leader",
      raft_options,   raft_bug_table,
      make_raft,      raft_promises,
      all_commands(),
  };
}

}  // namespace assay::reference
