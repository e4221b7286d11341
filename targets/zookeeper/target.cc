#include "targets/zookeeper/target.h"

#include <array>
#include <utility>

#include "targets/cluster.h"
#include "targets/zookeeper/client.h"

namespace assay::zookeeper {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t default_port = 2181;
constexpr Nanos ready_timeout = 60s;
constexpr Nanos ask_timeout = 3s;
constexpr const char* data = "/var/lib/assay-zookeeper";

constexpr TargetOption reads_option{"reads", "plain", "plain|sync",
                                    "reads as they are, or each after a sync"};
constexpr std::array options{reads_option, servers_option};

class ZookeeperTarget final : public ClusterTarget {
 public:
  ZookeeperTarget(ClientSettings client, std::vector<Endpoint> hosts)
      : ClusterTarget("zookeeper", hosts, default_port, data),
        client_(std::move(client)),
        hosts_(std::move(hosts)) {}

  std::vector<std::string> packages() const override {
    return {"default-jre-headless", "zookeeper"};
  }
  std::vector<std::string> promises() const override { return {"sequential"}; }
  bool performs(std::string_view function) const override {
    return assay::performs(functions(), function);
  }
  Status expect(std::string_view datatype) override {
    client_.datatype = std::string(datatype);
    return check_datatype(functions(), datatype, name());
  }
  Result<std::unique_ptr<Client>> connect(std::size_t node, ProcessId /*process*/) override {
    return std::unique_ptr<Client>(std::make_unique<ZookeeperClient>(places().at(node), client_));
  }
  Result<std::vector<std::string>> look() override;

 protected:
  ServerProcess server(std::size_t node) const override;
  Status install(Node& node, std::size_t at) override;
  Status form() override;
  void leave() noexcept override {
    if (!is_ours() && !places().empty()) static_cast<void>(empty_tree().ok());
  }

 private:
  Status empty_tree() const;

  ClientSettings client_;
  std::vector<Endpoint> hosts_;
};

Result<std::vector<std::string>> ZookeeperTarget::look() {
  std::vector<std::string> lines;
  for (const Endpoint& host : hosts_) {
    const std::string where = host.host + ":" + std::to_string(host.port);
    const Nanos deadline = monotonic_now() + ask_timeout;
    Session session;
    if (!session.open(host, deadline)) {
      return Error{ErrorKind::unavailable,
                   where + ": no session within " + format_duration(ask_timeout)};
    }
    const auto taken = session.exists("/assay", deadline);
    if (!taken) return Error{ErrorKind::unavailable, where + ": does not answer"};
    if (*taken) {
      return Error{ErrorKind::configuration, where + ": there is a node /assay already"};
    }
    lines.push_back(where + " zookeeper");
  }
  return lines;
}

ServerProcess ZookeeperTarget::server(std::size_t /*node*/) const {
  ServerProcess server;
  server.program = "/usr/bin/java";
  server.name = "java";
  server.data_folder = data;
  server.log_file = "/var/log/assay-zookeeper.log";
  server.pid_file = "/run/assay-zookeeper.pid";
  server.arguments = {"-Xmx256m", "-cp", std::string(data) + ":/usr/share/java/*",
                      "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                      std::string(data) + "/zoo.cfg"};
  return server;
}

Status ZookeeperTarget::install(Node& node, std::size_t at) {
  std::string settings =
      "tickTime=500\ninitLimit=20\nsyncLimit=4\nclientPort=2181\nadmin.enableServer=false\n"
      "maxClientCnxns=0\n4lw.commands.whitelist=*\ndataDir=" +
      std::string(data) + "\n";
  for (std::size_t i = 0; places().size() > 1 && i < places().size(); ++i) {
    settings += "server." + std::to_string(i + 1) + "=" + places()[i].host + ":2888:3888\n";
  }
  const auto written =
      node.must_run("printf %s " + shell_quote(settings) + " >" + data + "/zoo.cfg && echo " +
                    std::to_string(at + 1) + " >" + data + "/myid");
  return written ? Status() : Status(written.error());
}

Status ZookeeperTarget::empty_tree() const {
  Session session;
  const Nanos deadline = monotonic_now() + ask_timeout;
  const std::string where = places().front().host + ": ";
  if (!session.open(places().front(), deadline)) {
    return Error{ErrorKind::unavailable, where + "no session"};
  }
  const Reply removed = session.remove_all("/assay", deadline);
  if (removed.code == 0) return {};
  return Error{ErrorKind::unavailable, where + classify(removed.code, false).error};
}

Status ZookeeperTarget::form() {
  const auto ready = on_all(places().size(), [&](std::size_t i) {
    return wait_for(ready_timeout, [&]() -> Status {
      Session session;
      if (session.open(places()[i], monotonic_now() + ask_timeout)) return {};
      return Error{ErrorKind::unavailable, places()[i].host + ": no session"};
    });
  });
  if (!ready.ok()) return ready;
  if (auto status = empty_tree(); !status.ok()) return status;
  Session session;
  const Nanos deadline = monotonic_now() + ask_timeout;
  if (!session.open(places().front(), deadline)) {
    return Error{ErrorKind::unavailable, places().front().host + ": no session"};
  }
  const Reply made = session.create("/assay", "", deadline);
  if (made.code == 0) return {};
  return Error{ErrorKind::unavailable, "making /assay: " + classify(made.code, false).error};
}

Result<std::unique_ptr<Target>> make(const std::map<std::string, std::string>& given) {
  ClientSettings client;
  const auto reads = option_choice(given, reads_option);
  if (!reads.ok()) return reads.error();
  client.sync = *reads == 1;
  auto hosts = parse_endpoints(given.at("servers"), default_port);
  if (!hosts.ok()) return hosts.error();
  return std::unique_ptr<Target>(
      std::make_unique<ZookeeperTarget>(std::move(client), std::move(*hosts)));
}

}  // namespace

TargetEntry zookeeper_target_entry() {
  return {"zookeeper", "ZooKeeper: an ensemble", options, make};
}

}  // namespace assay::zookeeper
