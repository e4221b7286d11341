#include "targets/mysql/target.h"

#include <algorithm>
#include <array>
#include <utility>

#include "targets/cluster.h"
#include "targets/failover.h"
#include "targets/mysql/dialect.h"
#include "targets/mysql/server.h"
#include "targets/sql/columns.h"
#include "targets/sql/sessions.h"
#include "targets/sql/settings.h"

namespace assay::mysql {
namespace {

using namespace std::chrono_literals;
using sql::Login;

constexpr std::uint16_t default_port = 3306;
/// As with MariaDB: InnoDB does not start under the layer of the disk faults.
constexpr const char* no_disk_faults = "";
constexpr Nanos ready_timeout = 90s;
constexpr Nanos probe_timeout = 1s;

constexpr TargetOption group_option{"group", "single-primary", "single-primary|multi-primary",
                                    "which members of the group write: one, or all"};
constexpr TargetOption consistency_option{
    "consistency", "before-on-primary-failover",
    "eventual|before-on-primary-failover|before|after|before-and-after",
    "group_replication_consistency: what a transaction waits for"};
constexpr TargetOption reads_option{
    "reads", "primary", "primary|node",
    "who answers what only reads: the primary, or each client's own node"};

constexpr std::array options{sql::isolation_option, sql::locking_option, sql::append_option,
                             sql::declare_option,   sql::aborts_option,  sql::savepoints_option,
                             sql::access_option,    sql::tables_option,  group_option,
                             consistency_option,    reads_option,        servers_option,
                             sql::user_option,      sql::database_option};

struct Settings {
  sql::ClientSettings client;
  ServerSettings server;
  bool read_at_node = false;
  std::vector<Endpoint> hosts;
  Login login;
};

class MysqlTarget final : public ClusterTarget, public sql::Sessions {
 public:
  explicit MysqlTarget(Settings settings)
      : ClusterTarget("mysql", settings.hosts, default_port, no_disk_faults),
        settings_(std::move(settings)) {}
  ~MysqlTarget() override { elected_.stop(); }

  std::vector<std::string> packages() const override { return {"mysql-server"}; }
  bool performs(std::string_view function) const override {
    return assay::performs(sql::functions(), function);
  }
  Status expect(std::string_view datatype) override {
    settings_.client.datatype = std::string(datatype);
    return check_datatype(sql::functions(), datatype, name());
  }
  Result<std::unique_ptr<Client>> connect(std::size_t node, ProcessId process) override;
  Result<std::vector<std::string>> look() override {
    return sql::look_at(dialect(), settings_.login, settings_.hosts);
  }
  sql::Sessions* sql_sessions() override { return this; }
  const sql::Dialect& dialect() const override { return mysql::dialect(); }
  sql::Opened open_session() override {
    return dialect().open(login(elected_.primary()), monotonic_now() + ready_timeout);
  }
  Primaries* primaries() override { return settings_.server.multi_primary ? nullptr : &current_; }

 protected:
  ServerProcess server(std::size_t node) const override {
    return mysql::server(settings_.server, places(), node);
  }
  Status install(Node& node, std::size_t at) override;
  Status start(Nodes& nodes) override;
  Status form() override;
  void leave() noexcept override;

 private:
  Login login(std::size_t node) const { return sql::login_at(settings_.login, places().at(node)); }
  Result<sql::Answer> ask(std::size_t node, const std::vector<std::string>& statements,
                          Nanos limit) const {
    return sql::run_statements(dialect().open, login(node), statements, limit);
  }
  Status await(std::size_t node, const std::string& statement, const std::string& wanted) const {
    return sql::await_answer(dialect().open, login(node), statement, wanted, ready_timeout);
  }
  bool is_group() const { return is_ours() && places().size() > 1; }
  Result<std::size_t> find_primary() const;

