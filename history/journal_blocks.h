#pragma once
// The frame of a journal: its header and its blocks, whatever these hold. docs/formats.md has the
// layout.

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

#include "base/result.h"
#include "history/history.h"

namespace assay {

/// A block of events, or why there is none any more.
struct JournalBlock {
  enum class Kind : std::uint8_t {
    events,
    end,       ///< the end mark
    no_mark,   ///< the input stops between two blocks
    cut,       ///< the input stops inside this block
    damaged,   ///< the frame's checksum is wrong
    trailing,  ///< there is something behind the end mark
  };

  std::string_view payload() const { return std::string_view(bytes).substr(0, length); }

  Kind kind = Kind::events;
  std::uint64_t at = 0;      ///< where its frame begins
  std::uint64_t behind = 0;  ///< where reading stopped
  std::uint32_t crc = 0;     ///< of the payload, as the frame says
  std::size_t length = 0;    ///< of the payload
  std::string bytes;         ///< may be longer: its memory is used again
};

/// Reads the header, then block after block. Not thread-safe.
class JournalBlocks {
 public:
  explicit JournalBlocks(std::istream& input) : input_(input) {}

  /// What the header declares; `version` as it says. Error: bad_data.
  Result<HistoryInfo> read_header(std::uint32_t& version);
  /// Reads the next block, whose payload's checksum is left to whoever decodes it. Nothing follows
  /// what is not `events`.
  void next(JournalBlock& block);

 private:
  /// Up to `length` bytes into `to`; returns how many there were.
  std::size_t read(std::size_t length, std::string& to);

  std::istream& input_;
  std::string frame_;
  std::uint64_t offset_ = 0;
};

/// The error of a journal that is wrong at a byte.
Error damaged_journal(std::uint64_t offset, const std::string& what);

}  // namespace assay
