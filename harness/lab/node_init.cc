#include "harness/lab/node_init.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <net/if.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "harness/lab/rootless.h"

namespace assay {
namespace {

/// What would reach past the node: the machine's clock, its power, its kernel, its devices.
constexpr std::array dropped_capabilities{CAP_SYS_TIME, CAP_SYS_BOOT, CAP_SYS_MODULE, CAP_SYS_RAWIO,
                                          CAP_MKNOD};

[[noreturn]] void fail(int report, const char* step, const char* detail = "") {
  NodeInitFailure failure;
  failure.reason = errno;
  ::strncpy(failure.step.data(), step, failure.step.size() - 1);
  ::strncat(failure.step.data(), detail, failure.step.size() - 1 - ::strlen(failure.step.data()));
  [[maybe_unused]] const ssize_t written = ::write(report, &failure, sizeof failure);
  ::_exit(1);
}

bool mount_one(const NodeMount& mount) {
  const char* target = mount.target.c_str();
  switch (mount.kind) {
    case NodeMount::Kind::symlink:
      return ::symlink(mount.source.c_str(), target) == 0 || errno == EEXIST;
    case NodeMount::Kind::folder:
      return ::mkdir(target, 0755) == 0 || errno == EEXIST;
    case NodeMount::Kind::filesystem:
      ::mkdir(target, 0755);
      return ::mount(mount.source.c_str(), target, mount.type.c_str(), mount.flags,
                     mount.options.c_str()) == 0;
    case NodeMount::Kind::bind_file: {
      const int file = ::open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
      if (file >= 0) ::close(file);
      return ::mount(mount.source.c_str(), target, nullptr, MS_BIND, nullptr) == 0;
    }
    case NodeMount::Kind::bind_read_only:
      // What this kernel does not have needs no protection.
      if (::access(target, F_OK) != 0) return true;
      return ::mount(target, target, nullptr, MS_BIND, nullptr) == 0 &&
             ::mount(nullptr, target, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }
  return false;
}

void change_root(const NodeInit& init, int report) {
  if (::chdir(init.root.c_str()) != 0) fail(report, "enter ", init.root.c_str());
  // Old and new root on the same point: the old one ends up on top and is then detached.
  if (::syscall(SYS_pivot_root, ".", ".") != 0)
    fail(report, "change the root to ", init.root.c_str());
  if (::umount2(".", MNT_DETACH) != 0) fail(report, "detach the old root");
  if (::chdir("/") != 0) fail(report, "enter the new root");
}

void set_interface_up(int socket, const char* name, int report) {
  ifreq request{};
  ::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (::ioctl(socket, SIOCGIFFLAGS, &request) != 0) fail(report, "find interface ", name);
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_RUNNING);
  if (::ioctl(socket, SIOCSIFFLAGS, &request) != 0) fail(report, "switch on interface ", name);
}

void set_up_network(const NodeInit& init, int report) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) fail(report, "open a socket");
  set_interface_up(socket, "lo", report);
  const auto set_address = [&](unsigned long what, const char* text) {
    ifreq request{};
    ::strncpy(request.ifr_name, "eth0", IFNAMSIZ - 1);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    ::inet_pton(AF_INET, text, &address.sin_addr);
    ::memcpy(&request.ifr_addr, &address, sizeof address);
    if (::ioctl(socket, what, &request) != 0) fail(report, "give eth0 the address ", text);
  };
  set_address(SIOCSIFADDR, init.address.c_str());
  set_address(SIOCSIFNETMASK, "255.255.255.0");
  set_interface_up(socket, "eth0", report);
  ::close(socket);
}

void drop_capabilities(int report) {
  for (const int capability : dropped_capabilities) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) fail(report, "drop a capability");
  }
  // The bounding set does not bound what is inherited, so inherit nothing; exec as root gives
  // back all that the bounding set leaves.
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) fail(report, "read capabilities");
  for (auto& half : data) half.inheritable = 0;
  if (::syscall(SYS_capset, &header, data.data()) != 0) fail(report, "set capabilities");
}

