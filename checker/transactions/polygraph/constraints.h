#pragma once
// The polygraph of a history: what is known about the order of its transactions, and for every two
// writers of a key whose order is not known, the two ways it can be.
//
// Sources: Papadimitriou, 1979 (polygraphs); Tan et al., "Cobra", OSDI 2020 (chains of
// read-modify-writes, pruning by reachability); Huang et al., "PolySI", VLDB 2023.

#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "checker/linearizability/limits.h"
#include "checker/transactions/polygraph/facts.h"
#include "checker/transactions/polygraph/precedence.h"
#include "checker/transactions/polygraph/rules.h"

namespace assay::polygraph {

/// What one transaction leaves in one key: a position in Facts::writes.
using Version = std::uint32_t;
inline constexpr Version no_version = std::numeric_limits<Version>::max();

/// Versions of one key that follow each other directly in every order: each but the first was
/// written by a transaction that had read the one before.
struct Block {
  TxnKey key;
  Version head;
  Version tail;
  bool first;  ///< its head had read the initial value, so it comes before all other blocks
};
using BlockId = std::uint32_t;

/// Two blocks of a key, either of which may come first.
struct Choice {
  BlockId a;
  BlockId b;
};

/// A read with several possible writers.
struct OpenRead {
  NodeId reader;
  TxnKey key;
  std::vector<NodeId> candidates;
};

enum class Settled : std::uint8_t { open, contradiction, out_of_memory, out_of_time };

class Polygraph {
 public:
  Polygraph(const Facts& facts, const Rules& rules);

  /// Decides every choice one side of which contradicts what is known, until nothing changes.
  /// open: choices() are left, perhaps none.
  Settled prune(const SearchLimits& limits);

  /// The transactions in an order that agrees with what is known and with `chosen`; in a model with
  /// begins and commits each twice. REQUIRES that there is one. The last thing to ask for.
  std::vector<NodeId> arrange(std::span<const Edge> chosen);

  /// After a contradiction: transactions that take part in it.
  const std::vector<NodeId>& suspects() const { return suspects_; }
  std::span<const Choice> choices() const { return choices_; }
  const std::vector<OpenRead>& open_reads() const { return open_reads_; }
  std::span<const Block> blocks() const { return blocks_; }
  std::span<const BlockId> blocks_of(TxnKey key) const {
    return std::span(by_key_).subspan(first_block_[key], first_block_[key + 1] - first_block_[key]);
  }
  const Precedence& precedence() const { return known_; }
  /// Known anti-dependencies (reader, overwriter) of a parallel model, where they are no edges.
  std::span<const std::pair<NodeId, NodeId>> anti() const { return anti_; }
  NodeId writer(Version v) const { return writer_[v]; }
  /// Readers of this version that do not overwrite it in its block.
  std::span<const NodeId> readers(Version v) const {
    return std::span(readers_).subspan(first_reader_[v], first_reader_[v + 1] - first_reader_[v]);
  }
  std::span<const NodeId> initial_readers(TxnKey key) const { return initial_readers_[key]; }
  Version version_of(NodeId writer, TxnKey key) const;
  Version next_in_block(Version v) const { return next_[v]; }
  BlockId block_of(Version v) const { return block_of_[v]; }
  const Facts& facts() const { return facts_; }
  const Rules& rules() const { return rules_; }

  /// Can all of `a` come before all of `b`, as far as is known? REQUIRES a prune() that ended open.
  bool may_precede(BlockId a, BlockId b) const;
  /// Calls add(edge) and anti(reader, overwriter) with all that "a before b" means.
  template <class Add, class Anti>
  void consequences(BlockId a, BlockId b, Add add, Anti anti) const {
    const NodeId later = writer_[blocks_[b].head];
    add(known_.overwrites(writer_[blocks_[a].tail], later));
    for (const NodeId reader : readers(blocks_[a].tail)) {
      if (reader != later || rules_.doubled()) anti(reader, later);
    }
  }

 private:
  void collect_versions();
  bool fold();
  void add_known();
  void add_initial_reads(TxnKey key);
  void add_anti(NodeId reader, NodeId later);
  void decide(BlockId a, BlockId b);
  void find_choices();
  void windows(TxnKey key);
  bool settle(const Choice& choice, bool& changed, std::vector<Choice>& left);
  bool anti_holds();
  void blame(std::span<const Point> points);
  void blame(const Choice& choice);

  const Facts& facts_;
  Rules rules_;
  Precedence known_;
  std::vector<NodeId> writer_;
  std::vector<std::uint32_t> first_reader_;
  std::vector<NodeId> readers_;
  std::vector<std::vector<NodeId>> initial_readers_;
  std::vector<Version> next_;
  std::vector<std::vector<NodeId>> initial_overwriters_;
  std::vector<BlockId> block_of_;
  std::vector<Block> blocks_;
  std::vector<std::uint32_t> first_block_;
  std::vector<BlockId> by_key_;
  std::vector<Choice> choices_;
  std::vector<OpenRead> open_reads_;
  std::vector<std::pair<NodeId, NodeId>> anti_;
  std::vector<NodeId> suspects_;
  bool folded_ = false;
};

}  // namespace assay::polygraph
