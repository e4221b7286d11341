#pragma once
// The requests of one member's own clients, from arrival to reply. A request waits for a leader, is
// handed to it, and is handed to the next one if that one is lost: sessions make a repeated write
// harmless. The table remembers whether a write may have been appended anywhere, so that it is
// refused outright only when it certainly was not.

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

struct RequestLimits {
  Nanos patience = std::chrono::milliseconds(800);  ///< how long to wait for a leader
  Nanos give_up = std::chrono::milliseconds(4000);  ///< longest life of a request
  Nanos resend = std::chrono::milliseconds(1000);   ///< handed over again after this silence
  std::size_t waiting_max = 10'000;
};

class RequestTable {
 public:
  explicit RequestTable(RequestLimits limits) : limits_(limits) {}

  /// False if the request was refused (a Reply says so) or waits here already.
  bool add(Nanos now, Command command);
  /// Answers the request if it waits here.
  void finish(const Reply& reply);
  /// The requests to hand to this leader now.
  std::vector<Command> hand_over(Nanos now, NodeId leader, Term term);
  /// This leader says that it did not and never will append the request.
  void rejected(const RequestId& id, NodeId leader, Term term);
  /// The request must be handed over again, and may have been appended.
  void undecided(const RequestId& id, NodeId leader, Term term);
  /// Everything handed over must be handed over again.
  void leader_lost(Nanos now);
  /// Ends what has waited too long. Cheap if called before `deadline()`.
  void tick(Nanos now, bool leader_known);
  Nanos deadline() const { return waiting_.empty() ? Nanos::max() : next_check_; }

  void take_replies(std::vector<Reply>& out);

 private:
  struct Waiting {
    Command command;
    Nanos arrived{0};
    Nanos unled_since{0};
    Nanos handed_at{0};
    NodeId handed_to = NodeId::none;
    Term handed_term = 0;
    int doubts = 0;  // hand-overs that were not rejected
  };
  void queue(const RequestId& id, Waiting& waiting);

  RequestLimits limits_;
  std::unordered_map<RequestId, Waiting, RequestIdHash> waiting_;
  std::vector<RequestId> queue_;  // not handed over; may name some that are gone
  std::vector<Reply> replies_;
  Nanos next_check_{0};
};

}  // namespace assay::reference
