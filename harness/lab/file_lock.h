#pragma once
// FileLock: an exclusive lock that the kernel releases when its holder ends, however it ends.

#include <filesystem>

#include "base/result.h"

namespace assay {

/// Movable; released by the destructor. Held per object: a second one in the same process is
/// refused like one elsewhere.
class FileLock {
 public:
  /// Error: busy with the holder's process id in the message, cannot_write, not_permitted.
  static Result<FileLock> try_lock(const std::filesystem::path& file);
  /// Waits without limit.
  static Result<FileLock> wait(const std::filesystem::path& file);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  static Result<FileLock> lock(const std::filesystem::path& file, int operation);
  int fd_;
};

/// The process that holds the lock now, 0 if none does or it cannot be told.
int lock_holder(const std::filesystem::path& file);

}  // namespace assay
