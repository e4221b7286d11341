#pragma once
// Tokens: the texts that were put or appended, and how a string is made of them. If no token begins
// with another one, there is at most one way.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "checker/linearizability/strings/string_object.h"

namespace assay {

class TokenTable {
 public:
  static constexpr std::uint32_t none = 0xffff'ffffU;

  /// The non-empty texts of the object's puts and appends and its initial text. The object outlives
  /// the table. O(total length).
  explicit TokenTable(const StringObject& object);

  /// Does no token begin with another one?
  bool prefix_free() const { return prefix_free_; }
  /// The token (a text number) that `rest` begins with, the shortest if there are several.
  std::uint32_t at(std::string_view rest) const;
  /// The tokens that `text` consists of. REQUIRES prefix_free.
  std::optional<std::vector<std::uint32_t>> parse(std::string_view text) const;

 private:
  struct Slot {
    std::uint32_t hash = 0;  ///< its low half
    std::uint32_t token = none;
  };

  void insert(std::uint64_t hash, std::uint32_t token);
  std::size_t slot_of(std::uint64_t hash) const { return (hash >> 24U) & (table_.size() - 1); }
  std::uint32_t find(std::uint64_t hash, std::string_view text) const;

  std::span<const std::string_view> texts_;
  std::vector<Slot> table_;  ///< open addressing, power of two
  /// Eight bits a slot, one for each token: most texts that are none are told by it, in the cache.
  std::vector<bool> filter_;
  std::vector<bool> has_length_;
  bool prefix_free_ = true;
};

/// Can the text be made by a put, or from the initial text, and then appends of the calls that
/// began before `end`? If not, up to which offset can a beginning of it be made? O(length * number
/// of different token lengths), whatever the tokens are.
std::optional<std::size_t> unmakeable_from(const StringObject& object, std::string_view text,
                                           std::int64_t end);

}  // namespace assay
