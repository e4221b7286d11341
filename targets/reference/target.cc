#include "targets/reference/target.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <functional>
#include <mutex>
#include <utility>

#include "base/executable.h"
#include "base/random.h"
#include "targets/cluster.h"
#include "targets/reference/client.h"
#include "targets/reference/protocols/catalogue.h"

namespace assay::reference {
namespace {

constexpr Nanos ready_timeout = std::chrono::seconds(30);
constexpr Nanos status_timeout = std::chrono::milliseconds(500);
constexpr Nanos write_timeout = std::chrono::seconds(2);

constexpr std::size_t nodes_max = 64;
constexpr const char* data_folder_of_members = "/var/lib/assay-node";
constexpr const char* log_file = "/var/log/assay-node.log";

/// The target's own options, then those of every protocol.
std::span<const TargetOption> options_table() {
  static const std::string names = [] {
    std::string text;
    for (const auto& entry : protocols())
      text += (text.empty() ? "" : "|") + std::string(entry.name);
    return text;
  }();
  static const std::vector<TargetOption> table = [] {
    std::vector<TargetOption> rows{
        {"protocol", "raft", names, "how the members replicate"},
        {"bug", "", "names of assay list bugs", "mistakes that the members repeat on purpose"},
        {"port", "7000", "a number", "TCP port of every member"},
        {"mongodb-port", "0", "a number",
         "TCP port where MongoDB's drivers find every member too; 0: nowhere (primary-backup)"},
    };
    for (const auto& entry : protocols()) {
      for (const auto& option : entry.options) {
        rows.push_back({option.name, option.fallback, option.values, option.summary});
      }
    }
    return rows;
  }();
  return table;
}

struct Settings {
  ProtocolSettings protocol;
  std::uint16_t port = 0;
  std::uint16_t mongodb_port = 0;  ///< 0: none
};

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

class ReferenceTarget final : public Target, public ProcessControl, public assay::Membership {
 public:
  explicit ReferenceTarget(Settings settings)
      : settings_(std::move(settings)), next_identity_(random_seed()) {}

  std::string_view name() const override { return "reference"; }
  std::map<std::string, std::string> facts() const override;
  std::vector<std::string> promises() const override;
  bool performs(std::string_view function) const override;

  Status set_up(Nodes& nodes) override;
  void tear_down(Nodes& nodes) noexcept override;
  Result<std::unique_ptr<Client>> connect(std::size_t node, ProcessId process) override;

  ProcessControl* process_control() override { return this; }
  std::string kill_command(std::size_t node) const override {
    return assay::kill_command(servers_.at(node));
  }
  std::string start_command(std::size_t node) const override {
    return assay::start_command(servers_.at(node));
  }
  std::string pid_file(std::size_t node) const override { return servers_.at(node).pid_file; }
  std::string data_folder(std::size_t /*node*/) const override { return data_folder_of_members; }

  assay::Membership* membership() override { return performs("reconfigure") ? this : nullptr; }
  std::string leave_command(std::size_t node) const override {
    return ask_members(node, "--leave") + "{ " + kill_command(node) + "; } && find " +
           shell_quote(servers_.at(node).data_folder) +
           " -mindepth 1 -delete && echo members: $others";
  }
  std::string join_command(std::size_t node) const override {
    return ask_members(node, "--join") + "{ " + start_command(node) +
           "; } && echo was not among $others";
  }
  Primaries* primaries() override { return &primaries_; }
  std::vector<LogFile> log_files(std::size_t /*node*/) const override {
    return {{log_file, "assay-node.log"}};
  }

 private:
  Status plan(const Nodes& nodes);
  /// Shell text that sets `others`, or ends with what the members said against it.
  std::string ask_members(std::size_t node, const std::string& flag) const {
    return "others=$(" + servers_.at(node).program + " --id " + std::to_string(node + 1) +
           " --peers " + shell_quote(peers_) + " " + flag +
           " 2>&1) || { echo \"$others\"; exit 1; }; ";
  }
  Status install(Node& node, const ServerProcess& server) const;
  Status wait_until_ready(std::size_t node);
  std::unique_ptr<Client> make_client(std::size_t node);

