// The coordination service's row in the table of protocols, and its table of bugs.
#include <array>
#include <chrono>

#include "targets/reference/protocols/catalogue.h"
#include "targets/reference/protocols/coordination/coordination.h"

namespace assay::reference {
namespace {

constexpr std::string_view lasting = "session-timeout=0";

constexpr std::array coordination_bug_table{
    BugEntry{
        "expire-at-election",
        "a new leader takes clients that it has not heard itself for silent: their nodes go too "
        "early, and two hold a lock",
        "etcd, lessor: a new leader extends all leases; ZooKeeper: sessions are taken over with "
        "their whole timeout",
        {},
        {},
        "lease"},
    BugEntry{"expire-by-own-clock",
             "every member ends sessions by its own clock instead of through the log",
             "Hunt et al. 2010, 4.4; Schneider 1990: a state machine must be deterministic",
             {},
             {},
             "lease"},
    BugEntry{"expire-after-renewal",
             "a session ends although its client was heard after the leader decided so",
             "Gray and Cheriton, Leases, 1989: a lease that was extended has not expired",
             {},
             {},
             "lease"},
    BugEntry{"ephemeral-outlives-session",
             "a session ends but what it owned stays: a lock that nobody gets any more",
             "ZooKeeper, ZOOKEEPER-1208: ephemeral node not removed after the session is long gone",
             {},
             {},
             "lease"},
    BugEntry{"release-any-holder",
             "a release that comes after the session's end takes the lock from its next holder",
             "Redis, Distributed locks with Redis: a lock is removed by who set it only",
             {},
             {},
             "lease"},
    BugEntry{"sequence-from-children",
             "the next number is one above those of the children that are left: after a delete it "
             "is given again, as a fencing token too",
             "Hunt et al. 2010, 2.1: a sequence number is never smaller than one given before",
             lasting,
             {},
             "fenced-lock"},
    BugEntry{"snapshot-without-sequences",
             "a snapshot forgets the counters: tokens are given again after a change of leader",
             "Burrows 2006, 2.4: sequencers; Ongaro 2014, 5: a snapshot is the whole state",
             "session-timeout=0,snapshot-entries=5",
             {},
             "fenced-lock"},
    BugEntry{"fence-unchecked",
             "a resource acts for an old token after it has seen a newer one",
             "Kleppmann, How to do distributed locking, 2016",
             {},
             {},
             "fencing"},
    BugEntry{"watch-uncommitted",
             "a watch fires before what it tells of is committed",
             "etcd, KV API guarantees: watch: reliable",
             {},
             {},
             "watch"},
    BugEntry{"watch-from-now",
             "a watch that resumes begins at the present revision",
             "etcd, KV API guarantees: watch: resumable",
             {},
             {},
             "watch"},
    BugEntry{"watch-skips-compacted",
             "a watch whose first revision is forgotten begins at the oldest one without a word",
             "etcd, API: a compacted watch is cancelled with compact_revision",
             "history-revisions=16",
             {},
             "watch"},
    BugEntry{"watch-splits-revision",
             "the events of one revision come in several responses",
             "etcd, KV API guarantees: watch: atomic",
             {},
             {},
             "watch"},
    BugEntry{"watch-by-key",
             "what is sent at once is ordered by key, not by revision",
             "etcd, KV API guarantees: watch: ordered",
             {},
             {},
             "watch"},
    BugEntry{"local-read-as-synced", "a read that should ask the leader is answered locally",
             "Hunt et al. 2010, 2.3: without sync a read may return a stale value",
             "local-reads=off"},
    BugEntry{
        "read-before-catching-up",
        "a restarted member answers reads before it has what it had shown before",
        "Hunt et al. 2010, 4.4: a server does not take a session up before it has seen what its "
        "client has seen",
        "local-reads=on"},
    BugEntry{"answer-before-applied",
             "a write is answered before the client's member has it: the next read misses it",
             "Hunt et al. 2010, 2.3: FIFO client order", "local-reads=on"},
};

constexpr std::array coordination_options{
    ProtocolOption{"local-reads", "off", "on|off",
                   "whether the client's member answers reads, or the leader"},
    ProtocolOption{"session-timeout", "500", "milliseconds",
                   "how long a client's nodes stay after it was last heard; 0: for ever"},
    ProtocolOption{"session-drift", "300", "percent",
                   "by how much a clock may gain on another one, for sessions"},
    ProtocolOption{"history-revisions", "1000", "a number",
                   "revisions whose events watches can ask for", "20|1000"},
    ProtocolOption{"snapshot-entries", "200", "a number",
                   "entries after which the log is compacted; 0: never", "0|5|40|200"},
};

Result<std::unique_ptr<Protocol>> make_coordination(
    const std::map<std::string, std::string>& options, const std::vector<std::string>& bugs,
    const Membership& membership, const Random& random) {
  const auto switches = Bugs<CoordinationBug>::named(bugs, coordination_bug_table);
  if (!switches) return switches.error();
  const std::string& local = options.at("local-reads");
  if (local != "on" && local != "off") {
    return Error{ErrorKind::usage, "--local-reads: expected on or off, got '" + local + "'"};
  }
  constexpr std::size_t large = 1'000'000;
  const auto timeout = number_of(options, "session-timeout", 0, large);
  if (!timeout) return timeout.error();
  const auto drift = number_of(options, "session-drift", 0, large);
  if (!drift) return drift.error();
  const auto history = number_of(options, "history-revisions", 1, large);
  if (!history) return history.error();
  const auto snapshot = number_of(options, "snapshot-entries", 0, large);
  if (!snapshot) return snapshot.error();
  CoordinationConfig config;
  config.raft.self = membership.self;
  config.raft.members = membership.members;
  config.raft.snapshot_entries = *snapshot;
  config.raft.answer_when_applied = !switches->on(CoordinationBug::answer_before_applied);
  config.local_reads = local == "on";
  config.session_timeout = std::chrono::milliseconds(*timeout);
  config.clock_drift = static_cast<int>(*drift);
  config.history = *history;
  config.bugs = *switches;
  return std::unique_ptr<Protocol>(std::make_unique<Coordination>(std::move(config), random));
}

std::vector<std::string_view> coordination_promises(
    const std::map<std::string, std::string>& options) {
  return {options.at("local-reads") == "on" ? "sequential" : "linearizable"};
}

}  // namespace

std::span<const BugEntry> coordination_bugs() { return coordination_bug_table; }

ProtocolEntry coordination_entry() {
  return {
      "coordination",          "nodes, sessions, locks, elections and watches on a replicated log",
      coordination_options,    coordination_bug_table,
      make_coordination,       coordination_promises,
      coordination_commands(),
  };
}

}  // namespace assay::reference
