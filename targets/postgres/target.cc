#include "targets/postgres/target.h"

#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include "targets/postgres/connection.h"
#include "targets/postgres/dialect.h"
#include "targets/postgres/server.h"
#include "targets/sql/settings.h"
#include "targets/sql/target.h"

namespace assay::postgres {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t default_port = 5432;
constexpr Nanos ready_timeout = 40s;
constexpr Nanos probe_timeout = 1s;
constexpr Nanos failover_patience = 1500ms;

constexpr TargetOption replication_option{
    "replication", "async", "async|sync|remote-apply",
    "whether a commit waits for standbys to have it on disk, or to show it"};
constexpr TargetOption standbys_option{"sync-standbys", "all", "all|any",
                                       "standbys that a commit waits for: all, or any one"};
constexpr TargetOption reads_option{
    "reads", "primary", "primary|node",
    "who answers what only reads: the primary, or each client's own node"};
constexpr TargetOption failover_option{
    "failover", "no", "no|yes", "a standby is promoted when the primary is silent for 1.5 s"};

constexpr std::array options{sql::isolation_option, sql::locking_option, sql::append_option,
                             sql::declare_option,   sql::aborts_option,  sql::savepoints_option,
                             sql::access_option,    sql::tables_option,  replication_option,
                             standbys_option,       reads_option,        failover_option,
                             servers_option,        sql::user_option,    sql::database_option};

struct Settings {
  Replication replication = Replication::async;
  bool any_standby = false;
  bool read_at_node = false;
  bool failover = false;
};

class PostgresTarget final : public sql::SqlTarget {
 public:
  PostgresTarget(sql::TargetSettings shared, Settings settings)
      : SqlTarget("postgres", std::move(shared), default_port, data, postgres::dialect(),
                  ready_timeout),
        settings_(std::move(settings)) {}
  ~PostgresTarget() override { failover_.stop(); }

  std::vector<std::string> packages() const override { return {"postgresql"}; }
  Result<std::unique_ptr<Client>> connect(std::size_t node, ProcessId process) override;
  Primaries* primaries() override { return &current_; }

 protected:
  ServerProcess server(std::size_t /*node*/) const override { return postgres::server(programs_); }
  Status look_around(Node& node) override;
  Status install(Node& node, std::size_t at) override;
  Status start(Nodes& nodes) override;
  Status form() override;

 private:
  std::vector<std::size_t> standbys(std::size_t primary) const;
  std::string sync_names(const std::vector<std::size_t>& standbys) const;
  bool is_heard(std::size_t primary) const;
  Result<std::size_t> promote(std::size_t old);

