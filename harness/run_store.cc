#include "harness/run_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "harness/json_value.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Error cannot_write(const std::string& path, const std::string& why) {
  return {ErrorKind::cannot_write, "cannot write '" + path + "': " + why};
}

/// fault and action of "start-partition-halves"; action is empty for f without one.
std::pair<std::string, std::string> split_fault(const std::string& f) {
  for (const std::string action : {"start", "stop"}) {
    if (f.starts_with(action + "-")) return {f.substr(action.size() + 1), action};
  }
  return {f, ""};
}

}  // namespace

Result<RunFolder> RunFolder::create(const std::string& root, const std::string& target,
                                    const std::string& workload, std::uint64_t seed) {
  auto folder = stage(root, target, workload, seed);
  if (!folder.ok()) return folder.error();
  if (auto status = folder->publish(); !status.ok()) return status.error();
  return folder;
}

Result<RunFolder> RunFolder::stage(const std::string& root, const std::string& target,
                                   const std::string& workload, std::uint64_t seed) {
  const fs::path parent = fs::path(root) / target / workload;
  const std::string name = utc_stamp() + "-" + std::to_string(seed);
  std::error_code failure;
  fs::create_directories(parent, failure);
  if (failure) return cannot_write(parent.string(), failure.message());
  // Two runs of one seed may begin within one second. create_directory would look once more at what
  // is there already, and fail if the other run has just taken its final name.
  fs::path folder = parent / ("." + name);
  for (int n = 2; ::mkdir(folder.c_str(), 0777) != 0; ++n) {
    if (errno != EEXIST) return cannot_write(folder.string(), std::strerror(errno));
    folder = parent / ("." + name + "-" + std::to_string(n));
  }
  return RunFolder(root, folder.string());
}

Status RunFolder::publish() {
  const fs::path staged(path_);
  const std::string base = staged.filename().string().substr(1);
  std::error_code failure;
  fs::path folder = staged.parent_path() / base;
  // A rename onto an existing folder that is not empty fails, onto an empty one it would not.
  for (int n = 2; fs::exists(folder); ++n) {
    folder = staged.parent_path() / (base + "." + std::to_string(n));
  }
  fs::rename(staged, folder, failure);
  if (failure) return cannot_write(folder.string(), failure.message());
  path_ = folder.string();
  const fs::path link = fs::path(root_) / "latest";
  const fs::path below = folder.lexically_relative(root_);
  // Of this run and process alone: others may publish theirs, or have died in between.
  std::string name = ".latest-" + std::to_string(getpid()) + "-" + below.string();
  std::replace(name.begin(), name.end(), '/', '-');
  const fs::path fresh = fs::path(root_) / name;
  fs::create_directory_symlink(below, fresh, failure);
  if (!failure) fs::rename(fresh, link, failure);
  if (failure) return cannot_write(link.string(), failure.message());
  return {};
}

Result<std::string> RunFolder::log_folder(const std::string& node) const {
  const fs::path folder = fs::path(path_) / "logs" / node;
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure) return cannot_write(folder.string(), failure.message());
  return folder.string();
}

Status write_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".part";
  {
    std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (!file) return cannot_write(path, "opening or writing failed");
  }
  std::error_code failure;
  fs::rename(fresh, path, failure);
  if (failure) return cannot_write(path, failure.message());
  return {};
}

Result<FaultLog> FaultLog::create(const std::string& path) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!file) return cannot_write(path, "opening failed");
  return FaultLog(std::move(file));
}

Status FaultLog::append(const Event& event) {
  const auto [fault, action] = split_fault(event.f);
  Json line = {{"index", event.index}, {"time", event.time.count()}, {"fault", fault}};
  if (!action.empty()) line["action"] = action;
  line["type"] = name_of(event.type);
  if (!event.value.is_nil()) line["value"] = to_json(event.value);
  if (!event.error.empty()) line["error"] = event.error;
  file_ << line.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
  if (!file_) return Error{ErrorKind::cannot_write, "cannot append to faults.jsonl"};
  return {};
}

}  // namespace assay
