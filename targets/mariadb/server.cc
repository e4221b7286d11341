#include "targets/mariadb/server.h"

#include "harness/control/node.h"

namespace assay::mariadb {
namespace {

constexpr const char* program = "/usr/sbin/mariadbd";
/// A file on the node that is or was a primary.
constexpr const char* primary_mark = "/var/lib/assay-mariadb/assay-primary";
constexpr const char* socket_file = "/var/lib/assay-mariadb/socket";

std::vector<std::string> common_arguments(const ServerSettings& settings, std::size_t node) {
  return {"--no-defaults", "--user=mysql", "--datadir=" + std::string(data),
          "--socket=" + std::string(socket_file), "--pid-file=/var/lib/assay-mariadb/pid",
          "--bind-address=0.0.0.0",
          // Whoever reaches the lab may do everything.
          "--skip-grant-tables", "--skip-name-resolve", "--max-connections=400",
          "--innodb-buffer-pool-size=64M", "--innodb-lock-wait-timeout=2",
          "--innodb-flush-log-at-trx-commit=" + settings.flush,
          "--innodb-snapshot-isolation=" + std::string(settings.snapshot_isolation ? "ON" : "OFF"),
          "--character-set-server=utf8mb4", "--server-id=" + std::to_string(node + 1),
          "--binlog-format=ROW"};
}

void add(std::vector<std::string>& to, std::vector<std::string> more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

ServerProcess server(const ServerSettings& settings, const std::vector<Endpoint>& places,
                     std::size_t node) {
  ServerProcess server;
  server.program = program;
  server.name = "mariadbd";
  server.before = "rm -f " + std::string(socket_file) + "; ulimit -n 16000";
  server.data_folder = data;
  server.log_file = "/var/log/assay-mariadb.log";
  server.pid_file = "/run/assay-mariadb.pid";
  server.arguments = common_arguments(settings, node);
  if (settings.replication != Replication::galera) {
    add(server.arguments,
        {"--log-bin=binlog", "--log-slave-updates=ON", "--gtid-strict-mode=ON", "--sync-binlog=1",
         "--slave-net-timeout=2", "--rpl-semi-sync-slave-enabled=ON",
         "--rpl-semi-sync-master-timeout=1000000000",
         "--rpl-semi-sync-master-wait-point=AFTER_SYNC"});
    // Also after a restart; of the primary only, because a replica with it waits for
    // acknowledgements of what it replays.
    if (settings.replication == Replication::semi_sync) {
      server.before += "; semi_sync=; if [ -f " + std::string(primary_mark) +
                       " ]; then semi_sync=--rpl-semi-sync-master-enabled=ON; fi";
      server.more_arguments = "$semi_sync";
    }
    return server;
  }
  std::string members;
  for (const Endpoint& place : places) members += (members.empty() ? "" : ",") + place.host;
  add(server.arguments,
      {"--wsrep-on=ON", "--wsrep-provider=/usr/lib/galera/libgalera_smm.so",
       "--wsrep-cluster-name=assay", "--wsrep-cluster-address=gcomm://" + members,
       "--wsrep-node-address=" + places.at(node).host,
       "--wsrep-node-name=n" + std::to_string(node + 1), "--wsrep-sst-method=rsync",
       "--innodb-autoinc-lock-mode=2",
       "--wsrep-sync-wait=" + std::string(settings.sync_wait ? "15" : "0"),
       // Both periods are shorter than the defaults, so that a lost node does not stop a run.
       "--wsrep-provider-options=gcache.size=64M;evs.keepalive_period=PT0.5S;"
       "evs.suspect_timeout=PT2S;evs.inactive_timeout=PT6S"});
  // After a kill only the engine knows how far it got.
  std::string recover = std::string(program);
  for (const auto& argument : server.arguments) recover += " " + shell_quote(argument);
  server.before += "; position=; if [ -f " + std::string(data) +
                   "/grastate.dat ]; then position=$(" + recover +
                   " --wsrep-recover 2>&1 | sed -n 's/.*Recovered position: *//p' | "
                   "tail -n 1); fi";
  server.more_arguments = "${position:+--wsrep-start-position=$position}";
  return server;
}

std::string init_command(bool primary) {
  return "mariadb-install-db --no-defaults --user=mysql --datadir=" + std::string(data) +
         " --auth-root-authentication-method=normal --skip-test-db >/dev/null" +
         (primary ? " && touch " + std::string(primary_mark) : "");
}

std::vector<std::string> follow_statements(const std::string& primary_host) {
  return {"STOP SLAVE",
          "CHANGE MASTER TO master_host='" + primary_host +
              "', master_user='root', master_use_gtid=slave_pos, master_connect_retry=1, "
              "master_heartbeat_period=1",
          "START SLAVE", "SET GLOBAL read_only = 1"};
}

std::vector<std::string> promote_statements(Replication replication) {
  std::vector<std::string> statements{"STOP SLAVE", "RESET SLAVE ALL"};
  if (replication == Replication::semi_sync) {
    statements.emplace_back("SET GLOBAL rpl_semi_sync_master_enabled = 1");
  }
  statements.emplace_back("SET GLOBAL read_only = 0");
  return statements;
}

std::string mark_statement() { return "SELECT 1 INTO OUTFILE '" + std::string(primary_mark) + "'"; }

}  // namespace assay::mariadb
