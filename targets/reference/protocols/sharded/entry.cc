// Sharded transactions' row in the table of protocols, its options and its bugs.
#include <array>

#include "targets/reference/protocols/catalogue.h"
#include "targets/reference/protocols/sharded/sharded.h"

namespace assay::reference {
namespace {

constexpr std::array sharded_options{
    ProtocolOption{"commit", "2pc", "2pc|3pc|saga", "how a transaction over several shards ends"},
    ProtocolOption{"isolation", "serializable", "serializable|snapshot",
                   "whether reads are locked, or see the state as of the beginning (2pc only)"},
};

constexpr std::string_view locking = "isolation=serializable";
constexpr std::string_view snapshots = "isolation=snapshot";
constexpr std::string_view lists = "list-append";
constexpr std::string_view si = "snapshot-isolation";

constexpr std::array sharded_bug_table{
    BugEntry{"forget-in-doubt",
             "a restarted participant forgets transactions that it voted yes for",
             "Mohan, Lindsay and Obermarck 1986, 2: recovery of in-doubt transactions",
             locking,
             {},
             lists},
    BugEntry{"abort-after-yes",
             "a participant that voted yes aborts when the decision is late",
             "Gray 1978, 5.8.3.3: who has agreed to commit must await the decision",
             locking,
             {},
             lists},
    BugEntry{"decide-before-sync",
             "a coordinator announces its decision before it is on disk",
             "Mohan, Lindsay and Obermarck 1986, 3.1: presumed abort forces the commit record",
             locking,
             {},
             lists},
    BugEntry{"vote-before-sync",
             "a participant votes, or commits alone, before that is on disk",
             "Mohan, Lindsay and Obermarck 1986, 2: the prepare record is forced before the vote",
             locking,
             {},
             lists},
    BugEntry{"forget-decision",
             "a coordinator forgets its decision when the first shard has it",
             "Mohan, Lindsay and Obermarck 1986, 3.1: forget once all have acknowledged",
             locking,
             {},
             lists},
    BugEntry{"unlock-at-vote",
             "a participant releases its locks when it votes",
             "Bernstein, Hadzilacos and Goodman 1987, 7.4: strict locking until the decision",
             locking,
             {},
             lists},
    BugEntry{"unlock-reads-at-vote",
             "a participant releases its read locks when it votes",
             "Eswaran et al. 1976: no lock is released before all are acquired",
             locking,
             {},
             lists},
    BugEntry{"recover-write-locks-only",
             "a restarted participant does not take read locks again",
             "Bernstein, Hadzilacos and Goodman 1987, 7.4: locks of in-doubt transactions",
             locking,
             {},
             lists},
    BugEntry{"no-read-locks",
             "reads take no locks: write skew",
             "Berenson et al., A critique of ANSI SQL isolation levels, 1995: A5B",
             locking,
             {},
             lists},
    BugEntry{"snapshot-per-shard", "each shard shows its newest versions instead of the snapshot's",
             "Berenson et al. 1995, 4.2: a transaction reads one snapshot", snapshots, si, lists},
    BugEntry{"last-committer-wins", "nobody asks whether a newer version has been committed",
             "Berenson et al. 1995, 4.2: first committer wins, else updates are lost", snapshots,
             si, lists},
    BugEntry{"read-past-prepared", "reads do not wait for transactions that are being committed",
             "Peng and Dabek 2010, 2.2: a read waits for locks below its stamp", snapshots, si,
             lists},
    BugEntry{"clock-not-reserved", "after a crash the clock gives stamps out again",
             "Peng and Dabek 2010, 2.3: the oracle writes the highest stamp ahead", snapshots, si,
             lists},
    BugEntry{"compensate-twice",
             "a compensation that is asked for again is carried out again",
             "Garcia-Molina and Salem 1987, 4: each compensation is run exactly once",
             "commit=saga",
             {},
             "atomic-commit"},
};

Result<std::unique_ptr<Protocol>> make_sharded(const std::map<std::string, std::string>& options,
                                               const std::vector<std::string>& bugs,
                                               const Membership& membership,
                                               const Random& /*random*/) {
  const auto switches = Bugs<ShardedBug>::named(bugs, sharded_bug_table);
  if (!switches) return switches.error();
  const std::string& commit = options.at("commit");
  if (commit != "2pc" && commit != "3pc" && commit != "saga") {
    return Error{ErrorKind::usage, "--commit: expected 2pc, 3pc or saga, got '" + commit + "'"};
  }
  const std::string& isolation = options.at("isolation");
  if (isolation != "serializable" && (isolation != "snapshot" || commit != "2pc")) {
    return Error{ErrorKind::usage,
                 "--isolation: expected serializable, or snapshot with --commit 2pc, got '" +
                     isolation + "'"};
  }
  ShardedConfig config;
  config.self = membership.self;
  config.members = membership.members;
  config.commit = commit == "3pc"    ? CommitProtocol::three_phases
                  : commit == "saga" ? CommitProtocol::saga
                                     : CommitProtocol::two_phases;
  config.snapshots = isolation == "snapshot";
  config.bugs = *switches;
  return std::unique_ptr<Protocol>(std::make_unique<Sharded>(std::move(config)));
}

/// Three phases promise nothing: no timeout tells a slow network from a crash.
std::vector<std::string_view> sharded_promises(const std::map<std::string, std::string>& options) {
  if (options.at("commit") == "2pc") return {"linearizable"};
  return {};
}

constexpr std::array commands{CommandKind::read, CommandKind::write, CommandKind::cas,
                              CommandKind::transfer, CommandKind::txn};

}  // namespace

ProtocolEntry sharded_entry() {
  return {
      "sharded",       "transactions over shards: two-phase locking and two- or three-phase commit",
      sharded_options, sharded_bug_table,
      make_sharded,    sharded_promises,
      commands,
  };
}

}  // namespace assay::reference
