#pragma once
// What the members of Multi-Paxos say to each other. Ballots travel as terms.

#include <cstdint>
#include <vector>

#include "targets/reference/protocols/codec.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// Phase 1a: take part in no lower ballot from now on, and tell what you accepted from `first` on.
struct PaxosPrepare {
  Term ballot = 0;
  LogIndex first = 1;
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
  bool operator==(const PaxosPromise&) const = default;
};

/// Phase 2a for the decrees from `first` on. Their terms are those of the ballot.
struct PaxosAccept {
  Term ballot = 0;
  LogIndex first = 1;
  std::vector<Entry> entries;
  bool operator==(const PaxosAccept&) const = default;
};
/// Phase 2b: `count` decrees from `first` on are on this acceptor's disk.
struct PaxosAccepted {
  Term ballot = 0;
  Term promised = 0;  ///< higher than `ballot`: they are refused
  LogIndex first = 1;
  std::uint64_t count = 0;
  bool operator==(const PaxosAccepted&) const = default;
};

/// Asks for chosen decrees from `first` on.
struct PaxosLearn {
  LogIndex first = 1;
  bool operator==(const PaxosLearn&) const = default;
};
/// Chosen decrees from `first` on.
struct PaxosChosen {
  LogIndex first = 1;
  std::vector<Entry> entries;
  bool operator==(const PaxosChosen&) const = default;
};

void put(ByteWriter& w, const PaxosPrepare& m);
void get(ByteReader& r, PaxosPrepare& m);
void put(ByteWriter& w, const PaxosPromise& m);
void get(ByteReader& r, PaxosPromise& m);
void put(ByteWriter& w, const PaxosAccept& m);
void get(ByteReader& r, PaxosAccept& m);
void put(ByteWriter& w, const PaxosAccepted& m);
void get(ByteReader& r, PaxosAccepted& m);
void put(ByteWriter& w, const PaxosLearn& m);
void get(ByteReader& r, PaxosLearn& m);
void put(ByteWriter& w, const PaxosChosen& m);
void get(ByteReader& r, PaxosChosen& m);

}  // namespace assay::reference
