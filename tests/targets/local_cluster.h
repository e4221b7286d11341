#pragma once
// Real assay-node processes on the loopback interface, each at an address and a free port of its
// own, in a temporary folder. They are stopped by their process ids when the cluster goes out of
// scope.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "targets/reference/client.h"

namespace assay::reference {

class LocalCluster {
 public:
  LocalCluster(std::size_t size, std::vector<std::string> arguments);
  LocalCluster(const LocalCluster&) = delete;
  LocalCluster& operator=(const LocalCluster&) = delete;
  ~LocalCluster();

  void start(std::size_t node);
  void kill(std::size_t node);  ///< SIGKILL; returns when the process is gone
  void pause(std::size_t node);
  void resume(std::size_t node);
  /// Asks the members to let a node leave ("--leave") or join; the exit status of that.
  int operate(std::size_t node, const std::string& flag) const;
  void lose_data(std::size_t node);  ///< REQUIRES that it does not run
  std::unique_ptr<ReferenceClient> client(std::size_t node);
  const Address& address(std::size_t node) const { return addresses_.at(node); }
  std::string data_folder(std::size_t node) const;
  std::string log(std::size_t node) const;  ///< what it has logged so far
  std::size_t size() const { return addresses_.size(); }

  /// Repeats the invocation until it is ok or `limit` has passed; the last completion.
  Completion until_ok(std::size_t node, const Invocation& invocation, Nanos limit);
  /// Index of a member that says it leads; waits for one up to `limit`. size() if there is none.
  std::size_t leader(Nanos limit) const;

 private:
  std::string log_file(std::size_t node) const;

  std::string folder_;
  std::vector<std::string> arguments_;
  std::string peers_;
  std::vector<Address> addresses_;
  std::vector<pid_t> processes_;
  std::uint64_t next_identity_ = 1;
};

}  // namespace assay::reference
