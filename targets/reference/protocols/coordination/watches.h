#pragma once
// Watches: a client asks what happened from a revision on and is answered as soon as something did,
// or after a while with nothing. Each answer ends with the revision that it goes up to, so that the
// next request resumes there, at this member or another. In etcd's manner; the one-shot watch of
// ZooKeeper is one request of these. Source: etcd's documentation, "KV API guarantees: watch".

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/clock.h"
#include "targets/reference/protocols/coordination/bugs.h"
#include "targets/reference/protocols/coordination/tree.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

inline constexpr std::size_t watches_max = 10'000;
/// What one answer weighs, about: a revision is never split.
inline constexpr std::size_t watch_weight_max = datum_weight_max / 4;

/// Those that wait at one member. Not thread-safe.
class Watches {
 public:
  explicit Watches(Bugs<CoordinationBug> bugs) : bugs_(bugs) {}

  /// Answers at once what cannot be asked.
  void add(Nanos now, const Command& command, const Tree& tree);
  bool empty() const { return waiting_.empty(); }
  Nanos deadline() const;
  /// Answers who has waited long enough, or has something to learn of the tree. O(watches ·
  /// events).
  void serve(Nanos now, const Tree& tree, std::vector<Reply>& out);

 private:
  struct Watch {
    RequestId id;
    std::string path;
    bool prefix = false;
    bool previous = false;
    Revision from = 0;
    Nanos until{0};
  };
  Datum answer(const Watch& watch, const Tree& tree, bool& is_empty) const;

  Bugs<CoordinationBug> bugs_;
  std::deque<Watch> waiting_;
  std::vector<Reply> refused_;
};

}  // namespace assay::reference
