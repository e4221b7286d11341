// Quorum replication's row in the table of protocols, its options and its bugs.
#include <algorithm>
#include <array>
#include <optional>

#include "targets/reference/protocols/catalogue.h"
#include "targets/reference/protocols/quorum/quorum.h"

namespace assay::reference {
namespace {

constexpr std::array quorum_options{
    ProtocolOption{"replicas", "3", "a number", "N: members that hold a key"},
    ProtocolOption{"read-quorum", "2", "1 to N", "R: replicas that a read waits for"},
    ProtocolOption{"write-quorum", "2", "1 to N", "W: replicas that a write waits for"},
    ProtocolOption{
        "read", "repair", "newest|repair|write-back",
        "a read leaves older replicas alone, updates them, or does so before it answers"},
    ProtocolOption{"quorum", "strict", "strict|sloppy",
                   "whether other members may stand in for replicas that do not answer"},
};

constexpr std::string_view linearizable_reads = "read=write-back";

constexpr std::array quorum_bug_table{
    BugEntry{"repair-writes-old", "read repair sends what it met first, over whatever is there",
             "DeCandia et al., Dynamo, 2007, 5: read repair updates the stale with the latest"},
    BugEntry{"hint-overwrites", "a hint that is delivered late overwrites newer data",
             "DeCandia et al., Dynamo, 2007, 4.6: hinted handoff"},
    BugEntry{"own-clock-stamps", "writes are stamped with the coordinator's own clock",
             "Kingsbury, Jepsen: Cassandra, 2013: the last write by the clock is not the last",
             linearizable_reads},
    BugEntry{"acknowledge-early", "a write is confirmed by one replica less than W",
             "Gifford, Weighted voting for replicated data, 1979: R + W > N"},
    BugEntry{"substitutes-count", "a strict write counts members that only stand in for replicas",
             "Kingsbury, Jepsen: Riak, 2013: sloppy quorums do not intersect"},
    BugEntry{"acknowledge-before-sync", "a replica confirms versions that are not on its disk yet",
             "Apache Cassandra, commitlog_sync: periodic", linearizable_reads},
    BugEntry{"answer-before-write-back", "a read answers before its version is on W replicas",
             "Attiya, Bar-Noy and Dolev 1995: a reader writes what it returns", linearizable_reads},
};

std::optional<ReadRepair> repair_of(const std::string& text) {
  if (text == "newest") return ReadRepair::none;
  if (text == "repair") return ReadRepair::repair;
  if (text == "write-back") return ReadRepair::write_back;
  return std::nullopt;
}

Result<std::unique_ptr<Protocol>> make_quorum(const std::map<std::string, std::string>& options,
                                              const std::vector<std::string>& bugs,
                                              const Membership& membership, const Random& random) {
  const auto switches = Bugs<QuorumBug>::named(bugs, quorum_bug_table);
  if (!switches) return switches.error();
  const auto replicas = number_of(options, "replicas", 1, membership.members.size());
  if (!replicas) return replicas.error();
  const auto read_quorum = number_of(options, "read-quorum", 1, *replicas);
  if (!read_quorum) return read_quorum.error();
  const auto write_quorum = number_of(options, "write-quorum", 1, *replicas);
  if (!write_quorum) return write_quorum.error();
  const auto read = repair_of(options.at("read"));
  if (!read) {
    return Error{ErrorKind::usage,
                 "--read: expected newest, repair or write-back, got '" + options.at("read") + "'"};
  }
  const std::string& quorum = options.at("quorum");
  if (quorum != "strict" && quorum != "sloppy") {
    return Error{ErrorKind::usage, "--quorum: expected strict or sloppy, got '" + quorum + "'"};
  }
  QuorumConfig config;
  config.membership = membership;
  config.replicas = *replicas;
  config.read_quorum = *read_quorum;
  config.write_quorum = *write_quorum;
  config.read = *read;
  config.sloppy = quorum == "sloppy";
  config.bugs = *switches;
  return std::unique_ptr<Protocol>(std::make_unique<Quorum>(std::move(config), random));
}

/// Quorums that intersect let every read meet the writes that were acknowledged before it; only
/// with a write-back it cannot be followed by an older one.
std::vector<std::string_view> quorum_promises(const std::map<std::string, std::string>& options) {
  const int n = std::atoi(options.at("replicas").c_str());
  const int r = std::atoi(options.at("read-quorum").c_str());
  const int w = std::atoi(options.at("write-quorum").c_str());
  if (options.at("quorum") == "sloppy" || r + w <= n) return {convergence};
  if (options.at("read") == "write-back") return {"linearizable", convergence};
  return {"read-your-writes", convergence};
}

}  // namespace

ProtocolEntry quorum_entry() {
  return {
      "quorum",
      "leaderless: reads from R and writes to W of N replicas",
      quorum_options,
      quorum_bug_table,
      make_quorum,
      quorum_promises,
      register_commands(),
      "replication-lag",
  };
}

}  // namespace assay::reference
