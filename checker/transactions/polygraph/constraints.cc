#include "checker/transactions/polygraph/constraints.h"

#include <algorithm>

#include "base/assert.h"

namespace assay::polygraph {

Polygraph::Polygraph(const Facts& facts, const Rules& rules)
    : facts_(facts), rules_(rules), known_(facts, rules) {
  collect_versions();
  folded_ = fold();
  if (folded_) add_known();
}

Version Polygraph::version_of(NodeId writer, TxnKey key) const {
  const auto written = facts_.writes_of(writer);
  const auto at = std::lower_bound(written.begin(), written.end(), key);
  if (at == written.end() || *at != key) return no_version;
  return facts_.nodes[writer].first_write + static_cast<Version>(at - written.begin());
}

void Polygraph::collect_versions() {
  const std::size_t versions = facts_.writes.size();
  writer_.resize(versions);
  next_.assign(versions, no_version);
  initial_readers_.resize(facts_.key_count);
  initial_overwriters_.resize(facts_.key_count);
  std::vector<std::pair<Version, NodeId>> reads;
  for (NodeId n = 0; n < facts_.nodes.size(); ++n) {
    for (std::size_t i = 0; i < facts_.writes_of(n).size(); ++i) {
      writer_[facts_.nodes[n].first_write + i] = n;
    }
  }
  first_reader_.assign(versions + 1, 0);
  for (NodeId n = 0; n < facts_.nodes.size(); ++n) {
    for (const ExternalRead& read : facts_.reads_of(n)) {
      const auto from = facts_.candidates_of(read);
      if (from.size() > 1) {
        open_reads_.push_back({n, read.key, {from.begin(), from.end()}});
      } else if (from[0] != initial_writer) {
        known_.add(known_.reads_from(from[0], n));
        reads.emplace_back(version_of(from[0], read.key), n);
      } else if (rules_.folds() && version_of(n, read.key) != no_version) {
        initial_overwriters_[read.key].push_back(n);
      } else {
        initial_readers_[read.key].push_back(n);
      }
    }
  }
  for (const auto& [version, reader] : reads) ++first_reader_[version + 1];
  for (std::size_t v = 0; v < versions; ++v) first_reader_[v + 1] += first_reader_[v];
  readers_.resize(reads.size());
  std::vector<std::uint32_t> at(first_reader_.begin(), first_reader_.end() - 1);
  for (const auto& [version, reader] : reads) readers_[at[version]++] = reader;
}

/// False if two transactions overwrite the same version after reading it: each must come directly
/// after it.
bool Polygraph::fold() {
  const std::size_t versions = facts_.writes.size();
  std::vector<bool> is_next(versions, false);
  if (rules_.folds()) {
    for (TxnKey key = 0; key < facts_.key_count; ++key) {
      if (initial_overwriters_[key].size() < 2) continue;
      suspects_.assign(initial_overwriters_[key].begin(), initial_overwriters_[key].begin() + 2);
      return false;
    }
    for (Version v = 0; v < versions; ++v) {
      for (const NodeId reader : readers(v)) {
        const Version overwriting = version_of(reader, facts_.writes[v]);
        if (overwriting == no_version) continue;
        if (next_[v] != no_version) {
          suspects_ = {writer_[v], writer_[next_[v]], reader};
          return false;
        }
        next_[v] = overwriting;
        is_next[overwriting] = true;
      }
    }
  }
  block_of_.assign(versions, 0);
  for (Version v = 0; v < versions; ++v) {
    if (is_next[v]) continue;
    const TxnKey key = facts_.writes[v];
    Version tail = v;
    block_of_[v] = static_cast<BlockId>(blocks_.size());
    while (next_[tail] != no_version) {
      tail = next_[tail];
      block_of_[tail] = static_cast<BlockId>(blocks_.size());
    }
    const auto& first = initial_overwriters_[key];
    blocks_.push_back({key, v, tail, !first.empty() && first[0] == writer_[v]});
  }
  first_block_.assign(facts_.key_count + 1, 0);
  for (const Block& block : blocks_) ++first_block_[block.key + 1];
  for (TxnKey k = 0; k < facts_.key_count; ++k) first_block_[k + 1] += first_block_[k];
  by_key_.resize(blocks_.size());
  std::vector<std::uint32_t> at(first_block_.begin(), first_block_.end() - 1);
  for (BlockId b = 0; b < blocks_.size(); ++b) by_key_[at[blocks_[b].key]++] = b;
  return true;
}

void Polygraph::add_anti(NodeId reader, NodeId later) {
  if (rules_.kind == Kind::parallel) {
    anti_.emplace_back(reader, later);
  } else {
    known_.add(known_.anti(reader, later));
  }
}

void Polygraph::add_known() {
  for (Version v = 0; v < next_.size(); ++v) {
    if (next_[v] == no_version) continue;
    const NodeId overwriter = writer_[next_[v]];
    for (const NodeId reader : readers(v)) {
      if (reader != overwriter) add_anti(reader, overwriter);
    }
  }
  for (TxnKey key = 0; key < facts_.key_count; ++key) add_initial_reads(key);
}

/// Who read the initial value comes before every overwriter, and the block that began with it
/// before every other block.
void Polygraph::add_initial_reads(TxnKey key) {
  const auto& readers = initial_readers_[key];
  const auto blocks = blocks_of(key);
  const auto first =
      std::find_if(blocks.begin(), blocks.end(), [&](BlockId b) { return blocks_[b].first; });
  if (first != blocks.end()) {
    for (const NodeId reader : readers) add_anti(reader, writer_[blocks_[*first].head]);
    for (const BlockId other : blocks) {
      if (other != *first) decide(*first, other);
    }
    return;
  }
  if (readers.empty() || blocks.empty()) return;
  if (rules_.kind == Kind::parallel || readers.size() == 1 || blocks.size() == 1) {
    for (const NodeId reader : readers) {
      for (const BlockId b : blocks) add_anti(reader, writer_[blocks_[b].head]);
    }
    return;
  }
  const Point carrier = known_.add_carrier();
  for (const NodeId reader : readers) known_.add({known_.begin(reader), carrier});
  for (const BlockId b : blocks) known_.add({carrier, known_.commit(writer_[blocks_[b].head])});
}

void Polygraph::decide(BlockId a, BlockId b) {
  consequences(
      a, b, [&](Edge edge) { known_.add(edge); },
      [&](NodeId reader, NodeId later) { add_anti(reader, later); });
}

bool Polygraph::may_precede(BlockId a, BlockId b) const {
  bool possible = !blocks_[b].first;
  consequences(
      a, b, [&](Edge edge) { possible = possible && !known_.reaches(edge.to, edge.from); },
      [&](NodeId reader, NodeId later) {
        const Edge edge = known_.anti(reader, later);
        possible = possible && !known_.reaches(edge.to, edge.from);
      });
  return possible;
}

Settled Polygraph::prune(const SearchLimits& limits) {
  if (!folded_) return Settled::contradiction;
  constexpr int rounds = 100;
  bool changed = true;
  for (int round = 0; changed; ++round) {
    if (limits.time_is_up()) return Settled::out_of_time;
    if (!known_.sort()) {
      blame(known_.cycle());
      return Settled::contradiction;
    }
    if (!known_.compute_reach(limits.memory_bytes)) return Settled::out_of_memory;
    if (!anti_holds()) return Settled::contradiction;
    if (round == 0) find_choices();
    if (round == rounds) break;
    changed = false;
    std::vector<Choice> left;
    for (const Choice& choice : choices_) {
      if (!settle(choice, changed, left)) return Settled::contradiction;
    }
    choices_ = std::move(left);
  }
  return Settled::open;
}

std::vector<NodeId> Polygraph::arrange(std::span<const Edge> chosen) {
  for (const Edge& edge : chosen) known_.add(edge);
  ASSAY_ASSERT(known_.sort());
  std::vector<NodeId> order;
  for (const Point p : known_.order()) {
    if (!known_.is_carrier(p)) order.push_back(known_.node(p));
  }
  return order;
}

/// False if neither side of the choice is possible.
bool Polygraph::settle(const Choice& choice, bool& changed, std::vector<Choice>& left) {
  const bool forward = may_precede(choice.a, choice.b);
  const bool backward = may_precede(choice.b, choice.a);
  if (!forward && !backward) {
    blame(choice);
    return false;
  }
  if (forward && backward) {
    left.push_back(choice);
    return true;
  }
  const BlockId a = forward ? choice.a : choice.b;
  const BlockId b = forward ? choice.b : choice.a;
  // Only what is new: most of it follows already.
  const auto add = [&](Edge edge) {
    if (known_.reaches(edge.from, edge.to)) return;
    known_.add(edge);
    changed = true;
  };
  consequences(a, b, add, [&](NodeId reader, NodeId later) {
    if (rules_.kind == Kind::parallel) {
      anti_.emplace_back(reader, later);
    } else {
      add(known_.anti(reader, later));
    }
  });
  return true;
}

/// No overwriter is seen by those who read what it overwrote.
bool Polygraph::anti_holds() {
  for (const auto& [reader, later] : anti_) {
    if (!known_.reaches(later, reader)) continue;
    suspects_ = {reader, later};
    return false;
  }
  return true;
}

void Polygraph::find_choices() {
  for (TxnKey key = 0; key < facts_.key_count; ++key) {
    if (known_.has_chains() && blocks_of(key).size() > 8) {
      windows(key);
      continue;
    }
    const auto blocks = blocks_of(key);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      for (std::size_t j = i + 1; j < blocks.size(); ++j) {
        if (!blocks_[blocks[i]].first && !blocks_[blocks[j]].first) {
          choices_.push_back({blocks[i], blocks[j]});
        }
      }
    }
  }
}

