// The causal store's row in the table of protocols, its options and its bugs.
#include <array>

#include "targets/reference/protocols/catalogue.h"
#include "targets/reference/protocols/causal/causal_store.h"

namespace assay::reference {
namespace {

constexpr std::array causal_options{
    ProtocolOption{"dependencies", "on", "on|off",
                   "whether an update waits for what it depends on"},
    ProtocolOption{"session-reads", "home", "home|anywhere",
                   "which member answers a session's reads: its own, or one drawn each time"},
};

constexpr std::array causal_bug_table{
    BugEntry{"own-writes-only", "a write depends on its session's writes, but not on its reads",
             "Lamport 1978: a message that was received is a cause of what is sent next"},
    BugEntry{"last-read-only", "each read replaces what its session has seen before",
             "Lloyd et al., COPS, 2011: nearest dependencies stand for those behind them only"},
    BugEntry{"dependencies-lost-at-restart",
             "updates that waited for others become visible when their member restarts",
             "Lloyd et al., COPS, 2011: dependencies are checked before a write is committed"},
    BugEntry{"clock-not-advanced", "updates of others do not advance the member's Lamport clock",
             "Lamport 1978, condition C2: the receiver's clock passes the sender's"},
    BugEntry{"acknowledge-before-sync", "writes are confirmed and sent before they are on disk",
             "MongoDB, write concern j:false; Kingsbury, Jepsen: MongoDB 3.6.4, 2018"},
    BugEntry{"session-without-context", "a read at another member does not wait for its session",
             "Terry et al., Session guarantees, 1994: the client carries what it has seen",
             "session-reads=anywhere"},
};

Result<bool> choice(const std::map<std::string, std::string>& options, const std::string& name,
                    std::string_view no, std::string_view yes) {
  const std::string& value = options.at(name);
  if (value == yes) return true;
  if (value == no) return false;
  return Error{ErrorKind::usage, "--" + name + ": expected " + std::string(yes) + " or " +
                                     std::string(no) + ", got '" + value + "'"};
}

Result<std::unique_ptr<Protocol>> make_causal(const std::map<std::string, std::string>& options,
                                              const std::vector<std::string>& bugs,
                                              const Membership& membership, const Random& random) {
  const auto switches = Bugs<CausalBug>::named(bugs, causal_bug_table);
  if (!switches) return switches.error();
  const auto tracks = choice(options, "dependencies", "off", "on");
  if (!tracks) return tracks.error();
  const auto anywhere = choice(options, "session-reads", "home", "anywhere");
  if (!anywhere) return anywhere.error();
  CausalStoreConfig config;
  config.membership = membership;
  config.tracks_dependencies = *tracks;
  config.reads_anywhere = *anywhere;
  config.bugs = *switches;
  return std::unique_ptr<Protocol>(std::make_unique<CausalStore>(std::move(config), random));
}

std::vector<std::string_view> causal_promises(const std::map<std::string, std::string>& options) {
  if (options.at("dependencies") == "on") return {"causal-convergence", convergence};
  if (options.at("session-reads") == "home") {
    return {"monotonic-reads", "read-your-writes", convergence};
  }
  return {convergence};
}

}  // namespace

ProtocolEntry causal_entry() {
  return {
      "causal",
      "every member takes writes; nobody sees an effect before its cause",
      causal_options,
      causal_bug_table,
      make_causal,
      causal_promises,
      register_commands(),
      "replication-lag",
  };
}

}  // namespace assay::reference
