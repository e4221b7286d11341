#define FUSE_USE_VERSION 31

#include "nemesis/agent/disk_layer.h"

#include <dirent.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <poll.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>

#include "base/clock.h"
#include "nemesis/agent/unsynced.h"

namespace assay::agent {
namespace {

struct Troubles {
  double failing = 0;   ///< chance that a read, write or sync fails with EIO
  double flipping = 0;  ///< chance that a read has a bit flipped
  bool is_full = false;
  Nanos slow{0};
};

struct Counts {
  std::uint64_t failed = 0;
  std::uint64_t refused = 0;
  std::uint64_t slowed = 0;
  std::uint64_t flipped = 0;
  std::uint64_t all = 0;
};

/// One a process; FUSE calls functions without a this.
struct Layer {
  int below = -1;  ///< the folder under the mount
  Troubles troubles;
  Counts counts;
  Unsynced unsynced;
  Random random{random_seed()};
  std::string lost = "0 0";
};
Layer* layer = nullptr;

/// FUSE's paths begin with a slash; below they are relative.
const char* relative(const char* path) { return path[1] == 0 ? "." : path + 1; }
int answer(int result) { return result < 0 ? -errno : 0; }
int file_of(const fuse_file_info* info) { return static_cast<int>(info->fh); }
ino_t inode_of(int file) {
  struct stat info {};
  return ::fstat(file, &info) == 0 ? info.st_ino : 0;
}

/// Files that are created belong to who creates them.
void give_to_caller(const char* path) {
  const fuse_context* caller = ::fuse_get_context();
  static_cast<void>(
      ::fchownat(layer->below, relative(path), caller->uid, caller->gid, AT_SYMLINK_NOFOLLOW));
}

/// Before each transfer: its delay, and whether it fails.
bool fails_now() {
  ++layer->counts.all;
  if (layer->troubles.slow > Nanos{0}) {
    ++layer->counts.slowed;
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(layer->troubles.slow).count();
    ::poll(nullptr, 0, static_cast<int>(ms));
  }
  if (!layer->random.chance(layer->troubles.failing)) return false;
  ++layer->counts.failed;
  return true;
}

bool refuses_now() {
  if (layer->troubles.is_full) ++layer->counts.refused;
  return layer->troubles.is_full;
}

int get_attributes(const char* path, struct stat* info, fuse_file_info* file) {
  if (file != nullptr) return answer(::fstat(file_of(file), info));
  return answer(::fstatat(layer->below, relative(path), info, AT_SYMLINK_NOFOLLOW));
}

int read_link(const char* path, char* buffer, std::size_t size) {
  const ssize_t n = ::readlinkat(layer->below, relative(path), buffer, size - 1);
  if (n < 0) return -errno;
  buffer[n] = 0;
  return 0;
}

int open_folder(const char* path, fuse_file_info* info) {
  const int file = ::openat(layer->below, relative(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  info->fh = static_cast<std::uint64_t>(file);
  return answer(file);
}

int read_folder(const char* /*path*/, void* buffer, fuse_fill_dir_t fill, off_t /*offset*/,
                fuse_file_info* info, fuse_readdir_flags /*flags*/) {
  const int file = ::dup(file_of(info));
  DIR* folder = file < 0 ? nullptr : ::fdopendir(file);
  if (folder == nullptr) return -errno;
  ::rewinddir(folder);  // the copy shares its position with the one before
  while (const dirent* entry = ::readdir(folder)) {
    struct stat about {};
    about.st_ino = entry->d_ino;
    about.st_mode = static_cast<mode_t>(entry->d_type) << 12U;
    if (fill(buffer, entry->d_name, &about, 0, fuse_fill_dir_flags{}) != 0) break;
  }
  ::closedir(folder);
  return 0;
}

int make_folder(const char* path, mode_t mode) {
  if (refuses_now()) return -ENOSPC;
  const int result = answer(::mkdirat(layer->below, relative(path), mode));
  if (result == 0) give_to_caller(path);
  return result;
}

int remove_file(const char* path) {
  struct stat info {};
  const bool known = ::fstatat(layer->below, relative(path), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
                     info.st_nlink == 1;
  const int result = answer(::unlinkat(layer->below, relative(path), 0));
  if (result == 0 && known) layer->unsynced.removed(info.st_ino);
  return result;
}

int remove_folder(const char* path) {
  return answer(::unlinkat(layer->below, relative(path), AT_REMOVEDIR));
}

int make_link(const char* target, const char* path) {
  return answer(::symlinkat(target, layer->below, relative(path)));
}

int rename_file(const char* from, const char* to, unsigned flags) {
  return answer(::renameat2(layer->below, relative(from), layer->below, relative(to), flags));
}

int link_file(const char* from, const char* to) {
  return answer(::linkat(layer->below, relative(from), layer->below, relative(to), 0));
}

// With an open file there may be no path.
int change_mode(const char* path, mode_t mode, fuse_file_info* info) {
  if (info != nullptr) return answer(::fchmod(file_of(info), mode));
  return answer(::fchmodat(layer->below, relative(path), mode, 0));
}

int change_owner(const char* path, uid_t user, gid_t group, fuse_file_info* info) {
  if (info != nullptr) return answer(::fchown(file_of(info), user, group));
  return answer(::fchownat(layer->below, relative(path), user, group, AT_SYMLINK_NOFOLLOW));
}

int set_times(const char* path, const timespec times[2], fuse_file_info* info) {
  if (info != nullptr) return answer(::futimens(file_of(info), times));
  return answer(::utimensat(layer->below, relative(path), times, AT_SYMLINK_NOFOLLOW));
}

int cut_file(const char* path, off_t size, fuse_file_info* info) {
  const int file =
      info != nullptr ? file_of(info) : ::openat(layer->below, relative(path), O_RDWR | O_CLOEXEC);
  if (file < 0) return -errno;
  layer->unsynced.before_change(file, static_cast<std::uint64_t>(size), UINT64_MAX / 2);
  const int result = answer(::ftruncate(file, size));
  if (info == nullptr) ::close(file);
  return result;
}

/// What is opened for writing is opened for reading too: replaced bytes must be read. Appending is
/// the kernel's business, it sends offsets.
int flags_below(int flags) {
  int below = flags & ~(O_APPEND | O_CREAT | O_EXCL | O_TRUNC | O_NOFOLLOW | O_DIRECT);
  if ((below & O_ACCMODE) == O_WRONLY) below = (below & ~O_ACCMODE) | O_RDWR;
  return below | O_CLOEXEC;
}

int open_file(const char* path, fuse_file_info* info) {
  const int file = ::openat(layer->below, relative(path), flags_below(info->flags));
  if (file < 0) return -errno;
  if ((info->flags & O_TRUNC) != 0) {
    layer->unsynced.before_change(file, 0, UINT64_MAX / 2);
    if (::ftruncate(file, 0) != 0) return answer(::close(file));
  }
  info->fh = static_cast<std::uint64_t>(file);
  return 0;
}

int create_file(const char* path, mode_t mode, fuse_file_info* info) {
  if (refuses_now()) return -ENOSPC;
  const int file =
      ::openat(layer->below, relative(path),
               flags_below(info->flags) | O_CREAT | (info->flags & (O_EXCL | O_TRUNC)), mode);
  if (file < 0) return -errno;
  give_to_caller(path);
  info->fh = static_cast<std::uint64_t>(file);
  return 0;
}

int read_file(const char* /*path*/, char* buffer, std::size_t size, off_t offset,
              fuse_file_info* info) {
  if (fails_now()) return -EIO;
  const ssize_t n = ::pread(file_of(info), buffer, size, offset);
  if (n < 0) return -errno;
  if (n > 0 && layer->random.chance(layer->troubles.flipping)) {
    ++layer->counts.flipped;
    const std::uint64_t chance = layer->random.next();
    char& byte = buffer[chance % static_cast<std::uint64_t>(n)];
    byte = static_cast<char>(byte ^ (1 << (chance >> 61U)));
  }
  return static_cast<int>(n);
}

int write_file(const char* /*path*/, const char* buffer, std::size_t size, off_t offset,
               fuse_file_info* info) {
  if (fails_now()) return -EIO;
  if (refuses_now()) return -ENOSPC;
  layer->unsynced.before_change(file_of(info), static_cast<std::uint64_t>(offset), size);
  const ssize_t n = ::pwrite(file_of(info), buffer, size, offset);
  return n < 0 ? -errno : static_cast<int>(n);
}

int sync_file(const char* /*path*/, int data_only, fuse_file_info* info) {
  if (fails_now()) return -EIO;
  const int file = file_of(info);
  const int result = answer(data_only != 0 ? ::fdatasync(file) : ::fsync(file));
  if (result == 0) layer->unsynced.synced(inode_of(file));
  return result;
}

int sync_folder(const char* /*path*/, int /*data_only*/, fuse_file_info* info) {
  return fails_now() ? -EIO : answer(::fsync(file_of(info)));
}

int close_file(const char* /*path*/, fuse_file_info* info) {
  return answer(::close(file_of(info)));
}

int allocate(const char* /*path*/, int mode, off_t offset, off_t size, fuse_file_info* info) {
  if (refuses_now()) return -ENOSPC;
  layer->unsynced.before_change(file_of(info), static_cast<std::uint64_t>(offset),
                                static_cast<std::uint64_t>(size));
  return answer(::fallocate(file_of(info), mode, offset, size));
}

int get_space(const char* /*path*/, struct statvfs* space) {
  const int result = answer(::fstatvfs(layer->below, space));
  if (layer->troubles.is_full) space->f_bavail = space->f_bfree = 0;
  return result;
}

bool take_setting(Troubles& troubles, const std::string& word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos) return false;
  const std::string name = word.substr(0, equals);
  const std::string text = word.substr(equals + 1);
  double percent = 0;
  const bool is_number =
      std::from_chars(text.data(), text.data() + text.size(), percent).ec == std::errc();
  if (name == "slow") {
    const auto slow = parse_duration(text);
    if (slow.ok()) troubles.slow = *slow;
    return slow.ok();
  }
  if (!is_number || percent < 0 || percent > 100) return false;
  if (name == "eio") troubles.failing = percent / 100;
  if (name == "flip") troubles.flipping = percent / 100;
  if (name == "full") troubles.is_full = percent > 0;
  return name == "eio" || name == "flip" || name == "full";
}

int set_attribute(const char* path, const char* name, const char* value, std::size_t size,
                  int /*flags*/) {
  if (std::strcmp(path, "/") != 0) return -ENOTSUP;
  const std::string text(value, size);
  if (std::strcmp(name, disk_setting) == 0) {
    Troubles troubles;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
      if (!take_setting(troubles, word)) return -EINVAL;
    }
    layer->troubles = troubles;
    layer->counts = {};
    return 0;
  }
  if (std::strcmp(name, disk_lose) == 0 && (text == "all" || text == "torn")) {
    const Loss loss = layer->unsynced.lose(text == "torn", layer->random);
    layer->lost = std::to_string(loss.files) + " " + std::to_string(loss.bytes);
    return 0;
  }
  return -ENOTSUP;
}

int get_attribute(const char* path, const char* name, char* value, std::size_t size) {
  if (std::strcmp(path, "/") != 0) return -ENODATA;
  std::string text;
  const Counts& counts = layer->counts;
  if (std::strcmp(name, disk_lost) == 0) text = layer->lost;
  if (std::strcmp(name, disk_counts) == 0) {
    text = std::to_string(counts.failed) + " " + std::to_string(counts.refused) + " " +
           std::to_string(counts.slowed) + " " + std::to_string(counts.flipped) + " " +
           std::to_string(counts.all);
  }
  if (text.empty()) return -ENODATA;
  if (size == 0) return static_cast<int>(text.size());
  if (size < text.size()) return -ERANGE;
  std::copy(text.begin(), text.end(), value);
  return static_cast<int>(text.size());
}

/// After a loss the kernel must not know better: nothing is cached past an opening.
void* begin(fuse_conn_info* /*connection*/, fuse_config* config) {
  config->use_ino = 1;
  config->nullpath_ok = 1;
  config->hard_remove = 1;
  config->kernel_cache = 0;
  config->entry_timeout = 0;
  config->attr_timeout = 0;
  config->negative_timeout = 0;
  return nullptr;
}

fuse_operations operations() {
  fuse_operations table{};
  table.getattr = get_attributes;
  table.readlink = read_link;
  table.mkdir = make_folder;
  table.unlink = remove_file;
  table.rmdir = remove_folder;
  table.symlink = make_link;
  table.rename = rename_file;
  table.link = link_file;
  table.chmod = change_mode;
  table.chown = change_owner;
  table.truncate = cut_file;
  table.open = open_file;
  table.read = read_file;
  table.write = write_file;
  table.statfs = get_space;
  table.release = close_file;
  table.fsync = sync_file;
  table.setxattr = set_attribute;
  table.getxattr = get_attribute;
  table.opendir = open_folder;
  table.readdir = read_folder;
  table.releasedir = close_file;
  table.fsyncdir = sync_folder;
  table.init = begin;
  table.create = create_file;
  table.utimens = set_times;
  table.fallocate = allocate;
  return table;
}

}  // namespace

int run_disk_layer(const std::string& folder) {
  Layer state;
  layer = &state;
  state.below = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (state.below < 0) return 1;
  ::umask(0);
  std::array<std::string, 3> words{"assay-disk", "-o",
                                   "allow_other,default_permissions,fsname=assay-disk"};
  std::array<char*, 3> arguments{words[0].data(), words[1].data(), words[2].data()};
  fuse_args options FUSE_ARGS_INIT(static_cast<int>(arguments.size()), arguments.data());
  const fuse_operations table = operations();
  fuse* session = ::fuse_new(&options, &table, sizeof table, nullptr);
  if (session == nullptr || ::fuse_mount(session, folder.c_str()) != 0) return 1;
  const int result = ::fuse_loop(session);
  ::fuse_unmount(session);
  return result;
}

Status set_disk_attribute(const std::string& folder, const char* name, const std::string& value) {
  if (::setxattr(folder.c_str(), name, value.data(), value.size(), 0) == 0) return {};
  return Error{ErrorKind::unavailable,
               folder + ": the disk layer does not answer: " + std::strerror(errno)};
}

Result<std::string> disk_attribute(const std::string& folder, const char* name) {
  std::array<char, 256> buffer{};
  const ssize_t n = ::getxattr(folder.c_str(), name, buffer.data(), buffer.size());
  if (n >= 0) return std::string(buffer.data(), static_cast<std::size_t>(n));
  return Error{ErrorKind::unavailable,
               folder + ": the disk layer does not answer: " + std::strerror(errno)};
}

bool disk_layer_answers(const std::string& folder) {
  return disk_attribute(folder, disk_counts).ok();
}

}  // namespace assay::agent
