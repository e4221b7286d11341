#pragma once
// Unsynced: what a disk would lose now. For each file that was written to since its last fsync, the
// bytes that those writes replaced, so that they can be put back.

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>

#include "base/random.h"

namespace assay::agent {

struct Loss {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;  ///< put back or cut off
};

/// Files are known by inode number. At most 64 MiB of replaced bytes are kept; of the file that was
/// written to first the older writes then count as synced, as a kernel writes back in its own time.
/// Not thread-safe.
class Unsynced {
 public:
  Unsynced() = default;
  Unsynced(const Unsynced&) = delete;
  Unsynced& operator=(const Unsynced&) = delete;
  ~Unsynced();

  /// Call before `size` bytes at `offset` of the file behind `file` are written, or before it is
  /// cut (all from `offset` on). `file` may be read and written.
  void before_change(int file, std::uint64_t offset, std::uint64_t size);
  void synced(ino_t inode);
  /// The file has no name any more.
  void removed(ino_t inode) { synced(inode); }

  /// Puts everything back. `torn`: of each sector of 512 bytes only with a chance of a half, and of
  /// what was appended a random part stays.
  Loss lose(bool torn, Random& random);

 private:
  struct File {
    int file = -1;           ///< of our own
    std::uint64_t size = 0;  ///< when it was synced
    std::uint64_t order = 0;
    std::map<std::uint64_t, std::string> blocks;  ///< by number: what stood there
  };
  void make_room();

  std::map<ino_t, File> files_;
  std::uint64_t bytes_ = 0;
  std::uint64_t order_ = 0;
};

}  // namespace assay::agent
