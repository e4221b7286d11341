#include "harness/lab/rootless.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "harness/lab/file_lock.h"
#include "harness/lab/node_process.h"
#include "harness/lab/state.h"
#include "harness/lab/subprocess.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

// Argument: the file for the keeper's process id, which it writes when all is there. /sys shows the
// network of whoever mounted it, hence once more.
constexpr const char* start_script = R"(
setsid unshare --user --map-root-user --map-auto --mount --net --propagation slave sh -ec '
mount -t sysfs sysfs /sys
ip link set lo up
echo $$ >"$0"
exec sleep infinity' "$1" </dev/null >/dev/null 2>"$1.log" &
while [ ! -s "$1" ]; do
  kill -0 $! 2>/dev/null || { cat "$1.log"; exit 1; }
  sleep 0.01
done
)";

std::string& obstacle() {
  static std::string text;
  return text;
}

fs::path keeper_file(const LabSite& site) { return site.state / "keeper"; }

Result<ProcessIdentity> find_keeper(const LabSite& site) {
  std::ifstream file(keeper_file(site));
  ProcessIdentity keeper;
  if (file >> keeper.pid >> keeper.start_ticks && is_alive(keeper)) return keeper;
  return Error{ErrorKind::unavailable, "nobody keeps the namespaces of a lab"};
}

Result<ProcessIdentity> start_keeper(const LabSite& site) {
  const std::string started = keeper_file(site).string() + ".new";
  std::error_code ignored;
  fs::remove(started, ignored);
  Subprocess run;
  run.command = {"sh", "-ec", start_script, "sh", started};
  const auto result = run_subprocess(run);
  if (!result.ok()) return result.error();
  if (result->exit_status != 0) {
    std::string why = result->output.substr(0, result->output.find('\n'));
    return Error{ErrorKind::not_permitted,
                 fmt::format("no user namespace ({}); install the package uidmap, and see to a "
                             "range of ids for this user in /etc/subuid and /etc/subgid",
                             why)};
  }
  pid_t pid = 0;
  std::ifstream(started) >> pid;
  const auto keeper = identify_process(pid);
  if (!keeper.ok()) return keeper;
  const Status written =
      write_file(keeper_file(site), fmt::format("{} {}\n", keeper->pid, keeper->start_ticks), 0600);
  if (!written.ok()) return written.error();
  fs::remove(started, ignored);
  return keeper;
}

Result<ProcessIdentity> ensure_keeper(const LabSite& site) {
  std::error_code failed;
  fs::create_directories(site.state, failed);
  if (failed) {
    return Error{ErrorKind::cannot_write,
                 fmt::format("cannot make {}: {}", site.state.string(), failed.message())};
  }
  const auto lock = FileLock::wait(keeper_file(site).string() + ".lock");
  if (!lock.ok()) return lock.error();
  auto keeper = find_keeper(site);
  return keeper.ok() ? keeper : start_keeper(site);
}

Status enter(const ProcessIdentity& keeper, const char* name, int kind) {
  const std::string path = fmt::format("/proc/{}/ns/{}", keeper.pid, name);
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool entered = file >= 0 && ::setns(file, kind) == 0;
  const int reason = errno;
  if (file >= 0) ::close(file);
  if (entered) return {};
  return Error{ErrorKind::unavailable,
               fmt::format("cannot enter {}: {}", path, std::strerror(reason))};
}

Status become_root(const LabSite& site) {
  // An ordinary user's path has no ip and no nft.
  const char* path = std::getenv("PATH");
  ::setenv("PATH", fmt::format("{}:/usr/sbin:/sbin", path == nullptr ? "" : path).c_str(), 1);
  const auto keeper = ensure_keeper(site);
  if (!keeper.ok()) return keeper.error();
  std::error_code failed;
  const fs::path here = fs::current_path(failed);
  if (Status status = enter(*keeper, "user", CLONE_NEWUSER); !status.ok()) return status;
  if (Status status = enter(*keeper, "mnt", CLONE_NEWNS); !status.ok()) return status;
  // Who enters other mounts stands at their root.
  fs::current_path(here, failed);
  if (failed) return Error{ErrorKind::unavailable, here.string() + ": " + failed.message()};
  // For this process and its children, who find themselves to be root.
  ::setenv("ASSAY_LAB", site.state.c_str(), 1);
  return {};
}

}  // namespace

bool is_rootless() {
  std::ifstream file("/proc/self/uid_map");
  std::uint64_t inside = 0;
  std::uint64_t outside = 0;
  std::uint64_t count = 0;
  constexpr std::uint64_t all = 4294967295;
  return file >> inside >> outside >> count && count != all;
}

Result<LabSite> enter_lab_site() {
  auto site = lab_site();
  if (!site.ok() || ::geteuid() == 0) return site;
  const Status entered = become_root(*site);
  if (!entered.ok()) {
    obstacle() = entered.error().message;
    return site;
  }
  // Who has which number is another matter here.
  return lab_site();
}

const std::string& why_not_rootless() { return obstacle(); }

Status join_lab_network(const LabSite& site) {
  if (!is_rootless()) return {};
  const auto keeper = find_keeper(site);
  // As root of somebody's container, whose network is the lab's.
  if (!keeper.ok()) return {};
  return enter(*keeper, "net", CLONE_NEWNET);
}

Status end_rootless(const LabSite& site) {
  const auto keeper = find_keeper(site);
  if (!is_rootless() || !keeper.ok()) return {};
  LabSite other = site;
  std::error_code ignored;
  for (other.number = 0; other.number < lab_numbers; ++other.number) {
    const int holder = lock_holder(other.lock_file());
    const bool is_another = holder != 0 && holder != ::getpid();
    if (is_another || fs::exists(other.folder(), ignored)) return {};
  }
  if (Status ended = kill_process(*keeper); !ended.ok()) return ended;
  for (const char* ending : {"", ".new.log", ".lock"}) {
    fs::remove(keeper_file(site).string() + ending, ignored);
  }
  return {};
}

}  // namespace assay
