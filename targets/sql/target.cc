#include "targets/sql/target.h"

#include <chrono>
#include <utility>

#include "targets/functions.h"
#include "targets/sql/columns.h"
#include "targets/sql/settings.h"

namespace assay::sql {
namespace {

using namespace std::chrono_literals;

/// The same login at another server.
Login at(Login login, const Endpoint& server) {
  login.host = server.host;
  login.port = server.port;
  return login;
}

Result<std::string> look_at(const Dialect& dialect, const Login& login) {
  constexpr Nanos limit = 5s;
  const auto version = run_statements(dialect.open, login, {"SELECT version()"}, limit);
  if (!version.ok()) return version.error();
  const auto schemas =
      run_statements(dialect.open, login, {std::string(dialect.count_schemas)}, limit);
  if (!schemas.ok()) return schemas.error();
  const std::string where = login.host + ":" + std::to_string(login.port);
  if (schemas->rows.at(0).at(0) != "0") {
    return Error{ErrorKind::configuration,
                 where +
                     ": there is a schema assay already, which a run would empty; rename it, or "
                     "drop it if an earlier run left it"};
  }
  return where + " " + version->rows.at(0).at(0).value_or("");
}

}  // namespace

Result<TargetSettings> target_settings(const std::map<std::string, std::string>& options,
                                       const Dialect& dialect, std::uint16_t port,
                                       const Login& fallback) {
  auto client = client_settings(options, dialect);
  if (!client.ok()) return client.error();
  auto hosts = parse_endpoints(options.at("servers"), port);
  if (!hosts.ok()) return hosts.error();
  return TargetSettings{std::move(*client), std::move(*hosts), login_of(options, fallback)};
}

SqlTarget::SqlTarget(std::string_view name, TargetSettings settings, std::uint16_t port,
                     std::string data_folder, const Dialect& dialect, Nanos ready_timeout)
    : ClusterTarget(name, settings.hosts, port, std::move(data_folder)),
      client_(std::move(settings.client)),
      hosts_(std::move(settings.hosts)),
      login_(std::move(settings.login)),
      dialect_(dialect),
      ready_timeout_(ready_timeout) {}

bool SqlTarget::performs(std::string_view function) const {
  return assay::performs(functions(), function);
}

Status SqlTarget::expect(std::string_view datatype) {
  client_.datatype = std::string(datatype);
  return check_datatype(functions(), datatype, name());
}

Result<std::vector<std::string>> SqlTarget::look() {
  std::vector<std::string> lines;
  for (const Endpoint& server : hosts_) {
    auto found = look_at(dialect_, at(login_, server));
    if (!found.ok()) return found.error();
    lines.push_back(*std::move(found));
  }
  return lines;
}

Opened SqlTarget::open_session() {
  return dialect_.open(login(failover_.primary()), monotonic_now() + ready_timeout_);
}

Login SqlTarget::login(std::size_t node) const { return at(login_, places().at(node)); }

Result<Answer> SqlTarget::ask(std::size_t node, const std::vector<std::string>& statements,
                              Nanos limit) const {
  return run_statements(dialect_.open, login(node), statements, limit);
}

Status SqlTarget::await(std::size_t node, const std::string& statement,
                        const std::string& wanted) const {
  constexpr Nanos probe_timeout = 1s;
  return wait_for(ready_timeout_, [&]() -> Status {
    const auto asked = ask(node, {statement}, probe_timeout);
    if (!asked.ok()) return asked.error();
    const std::string got = asked->rows.empty() ? "" : asked->rows.front().back().value_or("");
    if (got == wanted) return {};
    return Error{ErrorKind::unavailable, places().at(node).host + ": " + statement + ": '" + got +
                                             "', expected '" + wanted + "'"};
  });
}

Status SqlTarget::make_schema() {
  const auto version = ask(0, {std::string(dialect_.short_version)}, ready_timeout_);
  if (!version.ok()) return version.error();
  add_fact("server_version", version->rows.at(0).at(0).value_or(""));
  std::vector<std::string> statements{"CREATE SCHEMA IF NOT EXISTS assay"};
  for (auto& statement : table_statements(dialect_, client_.layout)) {
    statements.push_back(std::move(statement));
  }
  const auto made = ask(0, statements, ready_timeout_);
  return made.ok() ? Status() : Status(made.error());
}

void SqlTarget::leave() noexcept {
  failover_.stop();
  if (is_ours() || places().empty()) return;
  static_cast<void>(ask(0, {std::string(dialect_.drop_schema)}, 5s).ok());
}

}  // namespace assay::sql
