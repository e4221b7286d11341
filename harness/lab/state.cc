#include "harness/lab/state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

namespace assay {

Status write_file(const std::filesystem::path& file, const std::string& text, unsigned mode) {
  const std::string temporary = file.string() + ".tmp";
  const auto failed = [&] {
    return Error{ErrorKind::cannot_write,
                 fmt::format("cannot write {}: {}", file.string(), std::strerror(errno))};
  };
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return failed();
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t n = ::write(fd, text.data() + written, text.size() - written);
    if (n < 0 && errno != EINTR) break;
    written += static_cast<std::size_t>(std::max<ssize_t>(n, 0));
  }
  const bool complete = written == text.size() && ::fchmod(fd, mode) == 0;
  if (::close(fd) != 0 || !complete || ::rename(temporary.c_str(), file.c_str()) != 0) {
    return failed();
  }
  return {};
}

Status write_lab_state(const LabSite& site, const LabState& state) {
  nlohmann::json json = {{"schema", "assay.lab/1"}, {"since", state.since}};
  json["suite"] = state.suite;
  json["packages"] = state.packages;
  json["nodes"] = nlohmann::json::array();
  for (const ProcessIdentity& node : state.nodes) {
    json["nodes"].push_back({{"pid", node.pid}, {"start_ticks", node.start_ticks}});
  }
  return write_file(site.state_file(), json.dump(1) + "\n", 0644);
}

Result<LabState> read_lab_state(const LabSite& site) {
  std::ifstream file(site.state_file());
  if (!file) {
    return Error{ErrorKind::no_input,
                 fmt::format("lab {} is not up; bring it up by: assay lab up", site.number)};
  }
  try {
    const nlohmann::json json = nlohmann::json::parse(file);
    LabState state;
    state.since = json.at("since").get<std::string>();
    state.suite = json.value("suite", default_suite);
    state.packages = json.value("packages", std::vector<std::string>());
    for (const nlohmann::json& node : json.at("nodes")) {
      state.nodes.push_back(
          {node.at("pid").get<pid_t>(), node.at("start_ticks").get<std::uint64_t>()});
    }
    if (!state.nodes.empty() && state.nodes.size() <= lab_nodes_max) return state;
    return Error{ErrorKind::bad_data,
                 fmt::format("{}: expected 1 to {} nodes, got {}", site.state_file().string(),
                             lab_nodes_max, state.nodes.size())};
  } catch (const nlohmann::json::exception& problem) {
    return Error{ErrorKind::bad_data, fmt::format("{}: not a lab's state: {}",
                                                  site.state_file().string(), problem.what())};
  }
}

}  // namespace assay
