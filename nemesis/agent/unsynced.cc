#include "nemesis/agent/unsynced.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace assay::agent {
namespace {

constexpr std::uint64_t block_size = 4096;
constexpr std::uint64_t sector_size = 512;
constexpr std::uint64_t bytes_max = 64U << 20U;

}  // namespace

Unsynced::~Unsynced() {
  for (const auto& [inode, file] : files_) ::close(file.file);
}

void Unsynced::before_change(int file, std::uint64_t offset, std::uint64_t size) {
  struct stat info {};
  if (::fstat(file, &info) != 0) return;
  auto known = files_.find(info.st_ino);
  if (known == files_.end()) {
    // A descriptor of our own: the server may close or rename the file.
    const std::string path = "/proc/self/fd/" + std::to_string(file);
    const int own = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (own < 0) return;
    known =
        files_
            .emplace(info.st_ino, File{own, static_cast<std::uint64_t>(info.st_size), ++order_, {}})
            .first;
  }
  File& changed = known->second;
  if (offset >= changed.size) return;
  const std::uint64_t end = offset + std::min(size, changed.size - offset);
  for (std::uint64_t block = offset / block_size; block * block_size < end; ++block) {
    if (changed.blocks.contains(block)) continue;
    std::string old(std::min(block_size, changed.size - block * block_size), '\0');
    const ssize_t n =
        ::pread(changed.file, old.data(), old.size(), static_cast<off_t>(block * block_size));
    if (n <= 0) continue;
    old.resize(static_cast<std::size_t>(n));
    bytes_ += old.size();
    changed.blocks.emplace(block, std::move(old));
  }
  make_room();
}

void Unsynced::make_room() {
  while (bytes_ > bytes_max && files_.size() > 1) {
    const auto first = std::min_element(
        files_.begin(), files_.end(),
        [](const auto& a, const auto& b) { return a.second.order < b.second.order; });
    synced(first->first);
  }
}

void Unsynced::synced(ino_t inode) {
  const auto known = files_.find(inode);
  if (known == files_.end()) return;
  for (const auto& [block, old] : known->second.blocks) bytes_ -= old.size();
  ::close(known->second.file);
  files_.erase(known);
}

Loss Unsynced::lose(bool torn, Random& random) {
  Loss loss;
  for (auto& [inode, file] : files_) {
    struct stat info {};
    if (::fstat(file.file, &info) != 0) continue;
    const std::uint64_t before = loss.bytes;
    for (const auto& [block, old] : file.blocks) {
      for (std::uint64_t at = 0; at < old.size(); at += sector_size) {
        if (torn && random.chance(0.5)) continue;
        const std::uint64_t length = std::min(sector_size, old.size() - at);
        const ssize_t n = ::pwrite(file.file, old.data() + at, length,
                                   static_cast<off_t>(block * block_size + at));
        if (n > 0) loss.bytes += static_cast<std::uint64_t>(n);
      }
    }
    const auto now = static_cast<std::uint64_t>(info.st_size);
    std::uint64_t kept = file.size;
    if (torn && now > file.size) kept += random.below(now - file.size + 1);
    if (kept != now && ::ftruncate(file.file, static_cast<off_t>(kept)) == 0) {
      loss.bytes += kept > now ? kept - now : now - kept;
    }
    if (loss.bytes > before) ++loss.files;
    ::close(file.file);
  }
  files_.clear();
  bytes_ = 0;
  return loss;
}

}  // namespace assay::agent