/// Of the blocks whose heads are in one session, those that certainly come before `a` are the
/// first ones, and those that certainly come after it the last ones. Of the certain ones only the
/// nearest need edges: the session, and the same argument about them, give the rest. What is in
/// between is left open.
void Polygraph::windows(TxnKey key) {
  // By chain: its blocks, in the order of their heads.
  std::vector<BlockId> sorted;
  for (const BlockId b : blocks_of(key)) {
    if (!blocks_[b].first) sorted.push_back(b);
  }
  const auto head = [&](BlockId b) { return writer_[blocks_[b].head]; };
  const auto chain = [&](BlockId b) { return known_.chain(known_.begin(head(b))); };
  std::sort(sorted.begin(), sorted.end(), [&](BlockId a, BlockId b) {
    const Point p = known_.begin(head(a));
    const Point q = known_.begin(head(b));
    return std::pair(known_.chain(p), known_.place(p)) <
           std::pair(known_.chain(q), known_.place(q));
  });
  std::size_t begin = 0;
  while (begin < sorted.size()) {
    std::size_t end = begin + 1;
    while (end < sorted.size() && chain(sorted[end]) == chain(sorted[begin])) ++end;
    const auto first = sorted.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = sorted.begin() + static_cast<std::ptrdiff_t>(end);
    for (const BlockId a : sorted) {
      const auto before = std::partition_point(
          first, last, [&](BlockId b) { return b == a || !may_precede(a, b); });
      const auto after = std::partition_point(before, last, [&](BlockId b) {
        const Edge edge = known_.overwrites(head(b), head(a));
        return b == a || !known_.reaches(edge.to, known_.commit(head(b)));
      });
      // A pair is met from both sides: take it once.
      for (auto b = before; b != after; ++b) {
        if (a < *b) choices_.push_back({a, *b});
      }
      if (before != first && *(before - 1) != a) choices_.push_back({*(before - 1), a});
      if (after != last && *after != a) choices_.push_back({a, *after});
    }
    begin = end;
  }
}

void Polygraph::blame(std::span<const Point> points) {
  suspects_.clear();
  for (const Point p : points) {
    if (!known_.is_carrier(p)) suspects_.push_back(known_.node(p));
  }
  std::sort(suspects_.begin(), suspects_.end());
  suspects_.erase(std::unique(suspects_.begin(), suspects_.end()), suspects_.end());
}

void Polygraph::blame(const Choice& choice) {
  suspects_.clear();
  for (const BlockId b : {choice.a, choice.b}) {
    for (Version v = blocks_[b].head; v != no_version; v = next_[v]) {
      suspects_.push_back(writer_[v]);
    }
    for (const NodeId reader : readers(blocks_[b].tail)) suspects_.push_back(reader);
  }
}

}  // namespace assay::polygraph
