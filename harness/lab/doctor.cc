#include "harness/lab/doctor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <utility>

#include "harness/lab/lab.h"
#include "harness/lab/leftovers.h"
#include "harness/lab/node_init.h"
#include "harness/lab/rootless.h"
#include "harness/lab/subprocess.h"

namespace assay {
namespace {

DoctorCheck passed(std::string name, std::string found) {
  return {std::move(name), true, true, std::move(found), ""};
}
DoctorCheck failed(std::string name, std::string found, std::string fix) {
  return {std::move(name), false, true, std::move(found), std::move(fix)};
}
DoctorCheck optional(DoctorCheck check) {
  check.required = false;
  return check;
}

constexpr const char* as_root = "run as root: sudo assay doctor";

/// Runs a trial in a child of its own; what it gives is 0 or an errno.
template <class Trial>
int try_in_child(Trial trial) {
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::_exit(trial());
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

DoctorCheck check_privileges() {
  constexpr std::array<std::pair<int, const char*>, 5> needed{{{CAP_SYS_ADMIN, "SYS_ADMIN"},
                                                               {CAP_NET_ADMIN, "NET_ADMIN"},
                                                               {CAP_SYS_PTRACE, "SYS_PTRACE"},
                                                               {CAP_SYS_CHROOT, "SYS_CHROOT"},
                                                               {CAP_SETPCAP, "SETPCAP"}}};
  if (::geteuid() != 0) {
    return failed("root", fmt::format("user id {}", ::geteuid()),
                  "run as root: sudo assay …; or, as an ordinary user: " + why_not_rootless());
  }
  std::string missing;
  for (const auto& [capability, name] : needed) {
    if (::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 1) missing += fmt::format(" {}", name);
  }
  if (missing.empty()) {
    return passed("root", is_rootless() ? "in a user namespace, as an ordinary user"
                                        : "root with the capabilities that a lab needs");
  }
  return failed("root", "root without" + missing,
                "in a container, start it with --privileged or these capabilities");
}

DoctorCheck check_namespaces() {
  const int reason = try_in_child([] {
    const int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
    return ::unshare(flags) == 0 ? 0 : errno;
  });
  if (reason == 0) return passed("namespaces", "mount, pid, uts, ipc and net can be made");
  return failed("namespaces", std::strerror(reason),
                reason == EPERM ? as_root : "use a kernel with all namespaces (CONFIG_NAMESPACES)");
}

/// On the file system that will hold the nodes, since that is what decides.
DoctorCheck check_overlay(const LabSite& site) {
  std::error_code ignored;
  std::filesystem::path parent = site.state;
  while (!std::filesystem::exists(parent, ignored)) parent = parent.parent_path();
  std::string folder = (parent / "doctor-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) {
    return failed("overlayfs",
                  fmt::format("cannot write in {}: {}", parent.string(), std::strerror(errno)),
                  "run as root, or set ASSAY_LAB to a folder that can be written");
  }
  for (const char* name : {"/lower", "/upper", "/work", "/root"})
    ::mkdir((folder + name).c_str(), 0755);
  const std::string target = folder + "/root";
  const std::string options = overlay_options(folder + "/lower", folder);
  const int reason = try_in_child([&] {
    if (::unshare(CLONE_NEWNS) != 0) return errno;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno;
    return ::mount("overlay", target.c_str(), "overlay", 0, options.c_str()) == 0 ? 0 : errno;
  });
  const Status removed = remove_tree(folder);
  if (reason == 0 && removed.ok()) {
    return passed("overlayfs", fmt::format("mounts on the file system of {}", parent.string()));
  }
  if (!removed.ok()) return failed("overlayfs", removed.error().message, "remove that folder");
  return failed("overlayfs", std::strerror(reason),
                reason == EPERM
                    ? as_root
                    : "set ASSAY_LAB to a folder on ext4 or xfs: another overlay cannot "
                      "carry one");
}

/// Tries a program's input in a network namespace that ends with it.
DoctorCheck check_network(const char* name, std::vector<std::string> command, const char* input,
                          const char* found, const char* fix) {
  Subprocess trial;
  trial.command = std::move(command);
  trial.input = input;
  trial.new_network = true;
  trial.timeout = std::chrono::seconds(5);
  const Result<SubprocessResult> result = run_subprocess(trial);
  if (!result.ok()) return failed(name, result.error().message, fix);
  if (result.value().exit_status == 0) return passed(name, found);
  constexpr int no_namespace = 126;
  if (result.value().exit_status == no_namespace) {
    return failed(name, "no network namespace to try it in", as_root);
  }
  return failed(name, result.value().output.substr(0, result.value().output.find('\n')), fix);
}

/// What the clock fault does: read and write another process's memory.
DoctorCheck check_ptrace() {
  const char* name = "ptrace";
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (true) ::pause();
  }
  if (child < 0) return failed(name, std::strerror(errno), "raise the limit of processes");
  std::uint64_t word = 0;
  int reason = 0;
  if (::ptrace(PTRACE_SEIZE, child, nullptr, nullptr) != 0) reason = errno;
  const int memory = ::open(fmt::format("/proc/{}/mem", child).c_str(), O_RDWR | O_CLOEXEC);
  // The child is a copy of this program, so our own addresses are good there.
  const auto where = static_cast<off_t>(reinterpret_cast<std::uintptr_t>(&word));
  if (reason == 0 && (memory < 0 || ::pread(memory, &word, sizeof word, where) != sizeof word ||
                      ::pwrite(memory, &word, sizeof word, where) != sizeof word)) {
    reason = errno;
  }
  if (memory >= 0) ::close(memory);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  if (reason == 0) return passed(name, "another process's memory can be written (clock faults)");
  return failed(
      name, std::strerror(reason),
      "clock faults will not work; allow ptrace (kernel.yama.ptrace_scope, CAP_SYS_PTRACE)");
}

DoctorCheck check_device(const char* path, const char* purpose, const char* fix) {
  const int file = ::open(path, O_RDWR | O_CLOEXEC);
  const int reason = errno;
  if (file < 0) {
    return failed(path, fmt::format("{} ({})", std::strerror(reason), purpose),
                  reason == EACCES ? fmt::format("let users open it: chmod 666 {}", path) : fix);
  }
  ::close(file);
  return passed(path, fmt::format("can be opened ({})", purpose));
}

DoctorCheck check_program(const char* program, const char* package, const char* purpose) {
  const std::string path = find_program(program);
  if (!path.empty()) return passed(program, fmt::format("{} ({})", path, purpose));
  return failed(program, fmt::format("not found ({})", purpose),
                fmt::format("apt-get install {}", package));
}

DoctorCheck check_base(const LabSite& site) {
  if (base_is_built(site)) return passed("base root", site.base().string());
  DoctorCheck check = failed("base root", fmt::format("not built yet in {}", site.base().string()),
                             "assay lab up builds it, once, in about half a minute");
  return find_program("mmdebstrap").empty() ? check : optional(check);
}

DoctorCheck check_disk(const LabSite& site) {
  constexpr std::uint64_t bytes_wanted = 2ull << 30;
  std::error_code ignored;
  std::filesystem::path parent = site.state;
  while (!std::filesystem::exists(parent, ignored)) parent = parent.parent_path();
  struct statvfs info {};
  if (::statvfs(parent.c_str(), &info) != 0) {
    return failed("disk", std::strerror(errno), "set ASSAY_LAB to another folder");
  }
  const std::uint64_t bytes = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  const std::string found = fmt::format("{:.1f} GiB free for {}",
                                        static_cast<double>(bytes) / (1ull << 30), parent.string());
  if (bytes >= bytes_wanted) return passed("disk", found);
  return failed("disk", found, "free 2 GiB there, or set ASSAY_LAB to another folder");
}

/// With this on, frames between nodes pass the host's iptables, which often drop them (Docker's
/// do).
DoctorCheck check_bridge_filter() {
  std::ifstream file("/proc/sys/net/bridge/bridge-nf-call-iptables");
  int value = 0;
  file >> value;
  if (value == 0) return passed("bridge filter", "frames on a bridge do not pass iptables");
  const std::string program = find_program("iptables");
  if (program.empty()) return passed("bridge filter", "on, but there is no iptables");
  Subprocess list;
  list.command = {program, "-S", "FORWARD"};
  list.timeout = std::chrono::seconds(5);
  const Result<SubprocessResult> rules = run_subprocess(list);
  if (rules.ok() && rules.value().output.find("-P FORWARD DROP") == std::string::npos) {
    return passed("bridge filter",
                  "frames on a bridge pass iptables, whose FORWARD policy is not DROP");
  }
  return failed("bridge filter", "frames between nodes pass iptables, whose FORWARD policy is DROP",
                "iptables -I FORWARD -i assay+ -j ACCEPT");
}

DoctorCheck check_lab(const LabSite& site) {
  const std::string name = fmt::format("lab {}", site.number);
  const Result<LabStatus> result = lab_status(site);
  if (!result.ok()) return optional(failed(name, result.error().message, "assay lab down"));
  const LabStatus& status = result.value();
  if (status.controller_pid != 0) {
    return optional(failed(name, fmt::format("in use by process {}", status.controller_pid),
                           "wait for it, or set ASSAY_LAB_NUMBER"));
  }
  if (status.is_up) return passed(name, fmt::format("up, {} nodes", status.nodes.size()));
  if (status.nodes.empty() && status.leftovers.empty()) return passed(name, "not up");
  return optional(failed(name, "remains of a lab that is no longer whole", "assay lab down"));
}

}  // namespace

std::vector<DoctorCheck> run_doctor(const LabSite& site) {
  std::vector<DoctorCheck> checks;
  checks.push_back(check_privileges());
  checks.push_back(check_namespaces());
  checks.push_back(check_overlay(site));
  checks.push_back(check_program("ip", "iproute2", "network of the lab"));
  checks.push_back(check_program("mmdebstrap", "mmdebstrap", "builds the base root"));
  checks.push_back(check_network(
      "bridge and veth", {"ip", "-batch", "-"},
      "link add b0 type bridge\nlink add v0 type veth peer name v1\nlink set v0 master b0 up\n",
      "interfaces can be made", "use a kernel with CONFIG_BRIDGE and CONFIG_VETH"));
  checks.push_back(optional(check_network(
      "nftables", {"nft", "-f", "-"},
      "table inet t { set s { type ipv4_addr; }\n"
      "chain c {\ntype filter hook input priority 0; policy accept;\nip saddr @s drop\n}\n}\n",
      "rules can be loaded in a namespace (partitions, loss)",
      "apt-get install nftables, and a kernel with CONFIG_NF_TABLES_INET: partitions need it")));
  checks.push_back(optional(check_device("/dev/net/tun", "packet faults (delay, loss, …)",
                                         "modprobe tun, or start the container with this device")));
  checks.push_back(optional(check_device(
      "/dev/fuse", "disk faults", "modprobe fuse, or start the container with this device")));
  checks.push_back(optional(check_ptrace()));
  checks.push_back(optional(check_program("dot", "graphviz", "pictures of cycles in reports")));
  checks.push_back(check_bridge_filter());
  checks.push_back(check_disk(site));
  checks.push_back(check_base(site));
  checks.push_back(check_lab(site));
  return checks;
}

}  // namespace assay