void detach_from_parent(int log, int report) {
  ::setsid();
  const int null = ::open("/dev/null", O_RDWR);
  if (null < 0) fail(report, "open /dev/null");
  ::dup2(null, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::umask(022);
  // Half a node must not outlive its maker; a whole one must.
  ::prctl(PR_SET_PDEATHSIG, 0);
}

/// Among the maker's files is the lock of the lab, which must end with its maker.
void close_files_except(std::array<int, 3> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned next = 3;
  for (const int fd : kept) {
    if (static_cast<unsigned>(fd) > next) {
      ::syscall(SYS_close_range, next, static_cast<unsigned>(fd) - 1, 0);
    }
    next = static_cast<unsigned>(fd) + 1;
  }
  ::syscall(SYS_close_range, next, ~0u, 0);
}

void add_device_mounts(NodeInit& init) {
  using Kind = NodeMount::Kind;
  const std::string dev = init.root + "/dev";
  init.mounts.push_back({Kind::filesystem, "dev", dev, "tmpfs", MS_NOSUID, "mode=755,size=1m"});
  for (const char* device : {"null", "zero", "full", "random", "urandom", "tty"}) {
    init.mounts.push_back({Kind::bind_file, fmt::format("/dev/{}", device),
                           fmt::format("{}/{}", dev, device), "", 0, ""});
  }
  // What packet and disk faults work with. A machine without them has no such faults.
  for (const auto& [device, folder] : {std::pair{"net/tun", "/net"}, std::pair{"fuse", ""}}) {
    const std::string source = fmt::format("/dev/{}", device);
    if (::access(source.c_str(), R_OK | W_OK) != 0) continue;
    if (*folder != 0) init.mounts.push_back({Kind::folder, "", dev + folder, "", 0, ""});
    init.mounts.push_back({Kind::bind_file, source, fmt::format("{}/{}", dev, device), "", 0, ""});
  }
  init.mounts.push_back({Kind::filesystem, "devpts", dev + "/pts", "devpts", MS_NOSUID | MS_NOEXEC,
                         "newinstance,ptmxmode=0666,mode=620,gid=5"});
  init.mounts.push_back(
      {Kind::filesystem, "shm", dev + "/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"});
  init.mounts.push_back({Kind::symlink, "pts/ptmx", dev + "/ptmx", "", 0, ""});
  init.mounts.push_back({Kind::symlink, "/proc/self/fd", dev + "/fd", "", 0, ""});
  init.mounts.push_back({Kind::symlink, "/proc/self/fd/0", dev + "/stdin", "", 0, ""});
  init.mounts.push_back({Kind::symlink, "/proc/self/fd/1", dev + "/stdout", "", 0, ""});
  init.mounts.push_back({Kind::symlink, "/proc/self/fd/2", dev + "/stderr", "", 0, ""});
}

}  // namespace

std::string overlay_options(const std::string& lower, const std::filesystem::path& folder) {
  return fmt::format("lowerdir={0},upperdir={1}/upper,workdir={1}/work{2}", lower, folder.string(),
                     is_rootless() ? ",userxattr" : "");
}

NodeInit make_node_init(const LabSite& site, int node) {
  using Kind = NodeMount::Kind;
  NodeInit init;
  init.name = LabSite::node_name(node);
  init.address = site.node_host(node);
  const std::string folder = site.node_folder(node).string();
  init.root = folder + "/root";
  const std::string lower =
      (site.packages.empty() ? "" : site.layer().string() + ":") + site.base().string();
  init.mounts.push_back(
      {Kind::filesystem, "overlay", init.root, "overlay", 0, overlay_options(lower, folder)});
  constexpr unsigned long plain = MS_NOSUID | MS_NODEV;
  init.mounts.push_back(
      {Kind::filesystem, "proc", init.root + "/proc", "proc", plain | MS_NOEXEC, ""});
  init.mounts.push_back(
      {Kind::filesystem, "sysfs", init.root + "/sys", "sysfs", plain | MS_NOEXEC | MS_RDONLY, ""});
  add_device_mounts(init);
  init.mounts.push_back({Kind::filesystem, "run", init.root + "/run", "tmpfs", plain, "mode=755"});
  init.mounts.push_back({Kind::filesystem, "tmp", init.root + "/tmp", "tmpfs", plain, "mode=1777"});
  // Settings of the whole machine; a node's own are under /proc/sys/net.
  for (const char* path :
       {"sys/kernel", "sys/vm", "sys/fs", "sys/debug", "sys/dev", "sysrq-trigger", "kcore"}) {
    init.mounts.push_back(
        {Kind::bind_read_only, "", fmt::format("{}/proc/{}", init.root, path), "", 0, ""});
  }
  init.command = {"/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null"};
  for (const char* option :
       {"HostKey=/etc/ssh/ssh_host_ed25519_key", "PermitRootLogin=prohibit-password",
        "PasswordAuthentication=no", "KbdInteractiveAuthentication=no", "UsePAM=no", "UseDNS=no",
        "PrintMotd=no", "PrintLastLog=no", "MaxStartups=200", "MaxSessions=200", "MaxAuthTries=20",
        "ClientAliveInterval=0", "AllowTcpForwarding=no", "PidFile=none",
        "Subsystem=sftp internal-sftp",
        "SetEnv=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8"}) {
    init.command.insert(init.command.end(), {"-o", option});
  }
  init.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"};
  return init;
}

void run_node_init(const NodeInit& init, int go, int report, int log) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  close_files_except({go, report, log});
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    fail(report, "make the mounts private");
  }
  for (const NodeMount& mount : init.mounts) {
    if (!mount_one(mount)) fail(report, "mount ", mount.target.c_str());
  }
  change_root(init, report);
  ::mkdir("/run/sshd", 0755);
  ::mkdir("/run/lock", 01777);
  if (::sethostname(init.name.data(), init.name.size()) != 0) fail(report, "set the host name");
  char byte = 0;
  // The end of the pipe means that the maker died before the network was there.
  if (::read(go, &byte, 1) != 1) ::_exit(1);
  set_up_network(init, report);
  drop_capabilities(report);
  detach_from_parent(log, report);
  std::array<char*, 64> arguments{};
  std::array<char*, 16> environment{};
  for (std::size_t i = 0; i < init.command.size() && i + 1 < arguments.size(); ++i) {
    arguments[i] = const_cast<char*>(init.command[i].c_str());
  }
  for (std::size_t i = 0; i < init.environment.size() && i + 1 < environment.size(); ++i) {
    environment[i] = const_cast<char*>(init.environment[i].c_str());
  }
  ::execve(arguments[0], arguments.data(), environment.data());
  fail(report, "run ", arguments[0]);
}

}  // namespace assay
