#include "targets/sql/settings.h"

#include <charconv>
#include <cstdlib>
#include <utility>

#include "targets/sql/sessions.h"

namespace assay::sql {
namespace {

template <class Number>
Status read_number(const std::map<std::string, std::string>& options, const TargetOption& option,
                   Number low, Number high, Number& number) {
  const std::string& text = options.at(std::string(option.name));
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc{} && end == text.data() + text.size() && number >= low &&
      number <= high) {
    return {};
  }
  return Error{ErrorKind::configuration, "--" + std::string(option.name) + ": expected " +
                                             std::string(option.values) + ", got '" + text + "'"};
}

Status read_rollbacks(const std::map<std::string, std::string>& options, ClientSettings& settings) {
  if (auto status = read_number(options, aborts_option, 0.0, 1.0, settings.aborts); !status.ok()) {
    return status;
  }
  if (auto status = read_number(options, savepoints_option, 0.0, 1.0, settings.savepoints);
      !status.ok()) {
    return status;
  }
  if (settings.savepoints == 0 || settings.aborts > 0) return {};
  return Error{ErrorKind::configuration,
               "--savepoints: what is rolled back is what was aborted before; give --aborts, too"};
}

}  // namespace

Result<ClientSettings> client_settings(const std::map<std::string, std::string>& options,
                                       const Dialect& dialect) {
  ClientSettings settings;
  settings.dialect = &dialect;
  const auto isolation = option_choice(options, isolation_option);
  if (!isolation.ok()) return isolation.error();
  settings.isolation = static_cast<Isolation>(*isolation);
  const auto locking = option_choice(options, locking_option);
  if (!locking.ok()) return locking.error();
  settings.locking = *locking == 1;
  const auto declare = option_choice(options, declare_option);
  if (!declare.ok()) return declare.error();
  settings.declares_reads = *declare == 1;
  const auto append = option_choice(options, append_option);
  if (!append.ok()) return append.error();
  settings.rewrite = *append == 1;
  const auto access = option_choice(options, access_option);
  if (!access.ok()) return access.error();
  settings.layout.access = static_cast<Access>(*access);
  constexpr unsigned tables_max = 100;
  if (auto status = read_number(options, tables_option, 1U, tables_max, settings.layout.tables);
      !status.ok()) {
    return status.error();
  }
  if (auto status = read_rollbacks(options, settings); !status.ok()) return status.error();
  return settings;
}

Login login_of(const std::map<std::string, std::string>& options, const Login& fallback) {
  Login login = fallback;
  if (!options.at("user").empty()) login.user = options.at("user");
  if (!options.at("database").empty()) login.database = options.at("database");
  if (const char* password = std::getenv("ASSAY_PASSWORD")) login.password = password;
  return login;
}

namespace {

Result<std::string> look_at_one(const Dialect& dialect, const Login& login) {
  constexpr Nanos limit = std::chrono::seconds(5);
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

Login login_at(Login login, const Endpoint& server) {
  login.host = server.host;
  login.port = server.port;
  return login;
}

Status await_answer(Open open, const Login& login, const std::string& statement,
                    const std::string& wanted, Nanos limit) {
  constexpr Nanos probe_timeout = std::chrono::seconds(1);
  return wait_for(limit, [&]() -> Status {
    const auto asked = run_statements(open, login, {statement}, probe_timeout);
    if (!asked.ok()) return asked.error();
    const std::string got = asked->rows.empty() ? "" : asked->rows.front().back().value_or("");
    if (got == wanted) return {};
    return Error{ErrorKind::unavailable,
                 login.host + ": " + statement + ": '" + got + "', expected '" + wanted + "'"};
  });
}

Result<std::vector<std::string>> look_at(const Dialect& dialect, const Login& login,
                                         const std::vector<Endpoint>& servers) {
  std::vector<std::string> lines;
  for (const Endpoint& server : servers) {
    auto found = look_at_one(dialect, login_at(login, server));
    if (!found.ok()) return found.error();
    lines.push_back(*std::move(found));
  }
  return lines;
}

}  // namespace assay::sql
