#pragma once
// The options that all targets with SQL have.

#include <array>
#include <map>
#include <string>

#include "targets/cluster.h"
#include "targets/sql/client.h"

namespace assay::sql {

inline constexpr TargetOption isolation_option{
    "isolation", "serializable", "read-uncommitted|read-committed|repeatable-read|serializable",
    "isolation level of transactions"};
inline constexpr TargetOption locking_option{
    "locking", "no", "no|yes", "reads in transactions that write lock their rows: FOR UPDATE"};
inline constexpr TargetOption declare_option{"declare-reads", "no", "no|yes",
                                             "transactions that only read are begun as READ ONLY"};
inline constexpr TargetOption append_option{
    "append", "concat", "concat|rewrite",
    "appends in one statement, or by reading the list and writing it whole"};
inline constexpr TargetOption aborts_option{"aborts", "0", "0 to 1",
                                            "share of transactions that end in ROLLBACK"};
inline constexpr TargetOption savepoints_option{"savepoints", "0", "0 to 1",
                                                "share of transactions that do the writes of an "
                                                "aborted one again and roll back to a savepoint"};
inline constexpr TargetOption access_option{
    "access", "primary-key", "primary-key|secondary-index|unique-index|scan",
    "how transactions find the rows of registers and lists"};
inline constexpr TargetOption tables_option{"tables", "1", "1 to 100",
                                            "over which registers, and lists, are spread"};
inline constexpr TargetOption user_option{
    "user", "", "a name", "of the login at --servers; its password is taken from ASSAY_PASSWORD"};
inline constexpr TargetOption database_option{"database", "", "a name", "to use at --servers"};

/// From those options. Error: configuration.
Result<ClientSettings> client_settings(const std::map<std::string, std::string>& options,
                                       const Dialect& dialect);
/// As given, or as `fallback` for what was not; the password is that of the environment.
Login login_of(const std::map<std::string, std::string>& options, const Login& fallback);

}  // namespace assay::sql
