#pragma once
// The write-ahead log of a member: one file of frames (length, CRC-32C, payload). The first frame
// names the format; each further one is a change of the hard state and/or of the replicated log, or
// a part of the snapshot that the log begins with. After a crash the file is read up to the first
// frame that is not whole, and cut there: what lies behind was never reported durable.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "targets/reference/protocols/protocol.h"

namespace assay::reference {

/// Appends the records of one write; a large one becomes several frames. One with a snapshot
/// belongs at the beginning of a file.
void encode_wal_header(std::string& out);
void encode_wal_write(const Write& write, std::string& out);

struct WalContents {
  Recovered recovered;
  std::size_t valid_bytes = 0;  ///< length up to the end of the last whole record
};
/// Error (bad_data): the first frame is whole but not a header of this version.
Result<WalContents> parse_wal(std::string_view bytes);

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

  /// Appends and waits until the bytes are on disk. After an error the file must not be used.
  Status append(std::string_view bytes);
  /// Puts a file with nothing but these records in its place, at once or not at all, and waits
  /// until that is on disk. After an error the file must not be used.
  Status replace(std::string_view bytes);

 private:
  WalFile(int descriptor, std::string folder)
      : descriptor_(descriptor), folder_(std::move(folder)), path_(folder_ + "/wal") {}
  int descriptor_;
  std::string folder_;
  std::string path_;
};

}  // namespace assay::reference
