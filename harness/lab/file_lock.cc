#include "harness/lab/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.h"

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

/// The process id that the last holder wrote, 0 if none.
int written_holder(const std::filesystem::path& file) {
  std::ifstream reader(file);
  int holder = 0;
  reader >> holder;
  return holder;
}

constexpr Nanos patience_with_the_dead = std::chrono::seconds(2);

}  // namespace

Result<FileLock> FileLock::try_lock(const std::filesystem::path& file) {
  return lock(file, F_OFD_SETLK);
}

Result<FileLock> FileLock::wait(const std::filesystem::path& file) {
  return lock(file, F_OFD_SETLKW);
}

Result<FileLock> FileLock::lock(const std::filesystem::path& file, int operation) {
  FileLock held(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (held.fd_ < 0) {
    const ErrorKind kind =
        errno == EACCES || errno == EPERM ? ErrorKind::not_permitted : ErrorKind::cannot_write;
    return Error{kind, fmt::format("cannot open lock {}: {}", file.string(), std::strerror(errno))};
  }
  struct flock wanted = whole_file();
  const Nanos deadline = monotonic_now() + patience_with_the_dead;
  while (::fcntl(held.fd_, operation, &wanted) != 0) {
    if (errno == EINTR) continue;
    const int holder = written_holder(file);
    // Children of a killed holder share its lock until they, too, have ended.
    const bool is_ending = holder > 0 && ::kill(holder, 0) != 0 && errno == ESRCH;
    if (!is_ending || monotonic_now() >= deadline) {
      return Error{ErrorKind::busy, fmt::format("{} is held by process {}", file.string(), holder)};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
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
  return is_held ? written_holder(file) : 0;
}

}  // namespace assay
