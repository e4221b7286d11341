#pragma once
// A child of the test with pipes for its streams, and a Node that is this very machine: the agent
// without SSH in between.

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "harness/control/node.h"

namespace assay::testing {

class LocalProcess final : public RemoteProcess {
 public:
  static std::unique_ptr<LocalProcess> start(const std::vector<std::string>& arguments);
  LocalProcess(const LocalProcess&) = delete;
  LocalProcess& operator=(const LocalProcess&) = delete;
  ~LocalProcess() override;  ///< ends its input and waits for it

  Status write_line(const std::string& line) override;
  Result<std::string> read_line(Nanos timeout) override;
  pid_t pid() const { return pid_; }
  void end_input();
  void wait();  ///< until it has ended

 private:
  LocalProcess(pid_t pid, int in, int out) : pid_(pid), in_(in), out_(out) {}
  pid_t pid_;
  int in_;
  int out_;
  bool waited_ = false;
  std::string text_;
};

class LocalNode final : public Node {
 public:
  explicit LocalNode(std::string name) { address_.name = std::move(name); }
  const NodeAddress& address() const override { return address_; }
  Result<CommandResult> run(const std::string& command, Nanos timeout) override;
  Status upload(const std::string& local_path, const std::string& remote_path,
                unsigned mode) override;
  Status download(const std::string& remote_path, const std::string& local_path) override;
  Result<std::unique_ptr<RemoteProcess>> start(const std::string& command) override;

 private:
  NodeAddress address_;
};

/// A new folder under /tmp, removed at the end of the scope.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Waits until the condition holds; false if it does not within `timeout`.
bool eventually(const std::function<bool()>& condition, Nanos timeout = std::chrono::seconds(20));

bool exists(const std::string& path);

/// The program in the build folder.
std::string program(const std::string& name);

}  // namespace assay::testing
