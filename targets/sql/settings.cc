#include "targets/sql/settings.h"

#include <charconv>
#include <cstdlib>
#include <utility>

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

}  // namespace assay::sql
