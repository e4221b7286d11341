#include "targets/reference/target.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <functional>
#include <mutex>
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

/// Asks every member at once who leads. Members that do not answer are not primaries.
class ClusterPrimaries final : public Primaries {
 public:
  void set_addresses(std::vector<Address> addresses) { addresses_ = std::move(addresses); }
  std::vector<std::size_t> primaries() override {
    std::vector<bool> leads(addresses_.size());
    std::mutex mutex;
    const auto asked = on_all(addresses_.size(), [&](std::size_t i) -> Status {
      const auto report = query_status(addresses_[i], status_timeout);
      if (!report) return report.error();
      const std::lock_guard lock(mutex);
      leads[i] = report->role == Role::leader;
      return {};
    });
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < leads.size(); ++i) {
      if (leads[i]) found.push_back(i);
    }
    return found;
  }

 private:
  std::vector<Address> addresses_;
};

class ReferenceTarget final : public Target, public ProcessControl {
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

  Primaries* primaries() override { return &primaries_; }
  std::vector<LogFile> log_files(std::size_t /*node*/) const override {
    return {{ServerProcess{}.log_file, "assay-node.log"}};
  }

 private:
  Status plan(const Nodes& nodes);
  Status install(Node& node, const ServerProcess& server) const;
  Status wait_until_ready(std::size_t node);
  std::unique_ptr<Client> make_client(std::size_t node);

  Settings settings_;
  ClusterPrimaries primaries_;
  std::vector<Address> addresses_;
  std::vector<ServerProcess> servers_;
  /// Identities only have to differ, also from those of earlier runs on the same data; they are no
  /// part of a run's plan.
  std::atomic<std::uint64_t> next_identity_;
};

std::map<std::string, std::string> ReferenceTarget::facts() const {
  std::map<std::string, std::string> facts{{"version", ASSAY_VERSION},
                                           {"protocol", settings_.protocol},
                                           {"port", std::to_string(settings_.port)}};
  if (settings_.protocol == "primary-backup") {
    facts["replication"] = settings_.replication;
    facts["read-from"] = settings_.read_from;
  }
  return facts;
}

std::vector<std::string> ReferenceTarget::promises() const {
  // The fixed primary acknowledges only what is on its disk, so reads from it are linearizable
  // however late the backups are.
  if (settings_.protocol == "raft" || settings_.read_from == "leader") return {"linearizable"};
  return {};
}

Status ReferenceTarget::plan(const Nodes& nodes) {
  if (settings_.acknowledgements >= nodes.size() && settings_.acknowledgements > 0) {
    return Error{ErrorKind::configuration,
                 "--replication " + settings_.replication + " needs more backups than " +
                     std::to_string(nodes.size()) + " nodes have; use K from 1 to " +
                     std::to_string(nodes.size() - 1)};
  }
  addresses_.clear();
  servers_.clear();
  std::string peers;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Address address{nodes[i]->address().host, settings_.port};
    addresses_.push_back(address);
    peers += (i == 0 ? "" : ",") + std::to_string(i + 1) + "=" + address.host + ":" +
             std::to_string(address.port);
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    ServerProcess server;
    server.arguments = {"--id", std::to_string(i + 1), "--peers",
                        peers,  "--protocol",          settings_.protocol};
    if (settings_.protocol == "primary-backup") {
      server.arguments.insert(server.arguments.end(), {"--replication", settings_.replication,
                                                       "--read-from", settings_.read_from});
    }
    servers_.push_back(std::move(server));
  }
  primaries_.set_addresses(addresses_);
  return {};
}

Status ReferenceTarget::install(Node& node, const ServerProcess& server) const {
  const std::string upload = server.program + ".new";
  const std::string local = program_folder() + "/assay-node";
  const auto prepared =
      node.must_run("mkdir -p /opt/assay; " + reference::kill_command(server) + " && rm -rf " +
                    shell_quote(server.data_folder) + " " + shell_quote(server.log_file));
  if (!prepared) return prepared.error();
  if (auto status = node.upload(local, upload, 0755); !status) return status;
  const auto moved = node.must_run("mv -f " + upload + " " + server.program);
  if (!moved) return moved.error();
  return {};
}

Status ReferenceTarget::set_up(Nodes& nodes) {
  if (auto status = plan(nodes); !status) return status;
  auto status = on_all(nodes.size(), [&](std::size_t i) -> Status {
    auto installed = install(*nodes[i], servers_[i]);
    if (!installed) return installed.error().in("installing assay-node on " + nodes[i]->name());
    return {};
  });
  if (!status) return status;
  status = on_all(nodes.size(), [&](std::size_t i) -> Status {
    const auto started = nodes[i]->must_run(start_command(i));
    if (started) return {};
    return started.error().in("starting assay-node on " + nodes[i]->name() + " (its log is " +
                              servers_[i].log_file + ")");
  });
  if (!status) return status;
  return on_all(nodes.size(), [&](std::size_t i) {
    auto ready = wait_until_ready(i);
    return ready ? Status() : Status(ready.error().in("waiting for " + nodes[i]->name()));
  });
}

