#include "targets/mariadb/target.h"

#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include "targets/mariadb/connection.h"
#include "targets/mariadb/dialect.h"
#include "targets/mariadb/server.h"
#include "targets/sql/settings.h"
#include "targets/sql/target.h"

namespace assay::mariadb {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t default_port = 3306;
/// Under the layer of the disk faults InnoDB does not get past opening its log.
constexpr const char* no_disk_faults = "";
constexpr Nanos ready_timeout = 60s;
constexpr Nanos probe_timeout = 1s;
constexpr Nanos failover_patience = 1500ms;

constexpr TargetOption replication_option{
    "replication", "async", "async|semi-sync|galera",
    "replicas that follow, that a commit waits for, or servers that all write"};
constexpr TargetOption reads_option{
    "reads", "primary", "primary|node",
    "who answers what only reads: the primary, or each client's own node"};
constexpr TargetOption failover_option{
    "failover", "no", "no|yes", "a replica is promoted when the primary is silent for 1.5 s"};
constexpr TargetOption flush_option{"flush", "1", "0|1|2",
                                    "innodb_flush_log_at_trx_commit: 1 is durable"};
constexpr TargetOption snapshot_option{"snapshot-isolation", "no", "no|yes",
                                       "innodb_snapshot_isolation"};
constexpr TargetOption sync_wait_option{"sync-wait", "no", "no|yes",
                                        "Galera: wsrep_sync_wait, reads wait for earlier writes"};

constexpr std::array options{sql::isolation_option, sql::locking_option, sql::append_option,
                             sql::declare_option,   sql::aborts_option,  sql::savepoints_option,
                             sql::access_option,    sql::tables_option,  replication_option,
                             reads_option,          failover_option,     flush_option,
                             snapshot_option,       sync_wait_option,    servers_option,
                             sql::user_option,      sql::database_option};

struct Settings {
  ServerSettings server;
  bool read_at_node = false;
  bool failover = false;
};

class MariadbTarget final : public sql::SqlTarget {
 public:
  MariadbTarget(sql::TargetSettings shared, Settings settings)
      : SqlTarget("mariadb", std::move(shared), default_port, no_disk_faults, mariadb::dialect(),
                  ready_timeout),
        settings_(std::move(settings)) {}
  ~MariadbTarget() override { failover_.stop(); }

  std::vector<std::string> packages() const override {
    return {"mariadb-server", "galera-4", "rsync"};
  }
  Result<std::unique_ptr<Client>> connect(std::size_t node, ProcessId process) override;
  Primaries* primaries() override { return is_galera() ? nullptr : &current_; }

 protected:
  ServerProcess server(std::size_t node) const override {
    return mariadb::server(settings_.server, places(), node);
  }
  Status install(Node& node, std::size_t at) override;
  Status start(Nodes& nodes) override;
  Status form() override;

 private:
  bool is_galera() const { return settings_.server.replication == Replication::galera; }
  Status replicate() const;
  std::vector<std::size_t> replicas(std::size_t primary) const;
  bool is_heard(std::size_t primary) const;
  Result<std::size_t> promote(std::size_t old);