  Settings settings_;
  /// The group elects by itself; this follows what it chose.
  Failover elected_;
  CurrentPrimary current_{elected_};
};

Status MysqlTarget::install(Node& node, std::size_t /*at*/) {
  const auto made = node.run(init_command(), ready_timeout);
  if (!made) return made.error();
  if (made->exit_status == 0) return {};
  return Error{ErrorKind::unavailable, "mysqld --initialize-insecure: " + made->err};
}

Status MysqlTarget::start(Nodes& nodes) {
  if (auto status = ClusterTarget::start(nodes); !status.ok()) return status;
  auto ready = on_all(nodes.size(), [&](std::size_t i) { return await(i, "SELECT 1", "1"); });
  if (!ready.ok() || !is_group()) return ready;
  const auto founded = ask(0, found_group_statements(), ready_timeout);
  if (!founded.ok()) return founded.error();
  return on_all(nodes.size(), [&](std::size_t i) -> Status {
    if (i != 0) {
      const auto joins = ask(i, join_group_statements(), ready_timeout);
      if (!joins.ok()) return joins.error();
    }
    const auto marked = nodes[i]->must_run(mark_member_command());
    if (!marked) return marked.error();
    return await(i, count_members_query(), std::to_string(nodes.size()));
  });
}

Status MysqlTarget::form() {
  const auto version = ask(0, {"SELECT VERSION()"}, ready_timeout);
  if (!version.ok()) return version.error();
  add_fact("server_version", version->rows.at(0).at(0).value_or(""));
  std::vector<std::string> statements{"CREATE DATABASE IF NOT EXISTS assay"};
  for (auto& statement : sql::table_statements(dialect(), settings_.client.layout)) {
    statements.push_back(std::move(statement));
  }
  const auto made = ask(0, statements, ready_timeout);
  if (!made.ok()) return made.error();
  if (!is_ours()) return {};
  auto there = on_all(places().size(), [&](std::size_t i) {
    return await(i, "SELECT COUNT(*) FROM assay.accounts", "0");
  });
  if (there.ok() && is_group() && !settings_.server.multi_primary) {
    elected_.start(0, Nanos(0),
                   {[this](std::size_t at) {
                      const auto now = find_primary();
                      return now.ok() && *now == at;
                    },
                    [this](std::size_t /*old*/) { return find_primary(); }});
  }
  return there;
}

/// Asks one member after the other until one knows it.
Result<std::size_t> MysqlTarget::find_primary() const {
  for (std::size_t asked = 0; asked < places().size(); ++asked) {
    const auto answer = ask(asked, {primary_query()}, probe_timeout);
    if (!answer.ok() || answer->rows.empty()) continue;
    const std::string host = answer->rows.front().at(0).value_or("");
    const auto at = std::find_if(places().begin(), places().end(),
                                 [&](const Endpoint& place) { return place.host == host; });
    if (at != places().end()) return static_cast<std::size_t>(at - places().begin());
  }
  return Error{ErrorKind::unavailable, "no member knows a primary"};
}

void MysqlTarget::leave() noexcept {
  elected_.stop();
  if (is_ours() || places().empty()) return;
  static_cast<void>(ask(0, {"DROP DATABASE IF EXISTS assay"}, 5s).ok());
}

Result<std::unique_ptr<Client>> MysqlTarget::connect(std::size_t node, ProcessId /*process*/) {
  const auto route = [this, node](bool read_only) {
    const bool here = settings_.server.multi_primary || (read_only && settings_.read_at_node);
    return login(here ? node : elected_.primary());
  };
  sql::ClientSettings client = settings_.client;
  client.read_isolation = client.isolation;
  return std::unique_ptr<Client>(std::make_unique<sql::SqlClient>(std::move(client), route));
}

/// BEFORE_AND_AFTER of before-and-after.
std::string as_variable(std::string name) {
  for (char& c : name) c = c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return name;
}

Result<std::unique_ptr<Target>> make(const std::map<std::string, std::string>& given) {
  Settings settings;
  auto client = sql::client_settings(given, dialect());
  if (!client.ok()) return client.error();
  settings.client = std::move(*client);
  for (const auto& [option, into] : {std::pair{&group_option, &settings.server.multi_primary},
                                     std::pair{&reads_option, &settings.read_at_node}}) {
    const auto choice = option_choice(given, *option);
    if (!choice.ok()) return choice.error();
    *into = *choice == 1;
  }
  const auto consistency = option_choice(given, consistency_option);
  if (!consistency.ok()) return consistency.error();
  settings.server.consistency = as_variable(given.at("consistency"));
  auto hosts = parse_endpoints(given.at("servers"), default_port);
  if (!hosts.ok()) return hosts.error();
  settings.hosts = std::move(*hosts);
  settings.login = sql::login_of(given, {"", 0, "root", "", ""});
  return std::unique_ptr<Target>(std::make_unique<MysqlTarget>(std::move(settings)));
}

}  // namespace

TargetEntry mysql_target_entry() {
  return {"mysql", "MySQL: single, or with group replication", options, make};
}

}  // namespace assay::mysql
