#pragma once
// Antichain: entries none of which is dominated by an earlier one, as far as a bounded look finds
// out. What dominates what is the user's rule.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace assay {

/// Rule: `group(entry)`, a number: only entries of one group dominate each other; `hash(entry,
/// group)`; `dominates(a, b)`, of one group; `equal(a, b)`. Equal entries are found behind any
/// number of others. Clearing costs nothing. Not thread-safe.
template <class Entry, class Rule>
class Antichain {
 public:
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
           2 * groups_.capacity() * sizeof(Head);
  }

  /// False if an entry dominates it. It takes the place of the latest entry that it dominates.
  bool insert(const Entry& entry, const Rule& rule) {
    if (2 * (entries_.size() + 1) > groups_.size()) grow();
    const std::uint64_t number = rule.group(entry);
    Head& group = group_of(number);
    std::uint32_t dominated = none;
    std::uint32_t i = group.generation == generation_ ? group.first : none;
    for (int looked_at = 0; i != none && looked_at < look; ++looked_at, i = links_[i].next) {
      if (rule.dominates(entries_[i], entry)) return false;
      if (dominated == none && rule.dominates(entry, entries_[i])) dominated = i;
    }
    const std::uint64_t hash = rule.hash(entry, number);
    if (i != none && has_equal(entry, hash, rule)) return false;
    if (dominated != none) {
      // Its hash is not looked up any more, which loses nothing but an equal one far behind.
      entries_[dominated] = entry;
      links_[dominated].hash = hash;
      return true;
    }
    const auto index = static_cast<std::uint32_t>(entries_.size());
    const std::uint32_t next = group.generation == generation_ ? group.first : none;
    entries_.push_back(entry);
    links_.push_back({number, hash, next});
    group = {generation_, index};
    add_hash(hash, index);
    return true;
  }

 private:
  static constexpr std::uint32_t none = 0xffff'ffffU;
  static constexpr int look = 128;

  struct Link {
    std::uint64_t group;
    std::uint64_t hash;
    std::uint32_t next;  ///< the entry of the same group that came before
  };
  struct Head {
    std::uint64_t generation = 0;
    std::uint32_t first = none;
  };

  std::size_t first_slot(std::uint64_t hash) const {
    return ((hash * 0x9e3779b97f4a7c15ULL) >> 24U) & (groups_.size() - 1);
  }
  std::size_t next_slot(std::size_t slot) const { return (slot + 1) & (groups_.size() - 1); }

  Head& group_of(std::uint64_t group) {
    std::size_t slot = first_slot(group);
    while (groups_[slot].generation == generation_ && links_[groups_[slot].first].group != group) {
      slot = next_slot(slot);
    }
    return groups_[slot];
  }
  bool has_equal(const Entry& entry, std::uint64_t hash, const Rule& rule) const {
    for (std::size_t slot = first_slot(hash); hashes_[slot].generation == generation_;
         slot = next_slot(slot)) {
      const std::uint32_t i = hashes_[slot].first;
      if (links_[i].hash == hash && rule.equal(entries_[i], entry)) return true;
    }
    return false;
  }
  void add_hash(std::uint64_t hash, std::uint32_t index) {
    std::size_t slot = first_slot(hash);
    while (hashes_[slot].generation == generation_) slot = next_slot(slot);
    hashes_[slot] = {generation_, index};
  }
  void grow() {
    groups_.assign(groups_.empty() ? 16 : groups_.size() * 4, Head{});
    hashes_.assign(groups_.size(), Head{});
    ++generation_;
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
      group_of(links_[i].group) = {generation_, i};
      add_hash(links_[i].hash, i);
    }
  }

  std::vector<Entry> entries_;
  std::vector<Link> links_;
  std::vector<Head> groups_;  ///< open addressing: the latest entry of a group
  std::vector<Head> hashes_;  ///< open addressing, of the same size: every entry by its hash
  std::uint64_t generation_ = 1;
};

}  // namespace assay
