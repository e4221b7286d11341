#pragma once
// A causal store: every member takes reads and writes at once, and an update that another member
// made becomes visible only when everything it depends on is. Each session's context (what it has
// read and written) goes along with its writes as their dependencies; concurrent writes of one key
// are ordered by Lamport stamps, the same way everywhere. Available under partitions, as far as a
// store can be consistent then.
// Sources: Ahamad, Neiger, Burns, Kohli and Hutto, "Causal memory", 1995; Lloyd, Freedman, Kaminsky
// and Andersen, "Don't settle for eventual" (COPS), 2011; Ladin et al., "Lazy replication", 1992
// (dependencies as vectors); Mahajan, Alvisi and Dahlin, "Consistency, availability, convergence",
// 2011 (nothing stronger stays available and convergent).
//
// Guarantee: causal convergence. With dependencies=off updates are visible as they come: a comment
// may be seen before its post, and only what one member can see to holds (a client, which stays
// with its member, reads its own writes and does not go back in time).

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <vector>

#include "base/random.h"
#include "targets/reference/protocols/causal/bugs.h"
#include "targets/reference/protocols/protocol.h"
#include "targets/reference/protocols/updates/exchange.h"

namespace assay::reference {

struct CausalStoreConfig {
  Membership membership;
  bool tracks_dependencies = true;
  bool reads_anywhere = false;                      ///< a member drawn for each read answers it
  Nanos patience = std::chrono::milliseconds(300);  ///< then another member is asked
  Nanos give_up = std::chrono::milliseconds(1500);  ///< longest life of a read elsewhere
  std::size_t waiting_max = 10'000;
  Bugs<CausalBug> bugs;
};

class CausalStore final : public Protocol {
 public:
  CausalStore(CausalStoreConfig config, Random random);

  std::string_view name() const override { return "causal"; }
  void start(Nanos now, Recovered recovered) override;
  void receive(Nanos now, NodeId from, Message message) override;
  void request(Nanos now, Command command) override;
  void written(Nanos now, WriteToken token) override;
  void tick(Nanos now) override;
  void flush(Nanos now, Effects& out) override;
  Nanos deadline() const override;
  StatusReport status() const override;

  Datum read(const Datum& key) const;
  /// The updates that are visible here.
  const VersionVector& visible() const { return visible_; }

 private:
  struct Version {
    LamportStamp stamp;
    Datum value;
    VersionVector context;  // with its own dot
  };
  struct Write {
    RequestId id;
    Datum key;
  };
  /// A read that another member answers, as its client's member sees it.
  struct ReadAway {
    Command command;
    Nanos asked{0};
    Nanos arrived{0};
    bool answered = false;
    Datum value;
    VersionVector context;
  };
  /// And as the other member does.
  struct Visit {
    NodeId from = NodeId::none;
    CausalRead read;
  };

  void write(const Command& command);
  void read_away(Nanos now, const Command& command);
  void ask(Nanos now, ReadAway& read);
  void on(NodeId from, CausalRead& message);
  void on(const CausalReadReply& message);
  void take_durable();
  void show_pending();
  void show(const Update& update);
  void serve_visits();
  void serve_reads_away();
  VersionVector& session(const RequestId& id);
  void has_read(const RequestId& id, const VersionVector& context);
  bool has(CausalBug bug) const { return config_.bugs.on(bug); }

  CausalStoreConfig config_;
  Random random_;
  UpdateExchange exchange_;
  LamportClock clock_;
  std::map<Datum, Version> versions_;
  VersionVector visible_;
  std::map<NodeId, std::deque<Update>> pending_;  // durable, not visible yet; by origin, in order
  std::map<std::uint64_t, VersionVector> sessions_;  // by client: its context
  VersionVector base_;                               // what any session may have seen
  std::map<Dot, Write> unwritten_;
  std::set<RequestId> waiting_;
  std::map<RequestId, ReadAway> reads_away_;
  std::vector<Visit> visits_;
  std::vector<Send> outbox_;
  std::vector<Reply> replies_;
};

}  // namespace assay::reference
