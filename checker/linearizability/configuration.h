#pragma once
// Configuration: one way to explain a history up to now, for the frontier search. It holds the
// state of the object and, for the operations that are still open, what became of them so far;
// returned operations need no memory, so that its size does not depend on the history's length.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "checker/linearizability/trail.h"

namespace assay {

/// A set of small numbers below 64 * W.
template <std::size_t W>
struct Mask {
  std::array<std::uint64_t, W> words{};

  bool has(std::size_t bit) const { return ((words[bit / 64] >> (bit % 64)) & 1U) != 0; }
  void set(std::size_t bit) { words[bit / 64] |= std::uint64_t{1} << (bit % 64); }
  void clear(std::size_t bit) { words[bit / 64] &= ~(std::uint64_t{1} << (bit % 64)); }
  bool none() const {
    std::uint64_t any = 0;
    for (const std::uint64_t word : words) any |= word;
    return any == 0;
  }
  Mask operator&(const Mask& other) const {
    Mask result;
    for (std::size_t i = 0; i < W; ++i) result.words[i] = words[i] & other.words[i];
    return result;
  }
  Mask operator|(const Mask& other) const {
    Mask result;
    for (std::size_t i = 0; i < W; ++i) result.words[i] = words[i] | other.words[i];
    return result;
  }
  /// This set without the other.
  Mask operator-(const Mask& other) const {
    Mask result;
    for (std::size_t i = 0; i < W; ++i) result.words[i] = words[i] & ~other.words[i];
    return result;
  }
  bool operator==(const Mask&) const = default;

  template <class Visit>
  void each(Visit visit) const {
    for (std::size_t i = 0; i < W; ++i) {
      for (std::uint64_t rest = words[i]; rest != 0; rest &= rest - 1) {
        visit(i * 64 + static_cast<std::size_t>(__builtin_ctzll(rest)));
      }
    }
  }
};

/// Where a packed counter lies in Configuration::used. Its top bit stays 0, so that all counters
/// of a word are compared by one subtraction.
struct CounterField {
  std::uint32_t word = 0;
  std::uint32_t shift = 0;
  std::uint32_t width = 0;

  std::uint64_t mask() const { return ((std::uint64_t{1} << width) - 1) << shift; }
  std::uint64_t guard() const { return std::uint64_t{1} << (shift + width - 1); }
};

template <class State, std::size_t W>
struct Configuration {
  Mask<W> done;  ///< by slot: the open operation is in the order
  Mask<W> free;  ///< by slot: an overwrite not in it that may be put in without visible effect
  std::array<std::uint64_t, W> used{};  ///< packed counters: pending operations in the order
  State state{};
  Trail::Node trail = Trail::root;

  std::uint64_t count(const CounterField& field) const {
    return (used[field.word] & field.mask()) >> field.shift;
  }
};

/// Configurations none of which is dominated by an earlier one. A dominates B if whatever
/// completes B completes A too: same state, no counter higher, and every open operation done in A
/// if and only if in B, or free in A, or a read that A has done.
/// The dominance test looks at a bounded number of configurations of the same state; equal ones
/// are always found.
template <class State, std::size_t W>
class ConfigurationSet {
 public:
  using Entry = Configuration<State, W>;

  void clear() {
    entries_.clear();
    links_.clear();
    ++generation_;
  }
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  const std::vector<Entry>& entries() const { return entries_; }
  std::vector<Entry>& entries() { return entries_; }
  std::uint64_t bytes() const {
    return entries_.capacity() * sizeof(Entry) + links_.capacity() * sizeof(Link) +
           heads_.capacity() * sizeof(Head);
  }

