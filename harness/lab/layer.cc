#include "harness/lab/layer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "harness/lab/file_lock.h"
#include "harness/lab/leftovers.h"
#include "harness/lab/node_init.h"
#include "harness/lab/subprocess.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

// Arguments: the folder of the build, the options of the overlay, the packages. Runs in mount and
// pid namespaces of its own, so that nothing is left. No service may start: the processes would be
// the machine's.
constexpr const char* install_script = R"(
build=$1; options=$2; shift 2
root=$build/root
mount -t overlay overlay -o "$options" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/run"
cat /etc/resolv.conf >"$root/etc/resolv.conf"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
export DEBIAN_FRONTEND=noninteractive
chroot "$root" apt-get -q update
chroot "$root" apt-get -q -y --no-install-recommends install "$@"
chroot "$root" apt-get clean
rm -rf "$root"/var/lib/apt/lists/*
)";

/// Policy 5.6.7: lower case letters, digits, plus, minus and periods; not first a sign.
bool is_package_name(std::string_view name) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
  return name.size() >= 2 && name.find_first_not_of(allowed) == std::string_view::npos &&
         std::string_view("+-.").find(name.front()) == std::string_view::npos;
}

Error install_error(const SubprocessResult& result, const std::string& packages) {
  const auto at = result.output.find("E: ");
  std::string why = at == std::string::npos ? "" : result.output.substr(at, 300);
  if (why.empty()) {
    constexpr std::size_t shown = 300;
    const std::string& output = result.output;
    why = output.substr(output.size() > shown ? output.size() - shown : 0);
  }
  std::replace(why.begin(), why.end(), '\n', ' ');
  const bool unknown = why.find("Unable to locate") != std::string::npos ||
                       why.find("no installation candidate") != std::string::npos;
  return {
      unknown ? ErrorKind::configuration : ErrorKind::unavailable,
      fmt::format("installing {} failed with status {}: {}", packages, result.exit_status, why)};
}

Status install(const LabSite& site, const fs::path& build, const Progress& progress) {
  std::error_code failed;
  for (const char* part : {"upper", "work", "root"}) {
    fs::create_directories(build / part, failed);
    if (failed) return Error{ErrorKind::cannot_write, build.string() + ": " + failed.message()};
  }
  Subprocess run;
  run.command = {"unshare",
                 "--mount",
                 "--pid",
                 "--fork",
                 "--kill-child",
                 "sh",
                 "-ec",
                 install_script,
                 "sh",
                 build.string(),
                 overlay_options(site.base(), build)};
  run.command.insert(run.command.end(), site.packages.begin(), site.packages.end());
  run.timeout = std::chrono::minutes(15);
  run.on_line = [&](std::string_view line) {
    if (line.starts_with("Setting up ")) progress(fmt::format("packages: {}", line));
  };
  const auto result = run_subprocess(run);
  if (!result.ok()) return result.error();
  if (result->exit_status == 0) return {};
  return install_error(*result, fmt::format("{}", fmt::join(site.packages, " ")));
}

}  // namespace

Status ensure_layer(const LabSite& site, const Progress& progress) {
  if (site.packages.empty() || fs::exists(site.layer())) return {};
  for (const std::string& package : site.packages) {
    if (is_package_name(package)) continue;
    return Error{ErrorKind::configuration, "'" + package + "' cannot be the name of a package"};
  }
  if (::geteuid() != 0) {
    return Error{ErrorKind::not_permitted, "installing packages for a lab needs root; use sudo"};
  }
  Result<FileLock> lock = FileLock::wait(site.layer().string() + ".lock");
  if (!lock.ok()) return lock.error();
  if (fs::exists(site.layer())) return {};
  progress(
      fmt::format("packages: installing {}, once on this machine", fmt::join(site.packages, " ")));
  const Nanos start = monotonic_now();
  const fs::path build = site.layer().string() + ".building";
  if (Status status = remove_tree(build); !status.ok()) return status;
  Status status = install(site, build, progress);
  if (status.ok()) {
    std::error_code failed;
    fs::rename(build / "upper", site.layer(), failed);
    if (failed) {
      status = Error{ErrorKind::cannot_write, site.layer().string() + ": " + failed.message()};
    }
  }
  // The first error is the one worth telling.
  static_cast<void>(remove_tree(build).ok());
  if (!status.ok()) return status.error().in("packages");
  progress(fmt::format("packages: installed in {}", format_duration(monotonic_now() - start)));
  return {};
}

}  // namespace assay
