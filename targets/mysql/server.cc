#include "targets/mysql/server.h"

#include "harness/control/node.h"

namespace assay::mysql {
namespace {

constexpr const char* program = "/usr/sbin/mysqld";
constexpr const char* member_mark = "/var/lib/assay-mysql/assay-member";
constexpr const char* socket_file = "/var/lib/assay-mysql/socket";
constexpr const char* init_file = "/run/assay-mysql-init.sql";
constexpr const char* group_port = "33061";
constexpr const char* members = "performance_schema.replication_group_members";

std::vector<std::string> group_arguments(const ServerSettings& settings,
                                         const std::vector<Endpoint>& places, std::size_t node) {
  std::string seeds;
  for (const Endpoint& place : places) {
    seeds += (seeds.empty() ? "" : ",") + place.host + ":" + group_port;
  }
  // Loose, because the plugin that knows these options is loaded after they are read.
  std::vector<std::string> arguments;
  for (const std::string& option :
       {std::string("group-name=9b1c8f0e-6a55-4a53-9c0d-000000000001"),
        "local-address=" + places.at(node).host + ":" + group_port, "group-seeds=" + seeds,
        "single-primary-mode=" + std::string(settings.multi_primary ? "OFF" : "ON"),
        "consistency=" + settings.consistency,
        // A silent member is suspected after 5 s, which cannot be changed, and then goes at once.
        std::string("member-expel-timeout=0"), std::string("recovery-get-public-key=ON"),
        // The least; the default, 1 GiB, is for members that are away for long.
        std::string("message-cache-size=134217728")}) {
    arguments.push_back("--loose-group-replication-" + option);
  }
  return arguments;
}

}  // namespace

ServerProcess server(const ServerSettings& settings, const std::vector<Endpoint>& places,
                     std::size_t node) {
  ServerProcess server;
  server.program = program;
  server.name = "mysqld";
  server.user = "mysql";
  server.before =
      "cd /; rm -f " + std::string(socket_file) + " " + socket_file + ".lock" + "; ulimit -n 16000";
  server.data_folder = data;
  server.log_file = "/var/log/assay-mysql.log";
  server.pid_file = "/run/assay-mysql.pid";
  server.arguments = {"--no-defaults",
                      "--datadir=" + std::string(data),
                      "--socket=" + std::string(socket_file),
                      "--pid-file=/var/lib/assay-mysql/pid",
                      "--bind-address=0.0.0.0",
                      "--mysqlx=OFF",
                      "--skip-name-resolve",
                      "--max-connections=400",
                      "--innodb-buffer-pool-size=64M",
                      "--innodb-lock-wait-timeout=2",
                      "--character-set-server=utf8mb4",
                      "--server-id=" + std::to_string(node + 1)};
  if (places.size() == 1) return server;
  for (const std::string& argument :
       {std::string("--gtid-mode=ON"), std::string("--enforce-gtid-consistency=ON"),
        "--report-host=" + places.at(node).host,
        std::string("--plugin-load-add=group_replication.so")}) {
    server.arguments.push_back(argument);
  }
  for (auto& argument : group_arguments(settings, places, node)) {
    server.arguments.push_back(std::move(argument));
  }
  server.before += "; joins=OFF; if [ -f " + std::string(member_mark) + " ]; then joins=ON; fi";
  server.more_arguments = "--loose-group-replication-start-on-boot=$joins";
  return server;
}

std::string init_command() {
  // No account of its own makes a member's history differ from the group's.
  const std::string accounts =
      "SET sql_log_bin = 0;\n"
      "CREATE USER root@'%' IDENTIFIED BY '';\n"
      "GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;\n";
  return "printf %s " + shell_quote(accounts) + " >" + init_file + " && " + program +
         " --no-defaults --initialize-insecure --user=mysql --datadir=" + std::string(data) +
         " --init-file=" + init_file;
}

std::vector<std::string> found_group_statements() {
  return {"SET GLOBAL group_replication_bootstrap_group = ON", "START GROUP_REPLICATION",
          "SET GLOBAL group_replication_bootstrap_group = OFF"};
}

std::vector<std::string> join_group_statements() {
  return {
      "CHANGE REPLICATION SOURCE TO SOURCE_USER = 'root', SOURCE_PASSWORD = '' "
      "FOR CHANNEL 'group_replication_recovery'",
      "START GROUP_REPLICATION"};
}

std::string mark_member_command() { return "touch " + std::string(member_mark); }

std::string primary_query() {
  // Members of a minority still call the old primary one, and the others unreachable.
  return "SELECT IF(SUM(member_state <> 'UNREACHABLE') * 2 > COUNT(*), "
         "MAX(IF(member_role = 'PRIMARY' AND member_state = 'ONLINE', member_host, '')), '') "
         "FROM " +
         std::string(members);
}

std::string count_members_query() {
  return "SELECT COUNT(*) FROM " + std::string(members) + " WHERE member_state = 'ONLINE'";
}

}  // namespace assay::mysql