  Settings settings_;
  ClusterPrimaries primaries_;
  std::vector<Address> addresses_;
  std::string peers_;  ///< as assay-node takes them
  std::vector<ServerProcess> servers_;
  /// Identities only have to differ, also from those of earlier runs on the same data; they are no
  /// part of a run's plan.
  std::atomic<std::uint64_t> next_identity_;
};

std::map<std::string, std::string> ReferenceTarget::facts() const {
  std::map<std::string, std::string> facts = settings_.protocol.options;
  facts["version"] = ASSAY_VERSION;
  facts["protocol"] = settings_.protocol.protocol;
  facts["port"] = std::to_string(settings_.port);
  for (const std::string& bug : settings_.protocol.bugs) {
    facts["bug"] += (facts["bug"].empty() ? "" : ",") + bug;
  }
  return facts;
}

std::vector<std::string> ReferenceTarget::promises() const {
  const auto promised = promises_of(settings_.protocol);
  if (!promised) return {};
  std::vector<std::string> models(promised->begin(), promised->end());
  // Not a property of histories.
  std::erase(models, convergence);
  return models;
}

bool ReferenceTarget::performs(std::string_view function) const {
  const auto entry = find_protocol(settings_.protocol.protocol);
  return entry.ok() && reference::performs(**entry, function);
}

Status ReferenceTarget::plan(const Nodes& nodes) {
  if (auto status = check_settings(settings_.protocol, nodes.size()); !status) {
    return Error{ErrorKind::configuration, status.error().message};
  }
  addresses_.clear();
  servers_.clear();
  peers_.clear();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Address address{nodes[i]->address().host, settings_.port};
    addresses_.push_back(address);
    peers_ += (i == 0 ? "" : ",") + std::to_string(i + 1) + "=" + address.host + ":" +
              std::to_string(address.port);
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    ServerProcess server;
    server.arguments = {"--id", std::to_string(i + 1), "--peers",
                        peers_, "--protocol",          settings_.protocol.protocol};
    for (const auto& [name, value] : settings_.protocol.options) {
      server.arguments.insert(server.arguments.end(), {"--" + name, value});
    }
    for (const std::string& bug : settings_.protocol.bugs) {
      server.arguments.insert(server.arguments.end(), {"--bug", bug});
    }
    if (settings_.mongodb_port != 0) {
      server.arguments.insert(server.arguments.end(),
                              {"--mongodb-port", std::to_string(settings_.mongodb_port)});
    }
    server.program = "/opt/assay/assay-node";
    server.name = "assay-node";
    server.data_folder = data_folder_of_members;
    server.log_file = log_file;
    server.pid_file = "/run/assay-node.pid";
    server.arguments.insert(server.arguments.end(), {"--data", server.data_folder});
    servers_.push_back(std::move(server));
  }
  primaries_.set_addresses(addresses_);
  return {};
}

Status ReferenceTarget::install(Node& node, const ServerProcess& server) const {
  const std::string upload = server.program + ".new";
  const std::string local = program_folder() + "/assay-node";
  const auto prepared =
      node.must_run("mkdir -p /opt/assay; " + assay::kill_command(server) + " && rm -rf " +
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

/// Error (configuration): not a number from `low` to 65535; names the option.
Result<std::uint16_t> parse_port(const std::string& option, std::string_view text,
                                 std::uint16_t low) {
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size() && value >= low) return value;
  return Error{ErrorKind::configuration, "--" + option + ": expected a number from " +
                                             std::to_string(low) + " to 65535, got '" +
                                             std::string(text) + "'"};
}

/// MongoDB's drivers read a member's own copy. Error (configuration): the protocol shows none.
Status check_front(const ProtocolSettings& protocol) {
  const auto member = make_protocol(protocol, {NodeId{1}, {NodeId{1}}}, Random(0));
  if (!member.ok() || (*member)->own_copy() != nullptr) return {};
  return Error{ErrorKind::configuration,
               "--mongodb-port: not with --protocol " + protocol.protocol +
                   ", whose members show nothing by themselves; use primary-backup"};
}

Result<Settings> parse_settings(const std::map<std::string, std::string>& given) {
  Settings settings;
  if (const auto named = given.find("protocol"); named != given.end()) {
    settings.protocol.protocol = named->second;
  }
  const auto entry = find_protocol(settings.protocol.protocol);
  if (!entry) return Error{ErrorKind::configuration, "--protocol: " + entry.error().message};
  std::string port = "7000";
  std::string mongodb_port = "0";
  for (const auto& [name, value] : given) {
    if (name == "protocol") continue;
    if (name == "port") {
      port = value;
    } else if (name == "mongodb-port") {
      mongodb_port = value;
    } else if (name == "bug") {
      settings.protocol.bugs = names_in(value);
    } else {
      const auto named = [&](const auto& option) { return option.name == name; };
      const auto row = std::find_if(options_table().begin(), options_table().end(), named);
      if (row == options_table().end()) {
        return Error{ErrorKind::configuration, "target reference has no option --" + name};
      }
      const auto own = (*entry)->options;
      const bool applies = std::any_of(own.begin(), own.end(), named);
      // A run fills in every option; only one that was meant is an error for another protocol.
      if (!applies && value == row->fallback) continue;
      settings.protocol.options[name] = value;
    }
  }
  const auto number = parse_port("port", port, 1);
  if (!number.ok()) return number.error();
  settings.port = *number;
  const auto front = parse_port("mongodb-port", mongodb_port, 0);
  if (!front.ok()) return front.error();
  settings.mongodb_port = *front;
  if (settings.mongodb_port != 0) {
    if (auto status = check_front(settings.protocol); !status) return status.error();
  }
  if (auto status = check_settings(settings.protocol, nodes_max); !status) {
    return Error{ErrorKind::configuration, status.error().message};
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
  return {"reference", "the bundled store, replicated by a protocol of your choice",
          options_table(), make_reference};
}

}  // namespace assay::reference
