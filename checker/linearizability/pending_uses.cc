#include "checker/linearizability/pending_uses.h"

#include <algorithm>
#include <utility>

namespace assay {
namespace {

constexpr std::uint32_t overwrite = 0xffff'ffffU;

/// An id and what happens to it.
std::uint64_t change_key(PendingUses::Id id, std::uint32_t what) {
  return (std::uint64_t{id} << 32U) | what;
}

}  // namespace

PendingUses::PendingUses(const Schedule& schedule, Economy economy)
    : schedule_(schedule),
      economy_(std::move(economy)),
      words_(schedule.counter_words),
      guards_(words_, 0),
      kept_(words_, 0),
      scratch_(2 * words_, 0) {
  intern(0);
}

void PendingUses::add_class(std::uint32_t c) {
  if (!economy_.counted[c]) return;
  const CounterField& field = schedule_.classes[c].field;
  guards_[field.word] |= field.guard();
  kept_[field.word] |= field.mask();
}

PendingUses::Id PendingUses::use(Id id, std::uint32_t c, bool early) {
  if (economy_.is_endless(c)) return id;
  const std::uint64_t change = change_key(id, 2 * c + (early ? 1 : 0));
  if (const auto known = changed_.find(change); known != changed_.end()) return known->second;
  load(id);
  const CounterField& field = schedule_.classes[c].field;
  const Word one = Word{1} << field.shift;
  scratch_[field.word] += one;
  if (early) scratch_[words_ + field.word] += one;
  return changed_[change] = intern(totals_[id] + 1);
}

PendingUses::Id PendingUses::overwritten(Id id) {
  if (words_ == 0 || id == nothing) return id;
  const std::uint64_t change = change_key(id, overwrite);
  if (const auto known = changed_.find(change); known != changed_.end()) return known->second;
  load(id);
  std::copy_n(scratch_.begin(), words_, scratch_.begin() + static_cast<std::ptrdiff_t>(words_));
  return changed_[change] = intern(totals_[id]);
}

bool PendingUses::at_most(Id a, Id b) const {
  if (counted_[a] == counted_[b]) return true;
  const Word* x = row(a);
  const Word* y = row(b);
  for (std::size_t i = 0; i < words_; ++i) {
    const Word guard = guards_[i];
    const Word kept = kept_[i];
    const auto fewer = [&](Word few, Word many) {
      return ((((many & kept) | guard) - (few & kept)) & guard) == guard;
    };
    if (!fewer(x[i], y[i]) || !fewer(x[words_ + i], y[words_ + i])) return false;
  }
  return true;
}

void PendingUses::rebuild(std::span<Id* const> live, std::span<const std::uint32_t> active) {
  const std::vector<Word> old = std::move(rows_);
  rows_.clear();
  totals_.clear();
  counted_.clear();
  by_hash_.clear();
  by_kept_hash_.clear();
  changed_.clear();
  std::fill(guards_.begin(), guards_.end(), 0);
  std::fill(kept_.begin(), kept_.end(), 0);
  std::vector<Word> living(words_, 0);
  for (const std::uint32_t c : active) {
    add_class(c);
    living[schedule_.classes[c].field.word] |= schedule_.classes[c].field.mask();
  }
  scratch_.assign(2 * words_, 0);
  intern(0);
  std::unordered_map<Id, Id> renumbered;
  for (Id* id : live) {
    const auto [known, added] = renumbered.try_emplace(*id, nothing);
    if (added) {
      const Word* from = old.data() + std::size_t{*id} * 2 * words_;
      for (std::size_t i = 0; i < 2 * words_; ++i) scratch_[i] = from[i] & living[i % words_];
      std::size_t total = 0;
      for (const std::uint32_t c : active) total += count(scratch_.data(), c);
      known->second = intern(total);
    }
    *id = known->second;
  }
}

PendingUses::Id PendingUses::intern(std::size_t total) {
  const auto hash_of = [&](auto word_of) {
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < 2 * words_; ++i) {
      hash = (hash ^ word_of(i)) * 0x9fb21c651e98df25ULL;
      hash ^= hash >> 32U;
    }
    return hash;
  };
  const std::uint64_t hash = hash_of([&](std::size_t i) { return scratch_[i]; });
  const auto [begin, end] = by_hash_.equal_range(hash);
  for (auto at = begin; at != end; ++at) {
    if (std::equal(scratch_.begin(), scratch_.end(), row(at->second))) return at->second;
  }
  const auto id = static_cast<Id>(totals_.size());
  rows_.insert(rows_.end(), scratch_.begin(), scratch_.end());
  totals_.push_back(total);
  by_hash_.emplace(hash, id);
  const auto kept = [&](std::size_t i) { return scratch_[i] & kept_[i % words_]; };
  const auto same = [&](Id other) {
    for (std::size_t i = 0; i < 2 * words_; ++i) {
      if ((row(other)[i] & kept_[i % words_]) != kept(i)) return false;
    }
    return true;
  };
  const std::uint64_t kept_hash = hash_of(kept);
  const auto [first, last] = by_kept_hash_.equal_range(kept_hash);
  const auto alike = std::find_if(first, last, [&](const auto& at) { return same(at.second); });
  counted_.push_back(alike == last ? id : alike->second);
  if (alike == last) by_kept_hash_.emplace(kept_hash, id);
  return id;
}

}  // namespace assay
