#include "targets/reference/node/wal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "targets/reference/protocols/wal_format.h"

namespace assay::reference {
namespace {

constexpr mode_t file_mode = 0644;

Error system_error(ErrorKind kind, const std::string& what) {
  return {kind, what + ": " + std::generic_category().message(errno)};
}

Result<std::string> read_all(int descriptor, const std::string& path) {
  struct stat info {};
  if (fstat(descriptor, &info) != 0) return system_error(ErrorKind::cannot_write, path);
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto n =
        pread(descriptor, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return system_error(ErrorKind::cannot_write, "reading " + path);
    done += static_cast<std::size_t>(n);
  }
  return bytes;
}

Status sync_folder(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return system_error(ErrorKind::cannot_write, folder);
  const int result = fsync(descriptor);
  ::close(descriptor);
  if (result != 0) return system_error(ErrorKind::cannot_write, "fsync of " + folder);
  return {};
}

}  // namespace

Result<WalFile::Opened> WalFile::open(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return Error{ErrorKind::cannot_write, "cannot create " + folder + ": " + error.message()};
  }
  const std::string path = folder + "/wal";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, file_mode);
  if (descriptor < 0) return system_error(ErrorKind::cannot_write, "cannot open " + path);
  Opened opened;
  opened.file.reset(new WalFile(descriptor, folder));
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return Error{ErrorKind::busy, path + " is open in another process"};
  }
  auto bytes = read_all(descriptor, path);
  if (!bytes) return bytes.error();
  auto contents = parse_wal(*bytes);
  if (!contents) return contents.error().in(path);
  opened.recovered = std::move(contents->recovered);
  opened.cut_bytes = bytes->size() - contents->valid_bytes;
  if (opened.cut_bytes > 0 &&
      ftruncate(descriptor, static_cast<off_t>(contents->valid_bytes)) != 0) {
    return system_error(ErrorKind::cannot_write, "cannot cut " + path);
  }
  opened.file->size_ = contents->valid_bytes;
  std::string header;
  if (contents->valid_bytes == 0) encode_wal_header(header);
  if (auto status = opened.file->append(header); !status) return status.error();
  if (auto status = sync_folder(folder); !status) return status.error();
  return opened;
}

WalFile::~WalFile() { ::close(descriptor_); }

Status WalFile::append(std::string_view bytes) {
  if (auto status = write(bytes); !status) return status;
  if (auto status = sync(); !status) return status;
  return mark();
}

Status WalFile::write(std::string_view bytes) {
  size_ += bytes.size();
  while (!bytes.empty()) {
    const auto n = ::write(descriptor_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(ErrorKind::cannot_write, "writing " + path_);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Status WalFile::sync() {
  if (fdatasync(descriptor_) != 0) {
    return system_error(ErrorKind::cannot_write, "fdatasync of " + path_);
  }
  return {};
}

/// Becomes durable with the next sync: a second one for the mark would halve the speed.
Status WalFile::mark() {
  std::string bytes;
  encode_wal_mark(size_, bytes);
  return write(bytes);
}

Status WalFile::replace(std::string_view bytes) {
  const std::string path = path_ + ".new";
  const int descriptor =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, file_mode);
  if (descriptor < 0) return system_error(ErrorKind::cannot_write, "cannot create " + path);
  // Closes the old file, and gives up its lock, only when the new one is in its place.
  WalFile fresh(descriptor, folder_);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return Error{ErrorKind::busy, path + " is open in another process"};
  }
  std::string whole;
  encode_wal_header(whole);
  whole += bytes;
  if (auto status = fresh.append(whole); !status) return status;
  if (::rename(path.c_str(), path_.c_str()) != 0) {
    return system_error(ErrorKind::cannot_write, "renaming " + path);
  }
  std::swap(descriptor_, fresh.descriptor_);
  size_ = fresh.size_;
  return sync_folder(folder_);
}

}  // namespace assay::reference
