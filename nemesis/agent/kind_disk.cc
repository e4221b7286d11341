// Disks: the layer over a server's data folder, what it is told to do wrong, and the loss of what
// was not synced.

#include <poll.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "nemesis/agent/disk_layer.h"
#include "nemesis/agent/kinds.h"
#include "nemesis/agent/shell.h"

namespace assay::agent {
namespace {

/// Whether the topmost mount on the folder is the layer, alive or not.
bool is_mounted(const std::string& folder) {
  std::ifstream mounts("/proc/self/mounts");
  std::string source;
  std::string target;
  std::string rest;
  while (mounts >> source >> target && std::getline(mounts, rest)) {
    if (source == "assay-disk" && target == folder) return true;
  }
  return false;
}

// disk-layer FOLDER KILL START: mounts the layer; the server is ended before and started after, for
// it must open its files through it.

Result<Armed> arm_layer(Host& host, const Words& words) {
  if (words.size() != 3 || !words[0].starts_with('/')) {
    return Error{ErrorKind::usage, "disk-layer: expected FOLDER KILL START"};
  }
  if (::access("/dev/fuse", R_OK | W_OK) != 0) {
    return Error{ErrorKind::configuration,
                 std::string("disk-layer: this node has no /dev/fuse: ") + std::strerror(errno)};
  }
  if (::access(words[0].c_str(), F_OK) != 0) {
    return Error{ErrorKind::configuration, "disk-layer: there is no folder " + words[0]};
  }
  auto helper = Helper::fork([folder = words[0]] { run_disk_layer(folder); });
  if (!helper) return helper.error();
  Words undo{to_word(helper->process())};
  undo.insert(undo.end(), words.begin(), words.end());
  host.waiting = std::move(*helper);
  return Armed{undo, ""};
}

Result<std::string> inject_layer(Host& host, const Record& record, const Words& words) {
  if (const Status killed = run_shell(words[1]); !killed.ok()) return killed.error();
  host.waiting->release();
  host.waiting.reset();
  const auto helper = process_from_word(record.undo[0]);
  const Nanos deadline = monotonic_now() + std::chrono::seconds(5);
  while (!disk_layer_answers(words[0])) {
    if (monotonic_now() > deadline || !helper || !state_of(*helper)) {
      return Error{ErrorKind::unavailable, "disk-layer: cannot mount on " + words[0]};
    }
    ::poll(nullptr, 0, 5);
  }
  if (const Status started = run_shell(words[2]); !started.ok()) return started.error();
  return std::string();
}

Result<std::string> undo_layer(Host& /*host*/, const Record& record) {
  if (record.undo.size() != 4) return std::string();
  const std::string& folder = record.undo[1];
  if (const Status killed = run_shell(record.undo[2]); !killed.ok()) return killed.error();
  while (is_mounted(folder)) {
    if (::umount2(folder.c_str(), MNT_DETACH) != 0) {
      return Error{ErrorKind::unavailable,
                   "cannot unmount the disk layer from " + folder + ": " + std::strerror(errno)};
    }
  }
  if (const auto helper = process_from_word(record.undo[0])) end_helper(*helper);
  if (const Status started = run_shell(record.undo[3]); !started.ok()) return started.error();
  return std::string();
}

// disk FOLDER NAME=VALUE…: what the layer does wrong. The faults in force add up.

Status apply_settings(const Host& host, const std::string& folder) {
  std::string settings;
  for (const Record& record : host.in_force) {
    if (record.kind != "disk" || record.undo.empty() || record.undo[0] != folder) continue;
    for (std::size_t i = 1; i < record.undo.size(); ++i) settings += record.undo[i] + " ";
  }
  return set_disk_attribute(folder, disk_setting, settings);
}

Result<Armed> arm_disk(Host& /*host*/, const Words& words) {
  if (words.size() < 2) return Error{ErrorKind::usage, "disk: expected FOLDER NAME=VALUE…"};
  if (!disk_layer_answers(words[0])) {
    return Error{ErrorKind::unavailable, "disk: no layer is mounted on " + words[0]};
  }
  return Armed{words, ""};
}

Result<std::string> inject_disk(Host& host, const Record& /*record*/, const Words& words) {
  if (const Status set = apply_settings(host, words[0]); !set.ok()) return set.error();
  return std::string();
}

Result<std::string> undo_disk(Host& host, const Record& record) {
  const std::string& folder = record.undo.at(0);
  const auto counts = disk_attribute(folder, disk_counts);
  // A layer that is gone does nothing wrong any more.
  if (!counts) return std::string(no_effect) + "the layer is gone";
  if (const Status set = apply_settings(host, folder); !set.ok()) return set.error();
  std::istringstream numbers(*counts);
  std::string text;
  for (const char* what : {"failed", "refused", "slow", "changed"}) {
    std::uint64_t count = 0;
    numbers >> count;
    if (count > 0) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  }
  std::uint64_t all = 0;
  numbers >> all;
  if (text.empty()) return std::string(no_effect) + std::to_string(all) + " transfers, none hit";
  return std::to_string(all) + " transfers: " + text;
}

// disk-lose FOLDER all|torn KILL START: the server ends and what it did not sync is gone.

Result<Armed> arm_lose(Host& /*host*/, const Words& words) {
  if (words.size() != 4 || (words[1] != "all" && words[1] != "torn")) {
    return Error{ErrorKind::usage, "disk-lose: expected FOLDER all|torn KILL START"};
  }
  if (!disk_layer_answers(words[0])) {
    return Error{ErrorKind::unavailable, "disk-lose: no layer is mounted on " + words[0]};
  }
  return Armed{{words[3]}, ""};
}

Result<std::string> inject_lose(Host& /*host*/, const Record& /*record*/, const Words& words) {
  if (const Status killed = run_shell(words[2]); !killed.ok()) return killed.error();
  if (const Status lost = set_disk_attribute(words[0], disk_lose, words[1]); !lost.ok()) {
    return lost.error();
  }
  const auto loss = disk_attribute(words[0], disk_lost);
  if (!loss) return loss.error();
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::istringstream(*loss) >> files >> bytes;
  if (files == 0) return std::string("lost nothing: all was synced");
  return "lost " + std::to_string(bytes) + " bytes of " + std::to_string(files) +
         (files == 1 ? " file" : " files");
}

Result<std::string> undo_lose(Host& /*host*/, const Record& record) {
  if (const Status started = run_shell(record.undo.at(0)); !started.ok()) return started.error();
  return std::string();
}

}  // namespace

Kind disk_layer_kind() {
  return {"disk-layer", "FOLDER KILL START", false, arm_layer, inject_layer, undo_layer};
}
Kind disk_kind() { return {"disk", "FOLDER NAME=VALUE…", true, arm_disk, inject_disk, undo_disk}; }
Kind disk_lose_kind() {
  return {"disk-lose", "FOLDER all|torn KILL START", false, arm_lose, inject_lose, undo_lose};
}

}  // namespace assay::agent
