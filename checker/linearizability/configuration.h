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

/// For an Antichain of configurations of one model. A dominates B if whatever completes B completes
/// A too: same state, no counter higher, and every open operation done in A if and only if in B, or
/// free in A, or a read that A has done.
template <class M, std::size_t W>
struct ConfigurationRule {
  using Entry = Configuration<typename M::State, W>;

  Mask<W> reads;                        ///< the slots of open reads
  std::array<std::uint64_t, W> guards;  ///< the guard bits of all counters

  static std::uint64_t group(const Entry& entry) { return M::hash(entry.state); }
  static std::uint64_t hash(const Entry& entry, std::uint64_t hash) {
    const auto add = [&hash](std::uint64_t word) {
      hash = (hash ^ word) * 0x9fb21c651e98df25ULL;
      hash ^= hash >> 32U;
    };
    for (const std::uint64_t word : entry.done.words) add(word);
    for (const std::uint64_t word : entry.free.words) add(word);
    for (const std::uint64_t word : entry.used) add(word);
    return hash;
  }
  static bool equal(const Entry& a, const Entry& b) {
    return a.state == b.state && a.done == b.done && a.free == b.free && a.used == b.used;
  }
  bool dominates(const Entry& a, const Entry& b) const {
    for (std::size_t i = 0; i < W; ++i) {
      const std::uint64_t differs =
          (a.done.words[i] ^ b.done.words[i]) | (b.free.words[i] & ~a.free.words[i]);
      const std::uint64_t harmless = a.free.words[i] | (reads.words[i] & a.done.words[i]);
      if ((differs & ~harmless) != 0) return false;
      if ((((b.used[i] | guards[i]) - a.used[i]) & guards[i]) != guards[i]) return false;
    }
    return a.state == b.state;
  }
};

}  // namespace assay
