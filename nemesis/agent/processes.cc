#include "nemesis/agent/processes.h"

#include <dirent.h>
#include <poll.h>

#include <charconv>
#include <csignal>
#include <fstream>
#include <sstream>
#include <system_error>

namespace assay::agent {
namespace {

struct Stat {
  char state = '?';
  pid_t parent = 0;
  pid_t session = 0;
  std::uint64_t start = 0;
};

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Stat> read_stat(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(file, text)) return std::nullopt;
  // The second field is the command's name in parentheses and may itself hold any of these.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  Stat stat;
  std::string skipped;
  fields >> stat.state >> stat.parent >> skipped >> stat.session;
  constexpr int fields_before_start = 15;  // fields 7 … 21; the start time is field 22
  for (int i = 0; i < fields_before_start; ++i) fields >> skipped;
  fields >> stat.start;
  if (!fields || stat.state == 'Z' || stat.state == 'X') return std::nullopt;
  return stat;
}

std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  DIR* folder = ::opendir("/proc");
  if (folder == nullptr) return pids;
  while (const dirent* entry = ::readdir(folder)) {
    if (const auto pid = number<pid_t>(entry->d_name)) pids.push_back(*pid);
  }
  ::closedir(folder);
  return pids;
}

}  // namespace

std::string to_word(const Process& process) {
  return std::to_string(process.pid) + ":" + std::to_string(process.start);
}

std::optional<Process> process_from_word(const std::string& word) {
  const std::size_t colon = word.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const auto pid = number<pid_t>(std::string_view(word).substr(0, colon));
  const auto start = number<std::uint64_t>(std::string_view(word).substr(colon + 1));
  if (!pid || *pid <= 0 || !start) return std::nullopt;
  return Process{*pid, *start};
}

std::optional<Process> find_process(pid_t pid) {
  const auto stat = read_stat(pid);
  if (!stat) return std::nullopt;
  return Process{pid, stat->start};
}

std::optional<char> state_of(const Process& process) {
  const auto stat = read_stat(process.pid);
  if (!stat || stat->start != process.start) return std::nullopt;
  return stat->state;
}

std::vector<Process> process_tree(const Process& root) {
  std::vector<Process> tree{root};
  const std::vector<pid_t> pids = all_pids();
  for (std::size_t i = 0; i < tree.size(); ++i) {
    for (const pid_t pid : pids) {
      const auto stat = read_stat(pid);
      if (stat && stat->parent == tree[i].pid) tree.push_back({pid, stat->start});
    }
  }
  return tree;
}

Status end_session(const Process& leader, Nanos patience) {
  const Nanos deadline = monotonic_now() + patience;
  for (;;) {
    // While a process is left in a session, the kernel gives its id to no other process.
    const auto now = read_stat(leader.pid);
    if (now && now->start != leader.start) return {};
    bool any_left = false;
    for (const pid_t pid : all_pids()) {
      const auto stat = read_stat(pid);
      if (!stat || stat->session != leader.pid) continue;
      any_left = true;
      ::kill(pid, SIGKILL);
    }
    if (!any_left) return {};
    if (monotonic_now() > deadline) {
      return Error{ErrorKind::busy, "processes of session " + std::to_string(leader.pid) +
                                        " do not end within " + format_duration(patience)};
    }
    ::poll(nullptr, 0, 1);
  }
}

Result<std::vector<Process>> server_tree(const std::string& pid_file) {
  std::ifstream file(pid_file);
  std::string text;
  if (!(file >> text)) return std::vector<Process>();
  const auto pid = number<pid_t>(text);
  if (!pid || *pid <= 1) {
    return Error{ErrorKind::bad_data,
                 pid_file + ": expected the server's process id, got \"" + text + "\""};
  }
  const auto root = find_process(*pid);
  if (!root) return std::vector<Process>();
  return process_tree(*root);
}

}  // namespace assay::agent