Status ReferenceTarget::wait_until_ready(std::size_t node) {
  const Nanos deadline = monotonic_now() + ready_timeout;
  const auto client = make_client(node);
  // A key of its own: no workload sees it.
  const Invocation write{"write", Value("assay: set-up"), Value(static_cast<std::int64_t>(node))};
  Completion last;
  while (monotonic_now() < deadline) {
    last = client->invoke(write, write_timeout);
    if (last.type == EventType::ok) return {};
  }
  return Error{ErrorKind::unavailable, "no write succeeded within " +
                                           format_duration(ready_timeout) +
                                           "; last error: " + last.error};
}

void ReferenceTarget::tear_down(Nodes& nodes) noexcept {
  const std::size_t count = std::min(nodes.size(), servers_.size());
  // Best effort: a node that cannot be reached has nothing that could be stopped from here.
  static_cast<void>(on_all(count, [&](std::size_t i) -> Status {
    const auto killed = nodes[i]->run(kill_command(i));
    if (!killed) return killed.error();
    return {};
  }));
}

std::unique_ptr<Client> ReferenceTarget::make_client(std::size_t node) {
  std::uint64_t identity = next_identity_.fetch_add(1);
  if (identity == 0) identity = next_identity_.fetch_add(1);
  return std::make_unique<ReferenceClient>(addresses_.at(node), identity);
}

Result<std::unique_ptr<Client>> ReferenceTarget::connect(std::size_t node, ProcessId /*process*/) {
  if (node >= addresses_.size()) {
    return Error{ErrorKind::unavailable, "the target has no node " + std::to_string(node)};
  }
  return make_client(node);
}

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value == 0 || value > max) return std::nullopt;
  return value;
}

Error unknown_value(const std::string& option, const std::string& got,
                    const std::string& expected) {
  return {ErrorKind::configuration,
          "--" + option + ": expected " + expected + ", got '" + got + "'"};
}

Status parse_replication(Settings& settings) {
  constexpr std::string_view prefix = "semi-sync:";
  const std::string text = settings.replication;
  if (text == "async" || text == "sync") return {};
  std::optional<std::uint64_t> count;
  if (text == "semi-sync") count = 1;
  if (text.starts_with(prefix))
    count = parse_number(std::string_view(text).substr(prefix.size()), 63);
  if (!count) {
    return unknown_value("replication", text,
                         "async, sync, semi-sync or semi-sync:K (K backups, from 1)");
  }
  settings.acknowledgements = static_cast<std::size_t>(*count);
  settings.replication = std::string(prefix) + std::to_string(*count);
  return {};
}

Result<Settings> parse_settings(const std::map<std::string, std::string>& options) {
  std::map<std::string, std::string> given;
  for (const auto& row : options_table) given[std::string(row.name)] = row.fallback;
  for (const auto& [name, value] : options) {
    if (!given.contains(name)) {
      return Error{ErrorKind::configuration,
                   "target reference has no option --" + name +
                       "; it has --protocol, --replication, --read-from and --port"};
    }
    given[name] = value;
  }
  Settings settings{given["protocol"], given["replication"], given["read-from"]};
  if (settings.protocol != "raft" && settings.protocol != "primary-backup") {
    return unknown_value("protocol", settings.protocol, "raft or primary-backup");
  }
  if (settings.read_from != "leader" && settings.read_from != "any") {
    return unknown_value("read-from", settings.read_from, "leader or any");
  }
  const auto port = parse_number(given["port"], 65535);
  if (!port) return unknown_value("port", given["port"], "a number from 1 to 65535");
  settings.port = static_cast<std::uint16_t>(*port);
  if (auto status = parse_replication(settings); !status) return status.error();
  if (settings.protocol == "raft" &&
      (settings.replication != "async" || settings.read_from != "leader")) {
    return Error{ErrorKind::configuration,
                 "--replication and --read-from are settings of --protocol primary-backup; raft "
                 "always replicates to a majority and reads through the leader"};
  }
  return settings;
}

Result<std::unique_ptr<Target>> make_reference(const std::map<std::string, std::string>& options) {
  auto settings = parse_settings(options);
  if (!settings) return settings.error();
  return std::unique_ptr<Target>(std::make_unique<ReferenceTarget>(std::move(*settings)));
}

}  // namespace

TargetEntry reference_target_entry() {
  return {"reference", "the bundled register store: Raft or single-leader replication",
          options_table, make_reference};
}

}  // namespace assay::reference
