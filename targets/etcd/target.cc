#include "targets/etcd/target.h"

#include <array>
#include <charconv>
#include <utility>

#include "targets/cluster.h"
#include "targets/etcd/client.h"
#include "targets/etcd/gateway.h"
#include "targets/etcd/members.h"

namespace assay::etcd {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t client_port = 2379;
constexpr std::uint16_t peer_port = 2380;
constexpr const char* data = "/var/lib/assay-etcd";
constexpr Nanos ready_timeout = 40s;
constexpr Nanos status_timeout = 1s;

constexpr TargetOption reads_option{
    "reads", "linearizable", "linearizable|serializable",
    "reads by a quorum, or by the member that is asked, which may be behind"};
constexpr TargetOption lease_option{"lease", "5", "seconds",
                                    "life of the lease that holds a lock or an office"};
constexpr TargetOption progress_option{
    "watch-progress", "no", "no|yes",
    "watches ask how far they have come: etcd before 3.4.25 and 3.5.8 claims too much"};
constexpr std::array options{reads_option, lease_option, progress_option, servers_option};

std::string name_of(std::size_t node) { return "n" + std::to_string(node + 1); }

/// Members that say of themselves that they lead.
class Leaders final : public Primaries {
 public:
  void set_places(const std::vector<Endpoint>& places) { places_ = places; }
  std::vector<std::size_t> primaries() override {
    std::vector<char> leads(places_.size());
    static_cast<void>(on_all(places_.size(), [&](std::size_t i) -> Status {
                        Gateway gateway(places_[i]);
                        const Reply reply = gateway.post("maintenance/status", Value::Map{},
                                                         monotonic_now() + status_timeout);
                        if (!reply.ok()) return {};
                        const Value* header = find(reply.body, "header");
                        const Value* own = header == nullptr ? nullptr : find(*header, "member_id");
                        const Value* leader = find(reply.body, "leader");
                        leads[i] = own != nullptr && leader != nullptr && *own == *leader ? 1 : 0;
                        return {};
                      }).ok());
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < leads.size(); ++i) {
      if (leads[i] != 0) found.push_back(i);
    }
    return found;
  }

 private:
  std::vector<Endpoint> places_;
};

class EtcdTarget final : public ClusterTarget, public Membership {
 public:
  EtcdTarget(ClientSettings client, std::vector<Endpoint> hosts)
      : ClusterTarget("etcd", hosts, client_port, data),
        client_(std::move(client)),
        hosts_(std::move(hosts)) {}

  std::vector<std::string> packages() const override { return {"etcd-server", "etcd-client"}; }
  std::vector<std::string> promises() const override {
    return client_.serializable_reads ? std::vector<std::string>{"sequential"}
                                      : std::vector<std::string>{"linearizable"};
  }
  bool performs(std::string_view function) const override {
    return assay::performs(functions(), function);
  }
  Status expect(std::string_view datatype) override {
    client_.datatype = std::string(datatype);
    return check_datatype(functions(), datatype, name());
  }
  Result<std::unique_ptr<Client>> connect(std::size_t node, ProcessId /*process*/) override {
    return std::unique_ptr<Client>(std::make_unique<EtcdClient>(places().at(node), client_));
  }
  Primaries* primaries() override { return &leaders_; }
  Membership* membership() override { return is_ours() ? this : nullptr; }
  std::string leave_command(std::size_t node) const override {
    return etcd::leave_command(member(node), server(node));
  }
  std::string join_command(std::size_t node) const override {
    return etcd::join_command(member(node), server(node));
  }
  Result<std::vector<std::string>> look() override;

 protected:
  ServerProcess server(std::size_t node) const override;
  Status install(Node& /*node*/, std::size_t /*at*/) override { return {}; }
  Status form() override;
  void leave() noexcept override {
    if (is_ours() || places().empty()) return;
    static_cast<void>(remove_objects().ok());
  }

 private:
  std::string url(std::size_t node, std::uint16_t port) const {
    return "http://" + places().at(node).host + ":" + std::to_string(port);
  }
  Member member(std::size_t node) const;
  Reply remove_objects() const {
    Gateway gateway(places().front());
    return gateway.post("kv/deleterange",
                        Value::Map{{"key", base64("assay/")}, {"range_end", base64("assay0")}},
                        monotonic_now() + status_timeout);
  }

  ClientSettings client_;
  std::vector<Endpoint> hosts_;
  Leaders leaders_;
};

