#pragma once
// The write-ahead log of a member as a file; wal_format.h says what is in it.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "targets/reference/protocols/wal_format.h"

namespace assay::reference {

/// The open file; locked, so that two members cannot share a folder. Not thread-safe.
class WalFile {
 public:
  struct Opened {
    std::unique_ptr<WalFile> file;
    Recovered recovered;
    std::size_t cut_bytes = 0;  ///< the torn tail that was removed
  };
  /// Opens or creates FOLDER/wal, reads it and cuts its torn tail.
  /// Errors: cannot_write, bad_data, busy (another process has it open).
  static Result<Opened> open(const std::string& folder);
  WalFile(const WalFile&) = delete;
  WalFile& operator=(const WalFile&) = delete;
  ~WalFile();

  /// Appends and waits until the bytes are on disk; then marks that they are. After an error the
  /// file must not be used.
  Status append(std::string_view bytes);
  /// Puts a file with nothing but these records in its place, at once or not at all, and waits
  /// until that is on disk. After an error the file must not be used.
  Status replace(std::string_view bytes);

 private:
  Status write(std::string_view bytes);
  Status sync();
  Status mark();

  WalFile(int descriptor, std::string folder)
      : descriptor_(descriptor), folder_(std::move(folder)), path_(folder_ + "/wal") {}
  int descriptor_;
  std::size_t size_ = 0;
  std::string folder_;
  std::string path_;
};

}  // namespace assay::reference
