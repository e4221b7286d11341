#pragma once
// Statements over the tables of schema assay, and what their answers say.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "history/value.h"
#include "targets/sql/connection.h"
#include "targets/sql/dialect.h"
#include "targets/sql/layout.h"

namespace assay::sql {

std::vector<std::string> begin_statements(const Dialect& dialect, Isolation isolation,
                                          bool read_only);

/// An id or a value as the text that a column holds, and back. Nothing: neither integer nor string.
std::optional<std::string> to_column(const Value& value);
Value from_column(const std::optional<std::string>& text);
/// A literal. Backslashes mean themselves: sessions are opened so.
std::string quoted(std::string_view text);

/// Whether each is ["r" key nil], ["w" key value] or ["append" key value] of columns.
bool are_steps(const Value::List& steps);

/// Statements about one object.
class Statements {
 public:
  Statements(const Dialect& dialect, const Layout& layout, const std::string& id);

  /// Nothing: no such datatype.
  std::optional<std::string> read(std::string_view datatype) const;
  /// Of write, cas, add, increment. Nothing: another function, or a value of another shape.
  std::optional<std::string> write(std::string_view function, const Value& value) const;

  std::string read_register(bool locks) const { return select(registers_, locks); }
  std::string read_list(bool locks) const { return select(lists_, locks); }
  /// One after the other until one has written a row.
  using Attempts = std::vector<std::string>;
  Attempts write_register(const std::string& value) const;
  Attempts append(const std::string& element) const;
  Attempts write_list(const std::string& elements) const;

 private:
  std::optional<std::string> compare_and_set(const Value& value) const;
  std::string select(const std::string& table, bool locks) const;
  /// INSERT and what follows the row.
  std::string insert(std::string_view insert, const std::string& table, const std::string& value,
                     const std::string& conflict) const;
  /// By primary key; where rows are found by another column, the row that is there by that.
  Attempts put(const std::string& table, const std::string& value, const std::string& changed,
               const std::string& upserted) const;

  const Dialect& dialect_;
  const Layout& layout_;
  std::string id_;  ///< a literal
  std::string where_;
  std::string registers_;
  std::string lists_;
};

/// The value of an answer to Statements::read of that datatype.
Value read_value(std::string_view datatype, const Answer& answer);
Value register_value(const Answer& answer);
Value list_value(const Answer& answer);

std::string read_account(std::int64_t account, bool locks);
std::string write_account(std::int64_t account, std::int64_t balance);
/// Nothing: there is no such account.
std::optional<std::int64_t> account_balance(const Answer& answer);

}  // namespace assay::sql