Result<std::vector<std::string>> EtcdTarget::look() {
  std::vector<std::string> lines;
  for (const Endpoint& host : hosts_) {
    Gateway gateway(host);
    const std::string where = host.host + ":" + std::to_string(host.port);
    const Nanos deadline = monotonic_now() + 5 * status_timeout;
    const Reply status = gateway.post("maintenance/status", Value::Map{}, deadline);
    const Reply keys = gateway.post(
        "kv/range", Value::Map{{"key", base64("assay/")}, {"range_end", base64("assay0")}},
        deadline);
    for (const Reply* reply : {&status, &keys}) {
      if (!reply->ok()) return Error{ErrorKind::unavailable, where + ": " + reply->message};
    }
    if (find(keys.body, "kvs") != nullptr) {
      return Error{ErrorKind::configuration, where + ": there are keys below assay/ already"};
    }
    const Value* version = find(status.body, "version");
    lines.push_back(where + " etcd " + (version == nullptr ? "" : to_text(*version)));
  }
  return lines;
}

Member EtcdTarget::member(std::size_t node) const {
  Member member{name_of(node), url(node, peer_port), {}};
  for (std::size_t i = 0; i < places().size(); ++i) {
    if (i != node) member.others.push_back(url(i, client_port));
  }
  return member;
}

ServerProcess EtcdTarget::server(std::size_t node) const {
  std::string members;
  for (std::size_t i = 0; i < places().size(); ++i) {
    members += (i == 0 ? "" : ",") + name_of(i) + "=" + url(i, peer_port);
  }
  ServerProcess server;
  server.program = "/usr/bin/etcd";
  server.name = "etcd";
  server.data_folder = data;
  server.log_file = "/var/log/assay-etcd.log";
  server.pid_file = "/run/assay-etcd.pid";
  server.arguments = {"--name",
                      name_of(node),
                      "--data-dir",
                      server.data_folder,
                      "--listen-peer-urls",
                      url(node, peer_port),
                      "--listen-client-urls",
                      url(node, client_port),
                      "--advertise-client-urls",
                      url(node, client_port),
                      "--initial-advertise-peer-urls",
                      url(node, peer_port),
                      "--initial-cluster",
                      members,
                      "--initial-cluster-state",
                      "new",
                      "--logger",
                      "zap",
                      "--log-outputs",
                      "stderr"};
  return server;
}

Status EtcdTarget::form() {
  leaders_.set_places(places());
  const auto ready = on_all(places().size(), [&](std::size_t i) {
    return wait_for(ready_timeout, [&]() -> Status {
      Gateway gateway(places()[i]);
      const Reply reply = gateway.post("kv/range", Value::Map{{"key", base64("assay/")}},
                                       monotonic_now() + status_timeout);
      if (reply.ok()) return {};
      return Error{ErrorKind::unavailable, places()[i].host + ": " + reply.message};
    });
  });
  if (!ready.ok()) return ready;
  const Reply removed = remove_objects();
  client_.watch.first_revision = revision_in(removed.body) + 1;
  if (removed.ok()) return {};
  return Error{ErrorKind::unavailable, places().front().host + ": " + removed.message};
}

Result<std::unique_ptr<Target>> make(const std::map<std::string, std::string>& given) {
  ClientSettings client;
  const auto reads = option_choice(given, reads_option);
  if (!reads.ok()) return reads.error();
  client.serializable_reads = *reads == 1;
  const auto progress = option_choice(given, progress_option);
  if (!progress.ok()) return progress.error();
  client.watch.ask_progress = *progress == 1;
  const std::string& lease = given.at("lease");
  const auto [end, failure] =
      std::from_chars(lease.data(), lease.data() + lease.size(), client.lease_seconds);
  if (failure != std::errc{} || end != lease.data() + lease.size() || client.lease_seconds < 1) {
    return Error{ErrorKind::configuration,
                 "--lease: expected a whole number of seconds, got '" + lease + "'"};
  }
  auto hosts = parse_endpoints(given.at("servers"), client_port);
  if (!hosts.ok()) return hosts.error();
  return std::unique_ptr<Target>(
      std::make_unique<EtcdTarget>(std::move(client), std::move(*hosts)));
}

}  // namespace

TargetEntry etcd_target_entry() {
  return {"etcd", "etcd: a cluster over its JSON gateway", options, make};
}

}  // namespace assay::etcd
