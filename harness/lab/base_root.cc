#include "harness/lab/base_root.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <string_view>

#include "harness/lab/file_lock.h"
#include "harness/lab/leftovers.h"
#include "harness/lab/subprocess.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

/// What every target may count on in a node, beside Debian's essential packages.
constexpr const char* packages = "openssh-server,iproute2,nftables,procps,iputils-ping";

/// bookworm, trixie, sid, …: the name is a folder's too.
bool is_suite_name(std::string_view name) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789-";
  return !name.empty() && name.front() != '-' &&
         name.find_first_not_of(allowed) == std::string_view::npos;
}

Status run_mmdebstrap(const std::string& suite, const fs::path& folder, const Progress& progress) {
  Subprocess build;
  // Process ids of its own, so that /proc can be mounted there without being the machine's root.
  build.command = {"unshare", "--mount", "--pid", "--fork", "--kill-child", "mmdebstrap",
                   "--mode=root", "--variant=minbase", fmt::format("--include={}", packages),
                   "--skip=check/empty",
                   // Archives of a fixed date call themselves expired. Signatures are checked.
                   "--aptopt=Acquire::Check-Valid-Until \"false\"", suite, folder.string()};
  build.timeout = std::chrono::minutes(20);
  build.on_line = [&](std::string_view line) {
    if (line.rfind("I: ", 0) == 0) progress(fmt::format("base root: {}", line.substr(3)));
  };
  const Result<SubprocessResult> result = run_subprocess(build);
  if (!result.ok()) return result.error();
  if (result.value().exit_status == 0) return {};
  const std::string& output = result.value().output;
  constexpr std::size_t shown = 600;
  std::string end = output.substr(output.size() > shown ? output.size() - shown : 0);
  for (char& c : end) c = c == '\n' ? ' ' : c;
  return Error{ErrorKind::unavailable,
               fmt::format("mmdebstrap {} failed with status {}; is there such a suite, and are "
                           "Debian's package servers in reach? its last words: {}",
                           suite, result.value().exit_status, end)};
}

/// Makes the new root fit to be shared: each node gets a host key and an identity of its own.
Status remove_identity(const fs::path& folder) {
  std::error_code failed;
  for (const char* type : {"rsa", "ecdsa", "ed25519"}) {
    for (const char* end : {"", ".pub"}) {
      fs::remove(folder / "etc/ssh" / fmt::format("ssh_host_{}_key{}", type, end), failed);
      if (failed) return Error{ErrorKind::cannot_write, failed.message()};
    }
  }
  fs::permissions(folder, fs::perms(0755), failed);
  return failed ? Status(Error{ErrorKind::cannot_write, failed.message()}) : Status();
}

}  // namespace

bool base_is_built(const LabSite& site) {
  return ::access((site.base() / "usr/sbin/sshd").c_str(), X_OK) == 0;
}

Status ensure_base(const LabSite& site, const Progress& progress) {
  if (base_is_built(site)) return {};
  if (!is_suite_name(site.suite)) {
    return Error{
        ErrorKind::configuration,
        fmt::format("'{}' cannot be a suite of Debian; expected one such as {}, trixie, sid",
                    site.suite, default_suite)};
  }
  if (::geteuid() != 0) {
    return Error{ErrorKind::not_permitted,
                 "building the lab's base root needs root; try: sudo assay lab up"};
  }
  std::error_code failed;
  fs::create_directories(site.base().parent_path(), failed);
  if (failed) {
    return Error{
        ErrorKind::cannot_write,
        fmt::format("cannot make {}: {}", site.base().parent_path().string(), failed.message())};
  }
  Result<FileLock> lock = FileLock::wait(site.base().string() + ".lock");
  if (!lock.ok()) return lock.error();
  if (base_is_built(site)) return {};
  progress(fmt::format("base root: building {}, once on this machine (about half a minute)",
                       site.suite));
  const Nanos start = monotonic_now();
  const fs::path temporary = site.base().string() + ".building";
  if (Status status = remove_tree(temporary); !status.ok()) return status;
  Status status = run_mmdebstrap(site.suite, temporary, progress);
  if (status.ok()) status = remove_identity(temporary);
  if (status.ok()) {
    fs::rename(temporary, site.base(), failed);
    if (failed) {
      status = Error{ErrorKind::cannot_write,
                     fmt::format("cannot make {}: {}", site.base().string(), failed.message())};
    }
  }
  if (!status.ok()) {
    // The first error is the one worth telling.
    static_cast<void>(remove_tree(temporary).ok());
    return status.error().in("base root");
  }
  progress(fmt::format("base root: built in {}", format_duration(monotonic_now() - start)));
  return {};
}

}  // namespace assay
