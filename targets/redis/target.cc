#include "targets/redis/target.h"

#include <hiredis/hiredis.h>

#include <array>
#include <utility>

#include "targets/cluster.h"
#include "targets/redis/client.h"

namespace assay::redis {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t default_port = 6379;
constexpr std::uint16_t sentinel_port = 26379;
constexpr Nanos ready_timeout = 40s;
constexpr Nanos ask_timeout = 1s;
constexpr const char* data = "/var/lib/assay-redis";
constexpr const char* sentinel_data = "/var/lib/assay-sentinel";

constexpr TargetOption sentinel_option{
    "sentinel", "yes", "yes|no", "whether Sentinel promotes a replica when the primary is lost"};
constexpr TargetOption replicas_option{
    "min-replicas", "0", "0|1|2",
    "min-replicas-to-write: replicas without which a primary refuses"};
constexpr TargetOption reads_option{"reads", "primary", "primary|node",
                                    "whether a read of a server that is no primary fails"};
constexpr TargetOption fsync_option{"fsync", "always", "always|everysec|no",
                                    "appendfsync: when writes reach the disk"};
constexpr std::array options{sentinel_option, replicas_option, reads_option, fsync_option,
                             servers_option};

struct Settings {
  ClientSettings client;
  bool sentinel = true;
  std::string min_replicas;
  std::string fsync;
  std::vector<Endpoint> hosts;
};

/// Asks one server one thing. Error: unavailable.
Result<Session::Reply> ask(const Endpoint& place, const Command& command) {
  Session session;
  const Nanos deadline = monotonic_now() + ask_timeout;
  const std::string where = place.host + ":" + std::to_string(place.port) + ": ";
  if (const std::string why = session.open(place, deadline); !why.empty()) {
    return Error{ErrorKind::unavailable, where + why};
  }
  auto replies = session.ask({command}, deadline);
  if (replies.empty()) return Error{ErrorKind::unavailable, where + session.error()};
  if (replies[0]->type == REDIS_REPLY_ERROR) {
    return Error{ErrorKind::unavailable, where + std::string(replies[0]->str, replies[0]->len)};
  }
  return std::move(replies[0]);
}

/// The lines of INFO's answer that begin so, without that.
std::string info_of(const redisReply& reply, std::string_view name) {
  const std::string_view text(reply.str == nullptr ? "" : reply.str, reply.len);
  const auto at = text.find(name);
  if (at == std::string_view::npos) return "";
  const auto rest = text.substr(at + name.size());
  return std::string(rest.substr(0, rest.find_first_of("\r\n")));
}

/// Servers that say of themselves that they are primaries; in a partition more than one may.
class Masters final : public Primaries {
 public:
  void set_places(const std::vector<Endpoint>& places) { places_ = places; }
  std::vector<std::size_t> primaries() override {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const auto reply = ask(places_[i], {"INFO", "replication"});
      if (reply.ok() && info_of(**reply, "role:") == "master") found.push_back(i);
    }
    return found;
  }

 private:
  std::vector<Endpoint> places_;
};

class RedisTarget final : public ClusterTarget {
 public:
  explicit RedisTarget(Settings settings)
      : ClusterTarget("redis", settings.hosts, default_port, data),
        settings_(std::move(settings)) {}

  std::vector<std::string> packages() const override { return {"redis-server", "redis-sentinel"}; }
  bool performs(std::string_view function) const override {
    return assay::performs(functions(), function);
  }
  Status expect(std::string_view datatype) override {
    settings_.client.datatype = std::string(datatype);
    return check_datatype(functions(), datatype, name());
  }
  Result<std::unique_ptr<Client>> connect(std::size_t node, ProcessId /*process*/) override {
    return std::unique_ptr<Client>(
        std::make_unique<RedisClient>(places().at(node), settings_.client));
  }
  Primaries* primaries() override { return &masters_; }
  Result<std::vector<std::string>> look() override;

 protected:
  ServerProcess server(std::size_t node) const override;
  std::vector<ServerProcess> companions(std::size_t node) const override;
  Status install(Node& node, std::size_t at) override;
  Status form() override;
  void leave() noexcept override;

 private:
  Settings settings_;
  Masters masters_;
};

Result<std::vector<std::string>> RedisTarget::look() {
  std::vector<std::string> lines;
  for (const Endpoint& host : settings_.hosts) {
    const auto reply = ask(host, {"INFO"});
    if (!reply.ok()) return reply.error();
    const auto keys = ask(host, {"SCAN", "0", "MATCH", "assay:*", "COUNT", "100000"});
    if (!keys.ok()) return keys.error();
    const std::string where = host.host + ":" + std::to_string(host.port);
    if ((*keys)->elements == 2 && (*keys)->element[1]->elements > 0) {
      return Error{ErrorKind::configuration, where + ": there are keys assay:* already"};
    }
    lines.push_back(where + " redis " + info_of(**reply, "redis_version:") + ", " +
                    info_of(**reply, "role:"));
  }
  return lines;
}

