#include "harness/lab/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

namespace assay {
namespace {

/// The whole file, for one open file description: not lost when another one is closed, as the
/// older kind of lock is, and can be asked about without being taken.
struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

Result<FileLock> FileLock::try_lock(const std::filesystem::path& file) {
  return lock(file, F_OFD_SETLK);
}

Result<FileLock> FileLock::wait(const std::filesystem::path& file) { return lock(file, F_OFD_SETLKW); }

Result<FileLock> FileLock::lock(const std::filesystem::path& file, int operation) {
  FileLock held(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (held.fd_ < 0) {
    const ErrorKind kind =
        errno == EACCES || errno == EPERM ? ErrorKind::not_permitted : ErrorKind::cannot_write;
    return Error{kind, fmt::format("cannot open lock {}: {}", file.string(), std::strerror(errno))};
  }
  struct flock wanted = whole_file();
  int locked = 0;
  do {
    locked = ::fcntl(held.fd_, operation, &wanted);
  } while (locked != 0 && errno == EINTR);
  if (locked != 0) {
    std::ifstream reader(file);
    std::string holder;
    std::getline(reader, holder);
    return Error{ErrorKind::busy, fmt::format("{} is held by process {}", file.string(),
                                              holder.empty() ? "?" : holder)};
  }
  const std::string holder = fmt::format("{}\n", ::getpid());
  // For messages only: the lock holds without it.
  if (::ftruncate(held.fd_, 0) == 0) {
    [[maybe_unused]] const ssize_t written = ::pwrite(held.fd_, holder.data(), holder.size(), 0);
  }
  return held;
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

int lock_holder(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  struct flock asked = whole_file();
  const bool is_held = ::fcntl(fd, F_OFD_GETLK, &asked) == 0 && asked.l_type != F_UNLCK;
  ::close(fd);
  if (!is_held) return 0;
  std::ifstream reader(file);
  int holder = 0;
  reader >> holder;
  return holder;
}

}  // namespace assay
