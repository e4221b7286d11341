#pragma once
// The block of columns inside a report's page, which web/src/block.ts reads: a line of JSON that
// names the sections, then the sections one after the other; all of it compressed by gzip and
// written in base64. Numbers are unsigned LEB128. Texts are numbered by their first use and joined
// by newlines.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace assay {

/// A section of numbers.
class NumberColumn {
 public:
  void add(std::uint64_t number);
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Two sections: which text each entry has, as the distance from the newest text (0: the next new
/// one), and the texts. REQUIRES: no newlines in the texts, as in what visible() returns.
class TextColumn {
 public:
  void add(std::string_view text);
  const std::string& bytes() const { return ids_.bytes(); }
  const std::string& texts() const { return texts_; }

 private:
  NumberColumn ids_;
  std::string texts_;
  std::unordered_map<std::string, std::size_t> known_;
};

class BlockWriter {
 public:
  void add(std::string_view name, const NumberColumn& column);
  void add(std::string_view name, const TextColumn& column);
  /// `fields`: members of the header beside `sections`, each followed by a comma. O(n).
  std::string finish(std::string_view fields) const;

 private:
  std::vector<std::pair<std::string, std::size_t>> sections_;
  std::string bytes_;
};

}  // namespace assay