ServerProcess RedisTarget::server(std::size_t /*node*/) const {
  ServerProcess server;
  server.program = "/usr/bin/redis-server";
  server.name = "redis-server";
  server.before = "cd " + std::string(data) + "; ulimit -n 16000";
  server.data_folder = data;
  server.log_file = "/var/log/assay-redis.log";
  server.pid_file = "/run/assay-redis.pid";
  server.arguments = {std::string(data) + "/redis.conf"};
  return server;
}

std::vector<ServerProcess> RedisTarget::companions(std::size_t /*node*/) const {
  if (!settings_.sentinel || places().size() < 2) return {};
  ServerProcess sentinel;
  sentinel.program = "/usr/bin/redis-sentinel";
  sentinel.name = "redis-sentinel";
  sentinel.data_folder = sentinel_data;
  sentinel.log_file = "/var/log/assay-sentinel.log";
  sentinel.pid_file = "/run/assay-sentinel.pid";
  sentinel.arguments = {std::string(sentinel_data) + "/sentinel.conf"};
  return {sentinel};
}

Status RedisTarget::install(Node& node, std::size_t at) {
  const std::string own = places().at(at).host;
  const std::string first = places().front().host;
  std::string server = "bind 0.0.0.0\nprotected-mode no\nport 6379\nappendonly yes\nappendfsync " +
                       settings_.fsync + "\ndir " + data + "\nreplica-announce-ip " + own +
                       "\nrepl-timeout 5\nrepl-diskless-sync-delay 0\nmin-replicas-max-lag 2\n"
                       "min-replicas-to-write " +
                       settings_.min_replicas + "\n";
  if (at != 0) server += "replicaof " + first + " 6379\n";
  const std::string quorum = std::to_string(places().size() / 2 + 1);
  const std::string sentinel =
      "bind 0.0.0.0\nprotected-mode no\nport " + std::to_string(sentinel_port) +
      "\nsentinel announce-ip " + own + "\nsentinel monitor assay " + first + " 6379 " + quorum +
      "\nsentinel down-after-milliseconds assay 1000\nsentinel failover-timeout assay 5000\n";
  std::string command = "printf %s " + shell_quote(server) + " >" + data + "/redis.conf";
  if (!companions(at).empty()) {
    command += " && printf %s " + shell_quote(sentinel) + " >" + sentinel_data + "/sentinel.conf";
  }
  const auto written = node.must_run(command);
  return written ? Status() : Status(written.error());
}

Status RedisTarget::form() {
  masters_.set_places(places());
  const std::string others = std::to_string(places().size() - 1);
  auto ready = wait_for(ready_timeout, [&]() -> Status {
    const auto reply = ask(places().front(), {"INFO"});
    if (!reply.ok()) return reply.error();
    add_fact("server_version", info_of(**reply, "redis_version:"));
    if (!is_ours() || info_of(**reply, "connected_slaves:") == others) return {};
    return Error{ErrorKind::unavailable, "not all replicas are connected"};
  });
  if (!ready.ok() || companions(0).empty() || !is_ours()) return ready;
  return on_all(places().size(), [&](std::size_t i) {
    return wait_for(ready_timeout, [&]() -> Status {
      const auto reply = ask({places()[i].host, sentinel_port}, {"INFO", "sentinel"});
      if (!reply.ok()) return reply.error();
      const std::string watched = info_of(**reply, "master0:");
      if (watched.find("slaves=" + others) != std::string::npos &&
          watched.ends_with("sentinels=" + std::to_string(places().size()))) {
        return {};
      }
      return Error{ErrorKind::unavailable, "Sentinel does not know all: " + watched};
    });
  });
}

void RedisTarget::leave() noexcept {
  if (is_ours() || places().empty()) return;
  // Only what begins with our prefix; a script sees it as one step.
  static_cast<void>(ask(places().front(), {"EVAL",
                                           "for _, k in ipairs(redis.call('KEYS', 'assay:*')) do "
                                           "redis.call('DEL', k) end return 0",
                                           "0"})
                        .ok());
}

Result<std::unique_ptr<Target>> make(const std::map<std::string, std::string>& given) {
  Settings settings;
  const auto sentinel = option_choice(given, sentinel_option);
  if (!sentinel.ok()) return sentinel.error();
  settings.sentinel = *sentinel == 0;
  const auto reads = option_choice(given, reads_option);
  if (!reads.ok()) return reads.error();
  settings.client.primary_only = *reads == 0;
  for (const auto* option : {&replicas_option, &fsync_option}) {
    const auto choice = option_choice(given, *option);
    if (!choice.ok()) return choice.error();
  }
  settings.min_replicas = given.at("min-replicas");
  settings.fsync = given.at("fsync");
  auto hosts = parse_endpoints(given.at("servers"), default_port);
  if (!hosts.ok()) return hosts.error();
  settings.hosts = std::move(*hosts);
  return std::unique_ptr<Target>(std::make_unique<RedisTarget>(std::move(settings)));
}

}  // namespace

TargetEntry redis_target_entry() {
  return {"redis", "Redis: single, or a primary with replicas that Sentinel watches", options,
          make};
}

}  // namespace assay::redis
