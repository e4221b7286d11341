#pragma once
// What the members of Multi-Paxos say to each other. Ballots travel as terms; decrees are numbered
// from 1.

#include <cstdint>
#include <tuple>
#include <vector>

#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// Phase 1a: take part in no lower ballot from now on, and tell what you accepted from `first` on.
struct PaxosPrepare {
  Term ballot = 0;
  LogIndex first = 1;
  static auto fields(auto& m) { return std::tie(m.ballot, m.first); }
  bool valid() const { return first >= 1; }
  bool operator==(const PaxosPrepare&) const = default;
};
/// Phase 1b. Entries are decrees accepted from `first` on, with the ballots they were accepted in
/// as terms; 0 means that nothing was. There may be more of them: `last` is the highest.
struct PaxosPromise {
  Term ballot = 0;     ///< of the prepare
  Term promised = 0;   ///< higher than `ballot`: it is refused
  LogIndex first = 1;  ///< of the prepare
  LogIndex last = 0;   ///< highest decree that this acceptor has accepted
  std::vector<Entry> entries;
  static auto fields(auto& m) { return std::tie(m.ballot, m.promised, m.first, m.last, m.entries); }
  bool valid() const { return first >= 1; }
  bool operator==(const PaxosPromise&) const = default;
};

/// Phase 2a for the decrees from `first` on. Their terms are those of the ballot.
struct PaxosAccept {
  Term ballot = 0;
  LogIndex first = 1;
  std::vector<Entry> entries;
  static auto fields(auto& m) { return std::tie(m.ballot, m.first, m.entries); }
  bool valid() const { return first >= 1; }
  bool operator==(const PaxosAccept&) const = default;
};
/// Phase 2b: `count` decrees from `first` on are on this acceptor's disk.
struct PaxosAccepted {
  Term ballot = 0;
  Term promised = 0;  ///< higher than `ballot`: they are refused
  LogIndex first = 1;
  std::uint64_t count = 0;
  static auto fields(auto& m) { return std::tie(m.ballot, m.promised, m.first, m.count); }
  bool valid() const { return first >= 1; }
  bool operator==(const PaxosAccepted&) const = default;
};

/// Asks for chosen decrees from `first` on.
struct PaxosLearn {
  LogIndex first = 1;
  static auto fields(auto& m) { return std::tie(m.first); }
  bool valid() const { return first >= 1; }
  bool operator==(const PaxosLearn&) const = default;
};
/// Chosen decrees from `first` on.
struct PaxosChosen {
  LogIndex first = 1;
  std::vector<Entry> entries;
  static auto fields(auto& m) { return std::tie(m.first, m.entries); }
  bool valid() const { return first >= 1; }
  bool operator==(const PaxosChosen&) const = default;
};

}  // namespace assay::reference
