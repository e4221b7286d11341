#pragma once
// PendingUses: which of the calls that never return a branch of the search has used, as a small
// number. Equal pending calls form a class, and of a class only two counts matter: how many are
// used, and how many of those are early, that is, had to begin before the latest overwrite in the
// order was placed. Only early ones may still be put in before that overwrite.
//
// Branches differ in few ways, so the vectors of all counts are interned: branches compare and copy
// a number, however many classes there are.
//
// Few classes are ever short of calls. An Economy says which classes a search must count exactly;
// it takes the others for equal in all branches, and may even take them for endless.

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "checker/linearizability/schedule.h"

namespace assay {

struct Economy {
  std::vector<bool> counted;  ///< by class
  bool endless = false;       ///< what is not counted never runs out, once one has begun

  bool is_endless(std::uint32_t c) const { return endless && !counted[c]; }
};

/// Not thread-safe.
class PendingUses {
 public:
  using Id = std::uint32_t;
  static constexpr Id nothing = 0;

  /// The schedule outlives it.
  PendingUses(const Schedule& schedule, Economy economy);

  std::size_t used(Id id, std::uint32_t c) const { return count(row(id), c); }
  std::size_t early(Id id, std::uint32_t c) const { return count(row(id) + words_, c); }
  /// How many are used, of all classes.
  std::size_t total(Id id) const { return totals_[id]; }

  /// What is endless leaves the id as it is.
  Id use(Id id, std::uint32_t c, bool early);
  /// An overwrite was placed: whatever is used is early from now on.
  Id overwritten(Id id);

  /// Has `a` used at most what `b` has, by both counts of every counted class?
  bool at_most(Id a, Id b) const;
  /// The same number for ids that differ in no counted class.
  Id counted(Id id) const { return counted_[id]; }
  const Economy& economy() const { return economy_; }

  std::size_t size() const { return totals_.size(); }
  std::uint64_t bytes() const { return rows_.capacity() * sizeof(Word) + 192 * totals_.size(); }

  /// Forgets every id but `live`, which it renumbers, and the counts of every class but `active`.
  /// Has to come before a class's counter is given to another one.
  void rebuild(std::span<Id* const> live, std::span<const std::uint32_t> active);
  /// A class begins to count.
  void add_class(std::uint32_t c);

 private:
  using Word = std::uint64_t;

  const Word* row(Id id) const { return rows_.data() + std::size_t{id} * 2 * words_; }
  std::size_t count(const Word* words, std::uint32_t c) const {
    const CounterField& field = schedule_.classes[c].field;
    return (words[field.word] & field.mask()) >> field.shift;
  }
  void load(Id id) { scratch_.assign(row(id), row(id) + 2 * words_); }
  /// The id of scratch_.
  Id intern(std::size_t total);

  const Schedule& schedule_;
  Economy economy_;
  std::size_t words_;
  std::vector<Word> rows_;           ///< by id: the words of used ones, then of early ones
  std::vector<std::size_t> totals_;  ///< by id
  std::vector<Id> counted_;          ///< by id: the first id that differs in no counted class
  std::vector<Word> guards_;  ///< by word: the highest bit of each counted one; always 0 in rows
  std::vector<Word> kept_;    ///< by word: the bits of all counted ones
  std::vector<Word> scratch_;
  std::unordered_multimap<std::uint64_t, Id> by_hash_;
  std::unordered_multimap<std::uint64_t, Id> by_kept_hash_;
  std::unordered_map<std::uint64_t, Id> changed_;  ///< by id and what happened to it
};

}  // namespace assay