  Settings settings_;
};

/// The number of the last event in a position such as "0-1-345"; 0: none.
std::int64_t sequence_of(const std::string& position) {
  const auto dash = position.rfind('-');
  return dash == std::string::npos ? 0 : std::atoll(position.c_str() + dash + 1);
}

std::vector<std::size_t> MariadbTarget::replicas(std::size_t primary) const {
  return failover_.others(primary, places().size());
}

Status MariadbTarget::install(Node& node, std::size_t at) {
  const auto made = node.run(init_command(at == 0), ready_timeout);
  if (!made) return made.error();
  if (made->exit_status == 0) return {};
  return Error{ErrorKind::unavailable, "mariadb-install-db: " + made->err};
}

Status MariadbTarget::start(Nodes& nodes) {
  if (!is_galera()) {
    if (auto status = ClusterTarget::start(nodes); !status.ok()) return status;
    return on_all(nodes.size(), [&](std::size_t i) { return await(i, "SELECT 1", "1"); });
  }
  const std::string synced = "SHOW STATUS LIKE 'wsrep_local_state_comment'";
  ServerProcess first = server(0);
  first.arguments.emplace_back("--wsrep-new-cluster");
  const auto started = nodes.front()->must_run(assay::start_command(first));
  if (!started) return started.error().in("starting the first node");
  if (auto status = await(0, synced, "Synced"); !status.ok()) return status;
  return on_all(nodes.size(), [&](std::size_t i) -> Status {
    if (i == 0) return {};
    if (auto status = start_node(nodes, i); !status.ok()) return status;
    return await(i, synced, "Synced");
  });
}

Status MariadbTarget::replicate() const {
  const auto others = replicas(0);
  for (const std::size_t at : others) {
    const auto follows = ask(at, follow_statements(places().front().host), ready_timeout);
    if (!follows.ok()) return follows.error();
  }
  if (settings_.server.replication != Replication::semi_sync || others.empty()) return {};
  return await(0, "SHOW STATUS LIKE 'Rpl_semi_sync_master_clients'", std::to_string(others.size()));
}

Status MariadbTarget::form() {
  if (is_ours() && !is_galera()) {
    if (auto status = replicate(); !status.ok()) return status;
  }
  if (auto status = make_schema(); !status.ok()) return status;
  if (!is_ours()) return {};
  auto there = on_all(places().size(), [&](std::size_t i) {
    return await(i, "SELECT COUNT(*) FROM assay.accounts", "0");
  });
  if (there.ok() && settings_.failover && !is_galera() && places().size() > 1) {
    failover_.start(0, failover_patience,
                    {[this](std::size_t at) { return is_heard(at); },
                     [this](std::size_t old) { return promote(old); }});
  }
  return there;
}

/// A primary that no replica hears any more is lost, however well it answers from here.
bool MariadbTarget::is_heard(std::size_t primary) const {
  if (!ask(primary, {"SELECT 1"}, probe_timeout).ok()) return false;
  constexpr std::size_t io_state = 2;  // the column Slave_IO_State
  bool any_answers = false;
  for (const std::size_t at : replicas(primary)) {
    const auto status = ask(at, {"SHOW ALL SLAVES STATUS"}, probe_timeout);
    if (!status.ok() || status->rows.empty()) continue;
    const auto& row = status->rows.front();
    if (row.size() > io_state && row[io_state] == "Waiting for master to send event") return true;
    any_answers = true;
  }
  return !any_answers;
}

Result<std::size_t> MariadbTarget::promote(std::size_t old) {
  // The one that received most has all that was acknowledged, provided that every replica can be
  // asked: a commit waits for any one of them.
  const auto candidates = replicas(old);
  std::size_t asked = 0;
  std::optional<std::pair<std::int64_t, std::size_t>> best;
  for (const std::size_t at : candidates) {
    static_cast<void>(ask(at, {"STOP SLAVE IO_THREAD"}, probe_timeout).ok());
    const auto status = ask(at, {"SHOW ALL SLAVES STATUS"}, probe_timeout);
    if (!status.ok()) continue;
    ++asked;
    std::int64_t received = 0;
    for (const auto& row : status->rows) {
      for (const auto& field : row) {
        if (field && field->starts_with("0-")) received = std::max(received, sequence_of(*field));
      }
    }
    if (!best || received > best->first) best = {received, at};
  }
  if (!best || asked < candidates.size()) {
    return Error{ErrorKind::unavailable, "not every replica answers"};
  }
  const std::size_t chosen = best->second;
  const auto applied = wait_for(10s, [&]() -> Status {
    const auto position = ask(chosen, {"SELECT @@gtid_slave_pos"}, probe_timeout);
    if (!position.ok()) return position.error();
    if (sequence_of(position->rows.at(0).at(0).value_or("")) >= best->first) return {};
    return Error{ErrorKind::unavailable, "not all is applied"};
  });
  if (!applied.ok()) return applied.error();
  const auto promoted = ask(chosen, promote_statements(settings_.server.replication), 5s);
  if (!promoted.ok()) return promoted.error();
  static_cast<void>(ask(chosen, {mark_statement()}, probe_timeout).ok());
  for (const std::size_t at : candidates) {
    if (at == chosen) continue;
    static_cast<void>(ask(at, follow_statements(places()[chosen].host), 2s).ok());
  }
  return chosen;
}

Result<std::unique_ptr<Client>> MariadbTarget::connect(std::size_t node, ProcessId /*process*/) {
  const auto route = [this, node](bool read_only) {
    const bool here = is_galera() || (read_only && settings_.read_at_node);
    return login(here && !failover_.is_retired(node) ? node : failover_.primary());
  };
  sql::ClientSettings settings = client();
  settings.read_isolation = settings.isolation;
  return std::unique_ptr<Client>(std::make_unique<sql::SqlClient>(std::move(settings), route));
}

Result<std::unique_ptr<Target>> make(const std::map<std::string, std::string>& given) {
  auto shared = sql::target_settings(given, dialect(), default_port, {"", 0, "root", "", ""});
  if (!shared.ok()) return shared.error();
  Settings settings;
  const auto replication = option_choice(given, replication_option);
  if (!replication.ok()) return replication.error();
  settings.server.replication = static_cast<Replication>(*replication);
  for (const auto& [option, into] :
       {std::pair{&reads_option, &settings.read_at_node},
        std::pair{&failover_option, &settings.failover},
        std::pair{&sync_wait_option, &settings.server.sync_wait},
        std::pair{&snapshot_option, &settings.server.snapshot_isolation}}) {
    const auto choice = option_choice(given, *option);
    if (!choice.ok()) return choice.error();
    *into = *choice == 1;
  }
  const auto flush = option_choice(given, flush_option);
  if (!flush.ok()) return flush.error();
  settings.server.flush = given.at("flush");
  return std::unique_ptr<Target>(
      std::make_unique<MariadbTarget>(*std::move(shared), std::move(settings)));
}

}  // namespace

TargetEntry mariadb_target_entry() {
  return {"mariadb", "MariaDB: single, with replicas, or a Galera cluster", options, make};
}

}  // namespace assay::mariadb
