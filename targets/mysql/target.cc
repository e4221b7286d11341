#include "targets/mysql/target.h"

#include <algorithm>
#include <array>
#include <utility>

#include "targets/mysql/dialect.h"
#include "targets/mysql/server.h"
#include "targets/sql/settings.h"
#include "targets/sql/target.h"

namespace assay::mysql {
namespace {

using namespace std::chrono_literals;

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
  ServerSettings server;
  bool read_at_node = false;
};

class MysqlTarget final : public sql::SqlTarget {
 public:
  MysqlTarget(sql::TargetSettings shared, Settings settings)
      : SqlTarget("mysql", std::move(shared), default_port, no_disk_faults, mysql::dialect(),
                  ready_timeout),
        settings_(std::move(settings)) {}
  ~MysqlTarget() override { failover_.stop(); }

  std::vector<std::string> packages() const override { return {"mysql-server"}; }
  Result<std::unique_ptr<Client>> connect(std::size_t node, ProcessId process) override;
  Primaries* primaries() override { return settings_.server.multi_primary ? nullptr : &current_; }

 protected:
  ServerProcess server(std::size_t node) const override {
    return mysql::server(settings_.server, places(), node);
  }
  Status install(Node& node, std::size_t at) override;
  Status start(Nodes& nodes) override;
  Status form() override;

 private:
  bool is_group() const { return is_ours() && places().size() > 1; }
  Result<std::size_t> find_primary() const;

  Settings settings_;
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
  if (auto status = make_schema(); !status.ok()) return status;
  if (!is_ours()) return {};
  auto there = on_all(places().size(), [&](std::size_t i) {
    return await(i, "SELECT COUNT(*) FROM assay.accounts", "0");
  });
  if (there.ok() && is_group() && !settings_.server.multi_primary) {
    // The group elects by itself; this follows what it chose.
    failover_.start(0, Nanos(0),
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

Result<std::unique_ptr<Client>> MysqlTarget::connect(std::size_t node, ProcessId /*process*/) {
  const auto route = [this, node](bool read_only) {
    const bool here = settings_.server.multi_primary || (read_only && settings_.read_at_node);
    return login(here ? node : failover_.primary());
  };
  sql::ClientSettings settings = client();
  settings.read_isolation = settings.isolation;
  return std::unique_ptr<Client>(std::make_unique<sql::SqlClient>(std::move(settings), route));
}

/// BEFORE_AND_AFTER of before-and-after.
std::string as_variable(std::string name) {
  for (char& c : name) c = c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return name;
}

Result<std::unique_ptr<Target>> make(const std::map<std::string, std::string>& given) {
  auto shared = sql::target_settings(given, dialect(), default_port, {"", 0, "root", "", ""});
  if (!shared.ok()) return shared.error();
  Settings settings;
  for (const auto& [option, into] : {std::pair{&group_option, &settings.server.multi_primary},
                                     std::pair{&reads_option, &settings.read_at_node}}) {
    const auto choice = option_choice(given, *option);
    if (!choice.ok()) return choice.error();
    *into = *choice == 1;
  }
  const auto consistency = option_choice(given, consistency_option);
  if (!consistency.ok()) return consistency.error();
  settings.server.consistency = as_variable(given.at("consistency"));
  return std::unique_ptr<Target>(
      std::make_unique<MysqlTarget>(*std::move(shared), std::move(settings)));
}

}  // namespace

TargetEntry mysql_target_entry() {
  return {"mysql", "MySQL: single, or with group replication", options, make};
}

}  // namespace assay::mysql
