// Multi-Paxos' row in the table of protocols, and its table of bugs.
#include <array>

#include "targets/reference/protocols/catalogue.h"
#include "targets/reference/protocols/paxos/paxos.h"

namespace assay::reference {
namespace {

constexpr std::array paxos_bug_table{
    BugEntry{
        "promise-not-persisted",
        "a promise is given before it is on disk, and lost by a crash",
        "Lamport 2001, 2.5: an acceptor records its response in stable storage before it sends",
        {},
        {},
        {},
        "bounce,partition-one"},
    BugEntry{"accept-below-promise", "an acceptor accepts proposals of ballots below its promise",
             "Lamport 2001, 2.2, P1a: accept only if no higher ballot was promised"},
    BugEntry{
        "adopt-own-value",
        "a new proposer prefers what it accepted itself to what was accepted later",
        "Lamport 2001, 2.2, P2c: the value of the highest-numbered proposal among the answers"},
    BugEntry{
        "adopt-lowest-ballot", "a new proposer adopts the oldest of the accepted values",
        "Lamport 2001, 2.2, P2c: the value of the highest-numbered proposal among the answers"},
    BugEntry{"shared-ballots", "two members propose in the same ballot",
             "Lamport 2001, 2.5: proposers choose their numbers from disjoint sets"},
    BugEntry{"ballot-not-persisted", "a proposer forgets its ballot in a crash and uses it again",
             "Lamport 2001, 2.5: a proposer remembers the highest number it has tried"},
    BugEntry{"accept-before-sync", "an acceptor confirms what is not on its disk yet",
             "Chandra, Griesemer and Redstone, Paxos made live, 2007, 5.1: flush before the reply"},
    BugEntry{"learn-from-minority", "one acceptor too few is taken for a majority",
             "Lamport 2001, 2.2: any two majorities have an acceptor in common"},
    BugEntry{"skip-gaps", "a decree that is chosen later than its successor is taken for a no-op",
             "van Renesse and Altinbuken 2015, 2: decisions are performed in the order of slots"},
    BugEntry{"perform-twice", "a command that was chosen for two decrees is performed twice",
             "van Renesse and Altinbuken 2015, 2: a command decided again is not performed again"},
    BugEntry{"read-outside-log", "a leader answers reads from what it has applied",
             "Chandra, Griesemer and Redstone, Paxos made live, 2007, 5.2: reads need a lease"},
};

Result<std::unique_ptr<Protocol>> make_paxos(const std::map<std::string, std::string>& /*options*/,
                                             const std::vector<std::string>& bugs,
                                             const Membership& membership, const Random& random) {
  const auto switches = Bugs<PaxosBug>::named(bugs, paxos_bug_table);
  if (!switches) return switches.error();
  PaxosConfig config;
  config.self = membership.self;
  config.members = membership.members;
  config.bugs = *switches;
  return std::unique_ptr<Protocol>(std::make_unique<Paxos>(std::move(config), random));
}

std::vector<std::string_view> paxos_promises(
    const std::map<std::string, std::string>& /*options*/) {
  return {"linearizable"};
}

}  // namespace

ProtocolEntry paxos_entry() {
  return {
      "multi-paxos",
      "a log of Paxos decrees with a distinguished proposer",
      {},
      paxos_bug_table,
      make_paxos,
      paxos_promises,
      store_commands(),
  };
}

}  // namespace assay::reference