  /// False if an entry dominates it. `reads`: the slots of open reads; `guards`: the guard bits of
  /// all counters.
  bool insert(const Entry& entry, std::uint64_t state_hash, const Mask<W>& reads,
              const std::array<std::uint64_t, W>& guards) {
    if (2 * (entries_.size() + 1) * 2 > heads_.size()) grow();
    const std::uint64_t full_hash = mix(entry, state_hash);
    Head& by_state = head(
        state_hash,
        [&](std::uint32_t i) {
          return entries_[i].state == entry.state && links_[i].state_hash == state_hash;
        },
        0);
    std::uint32_t i = by_state.generation == generation_ ? by_state.first : none;
    for (int looked_at = 0; i != none && looked_at < dominance_bound; ++looked_at) {
      if (dominates(entries_[i], entry, reads, guards)) return false;
      i = links_[i].next_of_state;
    }
    if (i != none && find_equal(entry, full_hash)) return false;
    append(entry, state_hash, full_hash, by_state);
    return true;
  }

 private:
  static constexpr std::uint32_t none = 0xffff'ffffU;
  static constexpr int dominance_bound = 128;

  struct Link {
    std::uint64_t state_hash;
    std::uint64_t full_hash;
    std::uint32_t next_of_state;
  };
  /// Both tables share one array: kind 0 finds the newest entry of a state, kind 1 an entry.
  struct Head {
    std::uint64_t generation = 0;
    std::uint32_t first = none;
    std::uint32_t kind = 0;
  };

  static std::uint64_t mix(const Entry& entry, std::uint64_t hash) {
    const auto add = [&hash](std::uint64_t word) {
      hash = (hash ^ word) * 0x9fb21c651e98df25ULL;
      hash ^= hash >> 32U;
    };
    for (const std::uint64_t word : entry.done.words) add(word);
    for (const std::uint64_t word : entry.free.words) add(word);
    for (const std::uint64_t word : entry.used) add(word);
    return hash;
  }

  static bool dominates(const Entry& a, const Entry& b, const Mask<W>& reads,
                        const std::array<std::uint64_t, W>& guards) {
    for (std::size_t i = 0; i < W; ++i) {
      const std::uint64_t differs =
          (a.done.words[i] ^ b.done.words[i]) | (b.free.words[i] & ~a.free.words[i]);
      const std::uint64_t harmless = a.free.words[i] | (reads.words[i] & a.done.words[i]);
      if ((differs & ~harmless) != 0) return false;
      if ((((b.used[i] | guards[i]) - a.used[i]) & guards[i]) != guards[i]) return false;
    }
    return true;
  }

  template <class Same>
  Head& head(std::uint64_t hash, Same same, std::uint32_t kind) {
    std::size_t slot = (hash >> 20U) & (heads_.size() - 1);
    while (heads_[slot].generation == generation_ &&
           !(heads_[slot].kind == kind && same(heads_[slot].first))) {
      slot = (slot + 1) & (heads_.size() - 1);
    }
    return heads_[slot];
  }

  bool find_equal(const Entry& entry, std::uint64_t full_hash) {
    const Head& found = head(
        full_hash,
        [&](std::uint32_t i) {
          const Entry& other = entries_[i];
          return links_[i].full_hash == full_hash && other.state == entry.state &&
                 other.done == entry.done && other.free == entry.free && other.used == entry.used;
        },
        1);
    return found.generation == generation_;
  }

  void append(const Entry& entry, std::uint64_t state_hash, std::uint64_t full_hash,
              Head& by_state) {
    const auto index = static_cast<std::uint32_t>(entries_.size());
    const std::uint32_t next = by_state.generation == generation_ ? by_state.first : none;
    entries_.push_back(entry);
    links_.push_back({state_hash, full_hash, next});
    by_state = {generation_, index, 0};
    head(
        full_hash, [](std::uint32_t) { return false; }, 1) = {generation_, index, 1};
  }

  void grow() {
    heads_.assign(heads_.empty() ? 16 : heads_.size() * 4, Head{});
    ++generation_;
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
      head(
          links_[i].state_hash,
          [&](std::uint32_t j) { return entries_[j].state == entries_[i].state; },
          0) = {generation_, i, 0};
      head(
          links_[i].full_hash, [](std::uint32_t) { return false; }, 1) = {generation_, i, 1};
    }
  }

  std::vector<Entry> entries_;
  std::vector<Link> links_;
  std::vector<Head> heads_;
  std::uint64_t generation_ = 1;
};

}  // namespace assay
