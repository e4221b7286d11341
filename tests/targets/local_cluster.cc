#include "tests/targets/local_cluster.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include "base/assert.h"
#include "base/executable.h"

namespace assay::reference {
namespace {

/// Ports that were free a moment ago; all are held open until all are chosen, so they differ.
std::vector<std::uint16_t> free_ports(std::size_t count) {
  std::vector<int> sockets;
  std::vector<std::uint16_t> ports;
  for (std::size_t i = 0; i < count; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    ASSAY_ASSERT(bind(fd, generic, size) == 0);
    ASSAY_ASSERT(getsockname(fd, generic, &size) == 0);
    sockets.push_back(fd);
    ports.push_back(ntohs(address.sin_port));
  }
  for (const int fd : sockets) close(fd);
  return ports;
}

}  // namespace

LocalCluster::LocalCluster(std::size_t size, std::vector<std::string> arguments)
    : arguments_(std::move(arguments)), processes_(size, 0) {
  std::string pattern = (std::filesystem::temp_directory_path() / "assay-cluster-XXXXXX").string();
  ASSAY_ASSERT(mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
  for (const auto port : free_ports(size)) {
    const std::string number = std::to_string(addresses_.size() + 1);
    addresses_.push_back({"127.0.0." + number, port});
    peers_ += (peers_.empty() ? "" : ",") + number + "=" + addresses_.back().host + ":" +
              std::to_string(port);
  }
  for (std::size_t i = 0; i < size; ++i) start(i);
}

LocalCluster::~LocalCluster() {
  for (std::size_t i = 0; i < size(); ++i) kill(i);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string LocalCluster::data_folder(std::size_t node) const {
  return folder_ + "/" + std::to_string(node + 1);
}
std::string LocalCluster::log_file(std::size_t node) const { return data_folder(node) + ".log"; }

std::string LocalCluster::log(std::size_t node) const {
  std::ostringstream text;
  text << std::ifstream(log_file(node)).rdbuf();
  return text.str();
}

void LocalCluster::start(std::size_t node) {
  ASSAY_ASSERT(processes_.at(node) == 0);
  std::vector<std::string> words{program_folder() + "/assay-node",
                                 "--id",
                                 std::to_string(node + 1),
                                 "--peers",
                                 peers_,
                                 "--listen",
                                 addresses_[node].host,
                                 "--data",
                                 data_folder(node)};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const std::string output = log_file(node);
  const pid_t child = fork();
  ASSAY_ASSERT(child >= 0);
  if (child == 0) {
    const int fd = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(fd, STDERR_FILENO);
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  processes_[node] = child;
}

void LocalCluster::kill(std::size_t node) {
  pid_t& process = processes_.at(node);
  if (process == 0) return;
  ::kill(process, SIGKILL);
  waitpid(process, nullptr, 0);
  process = 0;
}

int LocalCluster::operate(std::size_t node, const std::string& flag) const {
  const std::string command = program_folder() + "/assay-node --id " + std::to_string(node + 1) +
                              " --peers " + peers_ + " " + flag + " >/dev/null 2>&1";
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void LocalCluster::lose_data(std::size_t node) {
  ASSAY_ASSERT(processes_.at(node) == 0);
  std::filesystem::remove_all(data_folder(node));
}

void LocalCluster::pause(std::size_t node) { ::kill(processes_.at(node), SIGSTOP); }
void LocalCluster::resume(std::size_t node) { ::kill(processes_.at(node), SIGCONT); }

std::unique_ptr<ReferenceClient> LocalCluster::client(std::size_t node) {
  return std::make_unique<ReferenceClient>(addresses_.at(node), next_identity_++);
}

Completion LocalCluster::until_ok(std::size_t node, const Invocation& invocation, Nanos limit) {
  const Nanos end = monotonic_now() + limit;
  const auto with = client(node);
  while (true) {
    auto completion = with->invoke(invocation, std::chrono::seconds(2));
    if (completion.type == EventType::ok || monotonic_now() >= end) return completion;
  }
}

std::size_t LocalCluster::leader(Nanos limit) const {
  const Nanos end = monotonic_now() + limit;
  do {
    for (std::size_t i = 0; i < size(); ++i) {
      if (processes_[i] == 0) continue;
      const auto status = query_status(addresses_[i], std::chrono::milliseconds(300));
      if (status && status->role == Role::leader) return i;
    }
    std::this_thread::yield();
  } while (monotonic_now() < end);
  return size();
}

}  // namespace assay::reference