  Settings settings_;
  std::string programs_;
};

std::vector<std::size_t> PostgresTarget::standbys(std::size_t primary) const {
  return failover_.others(primary, places().size());
}

std::string PostgresTarget::sync_names(const std::vector<std::size_t>& standbys) const {
  if (settings_.replication == Replication::async || standbys.empty()) return "";
  std::string names;
  for (const std::size_t standby : standbys) {
    names += (names.empty() ? "" : ", ") + standby_name(standby);
  }
  return (settings_.any_standby ? "ANY 1 (" : "FIRST " + std::to_string(standbys.size()) + " (") +
         names + ")";
}

Status PostgresTarget::look_around(Node& node) {
  auto found = node.must_run(find_programs_command);
  if (!found) return found.error();
  while (!found->empty() && found->back() == '\n') found->pop_back();
  if (found->empty()) {
    return Error{ErrorKind::configuration,
                 node.name() + ": expected a server in /usr/lib/postgresql, found none; install " +
                     "the package postgresql"};
  }
  programs_ = std::move(*found);
  return {};
}

Status PostgresTarget::install(Node& node, std::size_t at) {
  if (at != 0) return {};
  const auto made =
      node.run(init_primary_command(programs_, settings_.replication, subnet_of(places()[0].host)),
               ready_timeout);
  if (!made) return made.error();
  if (made->exit_status == 0) return {};
  return Error{ErrorKind::unavailable, node.name() + ": initdb: " + made->err};
}

Status PostgresTarget::start(Nodes& nodes) {
  if (auto status = start_node(nodes, 0); !status.ok()) return status;
  const auto ready = wait_for(ready_timeout, [&]() -> Status {
    const auto asked = ask(0, {"SELECT 1"}, probe_timeout);
    return asked.ok() ? Status() : Status(asked.error());
  });
  if (!ready.ok()) return ready;
  return on_all(nodes.size(), [&](std::size_t i) -> Status {
    if (i == 0) return {};
    const auto copied =
        nodes[i]->run(init_standby_command(programs_, places()[0].host, i), ready_timeout);
    if (!copied) return copied.error();
    if (copied->exit_status != 0) {
      return Error{ErrorKind::unavailable, nodes[i]->name() + ": pg_basebackup: " + copied->err};
    }
    return start_node(nodes, i);
  });
}

Status PostgresTarget::form() {
  if (auto status = make_schema(); !status.ok()) return status;
  if (!is_ours()) return {};
  const std::size_t others = places().size() - 1;
  if (const std::string names = sync_names(standbys(0)); !names.empty()) {
    const auto set = ask(0, synchronize_statements(names), ready_timeout);
    if (!set.ok()) return set.error();
  }
  auto streaming = wait_for(ready_timeout, [&]() -> Status {
    const auto count = ask(
        0, {"SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"}, probe_timeout);
    if (!count.ok()) return count.error();
    if (count->rows.at(0).at(0) == std::to_string(others)) return {};
    return Error{ErrorKind::unavailable, "not all standbys follow the primary"};
  });
  if (!streaming.ok()) return streaming;
  streaming = on_all(places().size(), [&](std::size_t i) {
    return wait_for(ready_timeout, [&]() -> Status {
      const auto asked = ask(i, {"SELECT count(*) FROM assay.accounts"}, probe_timeout);
      return asked.ok() ? Status() : Status(asked.error());
    });
  });
  if (streaming.ok() && settings_.failover && others > 0) {
    failover_.start(0, failover_patience,
                    {[this](std::size_t at) { return is_heard(at); },
                     [this](std::size_t old) { return promote(old); }});
  }
  return streaming;
}

/// A primary that no standby hears any more is lost, however well it answers from here.
bool PostgresTarget::is_heard(std::size_t primary) const {
  if (!ask(primary, {"SELECT 1"}, probe_timeout).ok()) return false;
  bool any_answers = false;
  for (const std::size_t at : standbys(primary)) {
    const auto receiving =
        ask(at, {"SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'"},
            probe_timeout);
    if (!receiving.ok()) continue;
    if (receiving->rows.at(0).at(0) != "0") return true;
    any_answers = true;
  }
  return !any_answers;
}

Result<std::size_t> PostgresTarget::promote(std::size_t old) {
  // The one that has most: with synchronous standbys it has all that was acknowledged, provided
  // that enough of them can be asked.
  const auto candidates = standbys(old);
  const std::size_t needed =
      settings_.replication != Replication::async && settings_.any_standby ? candidates.size() : 1;
  std::size_t asked = 0;
  std::optional<std::pair<std::int64_t, std::size_t>> best;
  for (const std::size_t at : candidates) {
    const auto position = ask(at, {standby_position_query}, probe_timeout);
    if (!position.ok() || position->rows.empty()) continue;
    ++asked;
    const std::int64_t bytes = std::atoll(position->rows[0].at(0).value_or("0").c_str());
    if (!best || bytes > best->first) best = {bytes, at};
  }
  if (!best || asked < needed) {
    return Error{ErrorKind::unavailable, "too few standbys answer"};
  }
  const std::size_t chosen = best->second;
  auto followers = candidates;
  std::erase(followers, chosen);
  // Before it is a primary, so that no commit slips through that waits for nobody.
  const auto synchronized =
      ask(chosen, synchronize_statements(sync_names(followers)), probe_timeout);
  if (!synchronized.ok()) return synchronized.error();
  const auto promoted = ask(chosen, {"SELECT pg_promote(true, 10)"}, 12s);
  if (!promoted.ok()) return promoted.error();
  for (const std::size_t at : followers) {
    static_cast<void>(ask(at, follow_statements(places()[chosen].host, at), probe_timeout).ok());
  }
  return chosen;
}

Result<std::unique_ptr<Client>> PostgresTarget::connect(std::size_t node, ProcessId /*process*/) {
  const auto route = [this, node](bool read_only) {
    const std::size_t primary = failover_.primary();
    const bool here = read_only && settings_.read_at_node && !failover_.is_retired(node);
    return login(here ? node : primary);
  };
  sql::ClientSettings settings = client();
  // A standby has no serializable transactions; what they can promise it gives at this level.
  const bool standby = settings_.read_at_node && places().size() > 1;
  settings.read_isolation = standby && settings.isolation == sql::Isolation::serializable
                                ? sql::Isolation::repeatable_read
                                : settings.isolation;
  return std::unique_ptr<Client>(std::make_unique<sql::SqlClient>(std::move(settings), route));
}

Result<std::unique_ptr<Target>> make(const std::map<std::string, std::string>& given) {
  auto shared =
      sql::target_settings(given, dialect(), default_port, {"", 0, "postgres", "", "postgres"});
  if (!shared.ok()) return shared.error();
  Settings settings;
  const auto replication = option_choice(given, replication_option);
  if (!replication.ok()) return replication.error();
  settings.replication = static_cast<Replication>(*replication);
  for (const auto& [option, into] : {std::pair{&standbys_option, &settings.any_standby},
                                     std::pair{&reads_option, &settings.read_at_node},
                                     std::pair{&failover_option, &settings.failover}}) {
    const auto choice = option_choice(given, *option);
    if (!choice.ok()) return choice.error();
    *into = *choice == 1;
  }
  return std::unique_ptr<Target>(
      std::make_unique<PostgresTarget>(*std::move(shared), std::move(settings)));
}

}  // namespace

TargetEntry postgres_target_entry() {
  return {"postgres", "PostgreSQL: single, or a primary with standbys", options, make};
}

}  // namespace assay::postgres
