#pragma once
// The replicated state machine of the coordination service: a tree of nodes (tree.h), changed by
// single commands, by transactions and by the recipes for locks and elections. A client's session
// is what it owns: ephemeral nodes, which go away together when the session ends. When that is, no
// machine decides: it is told by a command like any other, so that all members agree.
//
// Recipes are run here rather than by clients, as etcd's lock and election services do: what takes
// a client several calls is one command. Sources: Hunt, Konar, Junqueira and Reed, "ZooKeeper",
// 2010, section 2.4 (locks and elections are ephemeral sequential nodes, the lowest one has it);
// Burrows, "The Chubby lock service for loosely-coupled distributed systems", 2006, section 2.4
// (sequencers: a resource refuses whoever comes with an older one); etcd's documentation, "API:
// transaction".

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "targets/reference/protocols/coordination/bugs.h"
#include "targets/reference/protocols/coordination/tree.h"
#include "targets/reference/protocols/object.h"
#include "targets/reference/protocols/state_machine.h"

namespace assay::reference {

class CoordinationMachine final : public StateMachine {
 public:
  CoordinationMachine(std::size_t history, Bugs<CoordinationBug> bugs)
      : bugs_(bugs), tree_(history) {}

  Reply apply(const Command& command) override;
  Reply query(const Command& command) const override;
  Datum read(const Datum& key) const override;
  std::string encode(bool with_sessions) const override;
  bool decode(std::string_view bytes) override;
  std::size_t size() const override { return tree_.size(); }

  const Tree& tree() const { return tree_; }
  /// The clients that own something, each with its latest request.
  std::map<std::uint64_t, std::uint64_t> sessions() const;
  /// Removes what they own, if they have asked nothing after the request named.
  void expire(const std::map<std::uint64_t, std::uint64_t>& sessions);

 private:
  struct Last {
    std::uint64_t sequence = 0;
    Answer answer;
  };

  bool has(CoordinationBug bug) const { return bugs_.on(bug); }
  Answer run(const Command& command);
  Answer on_node(const Command& command, const std::string& path);
  Answer look(const Command& command) const;

  // Nodes (machine.cc).
  Answer put(const std::string& path, const Datum& data);
  Answer create(const std::string& path, const Datum& argument, std::uint64_t client);
  Answer remove(const std::string& path, const Datum& version);
  Answer set(const std::string& path, const Datum& version, const Datum& data);
  void end_session(std::uint64_t client);

  // Transactions (transaction.cc).
  Answer commit(const Datum& changes);
  Answer compare(const Datum& argument);

  // Recipes (recipes.cc). A lock and an election are the same node with contenders below it.
  Answer acquire(const std::string& path, std::uint64_t client);
  Answer release(const std::string& path, std::uint64_t client);
  Answer renew(const std::string& path, std::uint64_t client) const;
  Answer use(const std::string& path, const Datum& token);
  Answer elect(const std::string& path, std::uint64_t client);
  std::string contend(const std::string& path, std::uint64_t client);
  std::string sequential_child(const std::string& parent, const std::string& prefix);

  Bugs<CoordinationBug> bugs_;
  Tree tree_;
  std::map<std::uint64_t, Last> requests_;
};

/// [term leader] of an election; nil if there is none.
Datum leader_of(const Tree& tree, const std::string& path);
/// By name, of a map; nil if it is not there.
Datum field(const Datum& map, std::string_view name);

}  // namespace assay::reference
