#include "harness/lab/leftovers.h"

#include <fmt/format.h>
#include <ftw.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "harness/lab/network.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

/// The pids that /proc shows.
std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc", failed)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    pids.push_back(static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10)));
  }
  return pids;
}

/// The mount namespace of a process, as the kernel names it; empty if it is gone.
std::string mount_namespace(const std::string& pid) {
  std::error_code failed;
  return fs::read_symlink(fmt::format("/proc/{}/ns/mnt", pid), failed).string();
}

/// The fifth blank-separated field of a line of mountinfo.
std::string mount_point(const std::string& line) {
  std::size_t at = 0;
  for (int field = 1; field < 5; ++field) {
    at = line.find(' ', at);
    if (at == std::string::npos) return "";
    ++at;
  }
  return line.substr(at, line.find(' ', at) - at);
}

/// Only the root counts: an overlay of the lab mounted elsewhere, say by a person who looks into
/// a node's files, does not make its namespace a node. And never a process that sees the machine
/// as we do.
bool is_in_node(const LabSite& site, pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/mountinfo", pid));
  const std::string mark = fmt::format("upperdir={}/nodes/", site.folder().string());
  std::string line;
  while (std::getline(file, line)) {
    if (line.find(mark) == std::string::npos || mount_point(line) != "/") continue;
    return mount_namespace(std::to_string(pid)) != mount_namespace("self");
  }
  return false;
}

/// First process of a process namespace below ours.
bool is_first_process(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("NSpid:", 0) != 0) continue;
    return std::count(line.begin(), line.end(), '\t') == 2 && line.ends_with("\t1");
  }
  return false;
}

/// Where the host itself has something mounted in the lab's folder, innermost first.
std::vector<std::string> host_mounts(const LabSite& site) {
  std::ifstream file("/proc/self/mountinfo");
  const std::string folder = site.folder().string() + "/";
  std::vector<std::string> points;
  std::string line;
  while (std::getline(file, line)) {
    const std::string point = mount_point(line);
    if ((point + "/").rfind(folder, 0) == 0) points.insert(points.begin(), point);
  }
  return points;
}

int remove_entry(const char* path, const struct stat* /*info*/, int /*type*/, FTW* /*walk*/) {
  return std::remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

}  // namespace

std::vector<ProcessIdentity> lab_processes(const LabSite& site) {
  std::vector<ProcessIdentity> first;
  std::vector<ProcessIdentity> others;
  for (const pid_t pid : all_pids()) {
    if (!is_in_node(site, pid)) continue;
    const Result<ProcessIdentity> identity = identify_process(pid);
    if (!identity.ok()) continue;
    (is_first_process(pid) ? first : others).push_back(identity.value());
  }
  first.insert(first.end(), others.begin(), others.end());
  return first;
}

std::vector<std::string> lab_leftovers(const LabSite& site) {
  std::vector<std::string> found;
  for (const ProcessIdentity& process : lab_processes(site)) {
    found.push_back(fmt::format("process {}", process.pid));
  }
  const std::string owner = bridge_owner(site);
  if (owner.empty() || owner == site.folder()) {
    for (const std::string& name : host_interfaces(site)) found.push_back("interface " + name);
  }
  for (const std::string& point : host_mounts(site)) found.push_back("mount " + point);
  std::error_code ignored;
  if (fs::exists(site.folder(), ignored)) found.push_back("folder " + site.folder().string());
  return found;
}

Status remove_tree(const fs::path& folder) {
  constexpr int open_folders_max = 64;
  struct stat info {};
  if (::lstat(folder.c_str(), &info) != 0 && errno == ENOENT) return {};
  if (::nftw(folder.c_str(), remove_entry, open_folders_max, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) ==
      0) {
    return {};
  }
  return Error{ErrorKind::cannot_write,
               fmt::format("cannot remove {}: {}", folder.string(), std::strerror(errno))};
}

Status remove_lab(const LabSite& site) {
  const std::string owner = bridge_owner(site);
  std::error_code ignored;
  if (!owner.empty() && owner != site.folder() && fs::exists(owner, ignored)) {
    return Error{ErrorKind::busy,
                 fmt::format("lab {} is in use from {} (interface {} says so); set "
                             "ASSAY_LAB_NUMBER to another number, 0 to 9",
                             site.number, owner, site.bridge())};
  }
  // A first process takes its node with it; what entered a node from outside comes after, and
  // may have started something meanwhile.
  for (int round = 0; round < 3; ++round) {
    const std::vector<ProcessIdentity> processes = lab_processes(site);
    if (processes.empty()) break;
    for (const ProcessIdentity& process : processes) {
      if (Status status = kill_process(process); !status.ok()) return status;
    }
  }
  if (Status status = remove_interfaces(site); !status.ok()) return status;
  for (const std::string& point : host_mounts(site)) ::umount2(point.c_str(), MNT_DETACH);
  if (Status status = remove_tree(site.folder()); !status.ok()) return status;
  const std::vector<std::string> left = lab_leftovers(site);
  if (left.empty()) return {};
  return Error{ErrorKind::unavailable,
               fmt::format("lab {}: {} of its parts stay, the first is {}; remove it by hand "
                           "(docs/lab.md)",
                           site.number, left.size(), left[0])};
}

}  // namespace assay
