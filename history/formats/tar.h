#pragma once
// tar archives, read in one pass: what some histories come in.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "history/formats/streams.h"

namespace assay {

struct TarEntry {
  std::string name;
  std::uint64_t size = 0;
  bool regular = false;
};

/// Walks over the headers of an archive.
class TarReader {
 public:
  explicit TarReader(std::streambuf& input) : input_(input) {}

  /// Steps to the next entry. False at the end of the archive; error (bad_data) with the byte.
  /// REQUIRES: consumed() was told how much of the entry before was read.
  Result<bool> next();
  const TarEntry& entry() const { return entry_; }
  /// Of the entry's contents in the archive; what is read there must be told.
  std::uint64_t offset() const { return offset_; }
  void consumed(std::uint64_t bytes);

 private:
  bool skip(std::uint64_t bytes);

  std::streambuf& input_;
  TarEntry entry_;
  std::uint64_t offset_ = 0;
  std::uint64_t left_ = 0;  ///< of the entry's contents and padding
};

inline constexpr std::size_t tar_block = 512;
/// Does the beginning of a file hold the header of a tar archive?
bool is_tar(std::string_view beginning);
/// The first regular entry within the beginning of an archive, if it lies there.
TarEntry first_tar_entry(std::string_view beginning);

/// The contents of the only regular file of the archive `source`. Further files are an error.
std::unique_ptr<ByteSource> tar_member(std::unique_ptr<ByteSource> source);

}  // namespace assay
