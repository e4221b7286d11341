#include "targets/postgres/server.h"

#include <array>

#include "harness/control/node.h"

namespace assay::postgres {
namespace {

constexpr const char* as_postgres = "setpriv --reuid=postgres --regid=postgres --init-groups ";

std::string conninfo(const std::string& primary_host, std::size_t node) {
  return "host=" + primary_host + " user=postgres application_name=" + standby_name(node);
}

}  // namespace

std::string standby_name(std::size_t node) { return "n" + std::to_string(node + 1); }

std::string subnet_of(const std::string& host) { return host.substr(0, host.rfind('.')) + ".0/24"; }

ServerProcess server(const std::string& programs) {
  ServerProcess server;
  server.program = programs + "postgres";
  server.name = "postgres";
  server.user = "postgres";
  // A killed server leaves its process number, which may be that of another process by now.
  server.before = "cd /; mkdir -p /run/postgresql; chown postgres /run/postgresql; rm -f " +
                  std::string(data) + "/postmaster.pid";
  server.data_folder = data;
  server.log_file = "/var/log/assay-postgres.log";
  server.pid_file = "/run/assay-postgres.pid";
  server.arguments = {"-D", data};
  return server;
}

std::string init_primary_command(const std::string& programs, Replication replication,
                                 const std::string& subnet) {
  constexpr std::array<const char*, 3> commits{"local", "on", "remote_apply"};
  std::string settings =
      "listen_addresses = '*'\n"
      "unix_socket_directories = '/run/postgresql'\n"
      "max_connections = 300\n"
      "shared_buffers = 64MB\n"
      "wal_level = replica\n"
      "max_wal_senders = 10\n"
      "wal_keep_size = 256MB\n"
      "wal_log_hints = on\n"
      "wal_sender_timeout = 2s\n"
      "wal_receiver_timeout = 2s\n"
      "wal_retrieve_retry_interval = 500ms\n"
      "deadlock_timeout = 100ms\n"
      "synchronous_commit = ";
  // Until the standbys are there, no commit can wait for them.
  settings += std::string(commits[static_cast<std::size_t>(replication)]) + "\n";
  const std::string access = "local all all trust\nhost all all " + subnet +
                             " trust\nhost replication all " + subnet + " trust\n";
  const std::string folder = data;
  return "cd /; " + std::string(as_postgres) + programs + "initdb -D " + folder +
         " -U postgres --auth=trust --no-sync --locale=C --encoding=UTF8 >/dev/null && printf %s " +
         shell_quote(settings) + " >>" + folder + "/postgresql.conf && printf %s " +
         shell_quote(access) + " >" + folder + "/pg_hba.conf";
}

std::string init_standby_command(const std::string& programs, const std::string& primary_host,
                                 std::size_t node) {
  const std::string folder = data;
  return "cd /; " + std::string(as_postgres) + programs + "pg_basebackup -D " + folder + " -d " +
         shell_quote(conninfo(primary_host, node)) +
         " -X stream -c fast --no-sync && { printf %s " +
         shell_quote("primary_conninfo = '" + conninfo(primary_host, node) + "'\n") + " >>" +
         folder + "/postgresql.auto.conf; touch " + folder + "/standby.signal; chown postgres " +
         folder + "/standby.signal; }";
}

std::vector<std::string> synchronize_statements(const std::string& names) {
  return {"ALTER SYSTEM SET synchronous_standby_names = '" + names + "'",
          "SELECT pg_reload_conf()"};
}

std::vector<std::string> follow_statements(const std::string& primary_host, std::size_t node) {
  return {"ALTER SYSTEM SET primary_conninfo = '" + conninfo(primary_host, node) + "'",
          "SELECT pg_reload_conf()"};
}

}  // namespace assay::postgres
