// Files of a server's data folder: the end of one is cut off, or all of them come back as they were
// some time ago.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "nemesis/agent/kinds.h"
#include "nemesis/agent/shell.h"

namespace assay::agent {
namespace {

namespace fs = std::filesystem;

/// For what takes as long as the data folder is large.
constexpr Nanos copy_timeout = std::chrono::minutes(10);

std::string quoted(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

// disk-truncate FOLDER BYTES KILL START: the server ends, and the file that was written last has
// lost its tail.

Result<Armed> arm_truncate(Host& /*host*/, const Words& words) {
  if (words.size() != 4 || !words[0].starts_with('/')) {
    return Error{ErrorKind::usage, "disk-truncate: expected FOLDER BYTES KILL START"};
  }
  if (const auto bytes = parse_number(words[1], 1, INT64_MAX); !bytes) return bytes.error();
  return Armed{{words[3]}, ""};
}

/// The regular file with something in it that was changed last; empty: there is none.
fs::path last_written(const std::string& folder) {
  fs::path last;
  timespec changed{};
  std::error_code failed;
  fs::recursive_directory_iterator entry(folder, failed);
  for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
    struct stat info {};
    if (::lstat(entry->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    const bool is_later =
        info.st_mtim.tv_sec > changed.tv_sec ||
        (info.st_mtim.tv_sec == changed.tv_sec && info.st_mtim.tv_nsec > changed.tv_nsec);
    if (info.st_size == 0 || !is_later) continue;
    last = entry->path();
    changed = info.st_mtim;
  }
  return last;
}

Result<std::string> inject_truncate(Host& /*host*/, const Record& /*record*/, const Words& words) {
  if (const Status killed = run_shell(words[2]); !killed.ok()) return killed.error();
  const fs::path path = last_written(words[0]);
  if (path.empty()) return std::string("cut nothing: no file with anything in it");
  const int file = ::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  struct stat info {};
  bool done = file >= 0 && ::fstat(file, &info) == 0;
  const std::int64_t cut = std::min<std::int64_t>(*parse_number(words[1], 1, INT64_MAX),
                                                  static_cast<std::int64_t>(info.st_size));
  // Synced, so that losing what was not synced does not bring it back.
  done = done && ::ftruncate(file, info.st_size - cut) == 0 && ::fsync(file) == 0;
  const int failure = errno;
  if (file >= 0) ::close(file);
  if (!done) {
    return Error{ErrorKind::unavailable,
                 "disk-truncate: " + path.string() + ": " + std::strerror(failure)};
  }
  return "cut " + std::to_string(cut) + " of " + std::to_string(info.st_size) + " bytes off " +
         path.lexically_relative(words[0]).string();
}

Result<std::string> undo_truncate(Host& /*host*/, const Record& record) {
  if (const Status started = run_shell(record.undo.at(0)); !started.ok()) return started.error();
  return std::string();
}

// disk-restore FOLDER KILL START: begins with a copy of the folder, ends with the server on that
// copy. Healing all at once drops the copy instead.

std::string snapshot_of(const std::string& folder) { return folder + ".assay-snapshot"; }
/// The name of a copy that is not complete: it is never brought back.
std::string partial(const std::string& folder) { return snapshot_of(folder) + ".partial"; }
/// The copy has this name while it is brought back: then half of it may be there, so whoever takes
/// over must go on.
std::string restoring(const std::string& folder) { return snapshot_of(folder) + ".restoring"; }

Result<Armed> arm_restore(Host& /*host*/, const Words& words) {
  if (words.size() != 3 || !words[0].starts_with('/') || words[0].ends_with('/')) {
    return Error{ErrorKind::usage, "disk-restore: expected FOLDER KILL START"};
  }
  if (::access(words[0].c_str(), F_OK) != 0) {
    return Error{ErrorKind::configuration, "disk-restore: there is no folder " + words[0]};
  }
  return Armed{words, ""};
}

Result<std::string> inject_restore(Host& host, const Record& /*record*/, const Words& words) {
  const std::string copy = quoted(snapshot_of(words[0]));
  const std::string fresh = quoted(partial(words[0]));
  // The server does not run meanwhile, so the copy is of one moment.
  if (const Status killed = run_shell(words[1]); !killed.ok()) return killed.error();
  const Status copied = run_shell("rm -rf " + copy + " " + fresh + " && cp -a " + quoted(words[0]) +
                                      " " + fresh + " && mv " + fresh + " " + copy,
                                  copy_timeout, host.keep_waiting);
  const Status started = run_shell(words[2]);
  if (!copied.ok()) return copied.error();
  if (!started.ok()) return started.error();
  return std::string();
}

Result<std::string> undo_restore(Host& host, const Record& record) {
  if (record.undo.size() != 3) return std::string();
  const std::string& folder = record.undo[0];
  const std::string copy = quoted(snapshot_of(folder));
  const std::string name = quoted(restoring(folder));
  struct stat info {};
  const bool is_taken = ::stat(snapshot_of(folder).c_str(), &info) == 0;
  const bool half_done = ::access(restoring(folder).c_str(), F_OK) == 0;
  std::string effect = std::string(no_effect) + "there was no copy";
  if (half_done || (is_taken && !host.heals_all)) {
    if (const Status killed = run_shell(record.undo[1]); !killed.ok()) return killed.error();
    const Status restored =
        run_shell("{ [ -d " + name + " ] || mv " + copy + " " + name + "; } && find " +
                      quoted(folder) + " -mindepth 1 -delete && cp -a " + name + "/. " +
                      quoted(folder) + " && sync && rm -rf " + name,
                  copy_timeout);
    if (!restored.ok()) return restored.error();
    effect = "came back with the data of " +
             std::to_string(std::max<std::int64_t>(0, ::time(nullptr) - info.st_ctim.tv_sec)) +
             " s before";
    if (half_done) effect.clear();
  } else if (is_taken) {
    if (const Status dropped = run_shell("rm -rf " + copy, copy_timeout); !dropped.ok())
      return dropped.error();
    effect = std::string(no_effect) + "everything ended before the old data came back";
  }
  const Status removed = run_shell("rm -rf " + quoted(partial(folder)), copy_timeout);
  if (!removed.ok()) return removed.error();
  if (const Status started = run_shell(record.undo[2]); !started.ok()) return started.error();
  return effect;
}

}  // namespace

Kind disk_truncate_kind() {
  return {"disk-truncate", "FOLDER BYTES KILL START", false,
          arm_truncate,    inject_truncate,           undo_truncate};
}
Kind disk_restore_kind() {
  return {"disk-restore", "FOLDER KILL START", false, arm_restore, inject_restore, undo_restore};
}

}  // namespace assay::agent
