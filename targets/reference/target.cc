#include "targets/reference/target.h"

#include <array>
#include <atomic>
#include <charconv>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "base/executable.h"
#include "base/random.h"
#include "targets/reference/client.h"
#include "targets/reference/server_process.h"

namespace assay::reference {
namespace {

constexpr Nanos ready_timeout = std::chrono::seconds(30);
constexpr Nanos status_timeout = std::chrono::milliseconds(500);
constexpr Nanos write_timeout = std::chrono::seconds(2);

constexpr std::array options_table{
    TargetOption{"protocol", "raft", "raft|primary-backup", "how the members replicate"},
    TargetOption{"replication", "async", "async|semi-sync:K|sync",
                 "primary-backup: backups that must have a write before it is acknowledged"},
    TargetOption{"read-from", "leader", "leader|any", "primary-backup: who answers reads"},
    TargetOption{"port", "7000", "a number", "TCP port of every member"},
};

struct Settings {
  std::string protocol;
  std::string replication;
  std::string read_from;
  std::uint16_t port = 0;
  std::size_t acknowledgements = 0;  ///< semi-sync: K
};

/// Runs the step for every node at once; returns the first error, in the order of the nodes.
Status on_all(std::size_t count, const std::function<Status(std::size_t)>& step) {
  std::vector<Status> results(count);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] { results[i] = step(i); });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) {
    if (!result) return result;
  }
  return {};
}

class ReferenceTarget final : public Target, public ProcessControl, public Primaries {
 public:
  explicit ReferenceTarget(Settings settings)
      : settings_(std::move(settings)), next_identity_(random_seed()) {}

  std::string_view name() const override { return "reference"; }
  std::map<std::string, std::string> facts() const override;
  std::vector<std::string> promises() const override;

  Status set_up(Nodes& nodes) override;
  void tear_down(Nodes& nodes) noexcept override;
  Result<std::unique_ptr<Client>> connect(std::size_t node, ProcessId process) override;

  ProcessControl* process_control() override { return this; }
  std::string kill_command(std::size_t node) const override {
    return reference::kill_command(servers_.at(node));
  }
  std::string start_command(std::size_t node) const override {
    return reference::start_command(servers_.at(node));
  }
  std::string pid_file(std::size_t node) const override { return servers_.at(node).pid_file; }

  Primaries* primaries() override { return this; }
  std::vector<LogFile> log_files(std::size_t /*node*/) const override {
    return {{ServerProcess{}.log_file, "assay-node.log"}};
  }

 private:
  std::vector<std::size_t> primaries_now() const;
  void plan(const Nodes& nodes);
  Status install(Node& node, std::size_t index) const;
  Status wait_until_ready(std::size_t node);
  std::unique_ptr<ReferenceClient> make_client(std::size_t node);

  Settings settings_;
  std::vector<Address> addresses_;
  std::vector<ServerProcess> servers_;
  /// Identities only have to differ, also from those of earlier runs on the same data; they are no
  /// part of a run's plan.
  std::atomic<std::uint64_t> next_identity_;

  // Primaries and Target both name a function `primaries`; this resolves the capability's.
  std::vector<std::size_t> primaries_of_cluster() { return primaries_now(); }
};

}  // namespace
}  // namespace assay::reference
