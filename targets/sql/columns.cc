#include "targets/sql/columns.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>
#include <utility>

namespace assay::sql {
namespace {

std::optional<std::int64_t> to_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

constexpr std::string_view lock_suffix = " FOR UPDATE";

}  // namespace

std::string_view name_of(Isolation isolation) {
  constexpr std::array<std::string_view, 4> names{"READ UNCOMMITTED", "READ COMMITTED",
                                                  "REPEATABLE READ", "SERIALIZABLE"};
  return names[static_cast<std::size_t>(isolation)];
}

std::vector<std::string> begin_statements(const Dialect& dialect, Isolation isolation,
                                          bool read_only) {
  std::vector<std::string> statements;
  std::istringstream text(dialect.begin(isolation, read_only));
  for (std::string each; std::getline(text, each, ';');) statements.push_back(each);
  return statements;
}

std::optional<std::string> to_column(const Value& value) {
  if (const auto* number = value.get_if<std::int64_t>()) return std::to_string(*number);
  if (const auto* text = value.get_if<std::string>()) return "\"" + *text;
  return std::nullopt;
}

Value from_column(const std::optional<std::string>& text) {
  if (!text) return {};
  if (text->starts_with('"')) return text->substr(1);
  if (const auto number = to_number(*text)) return *number;
  return *text;
}

std::string quoted(std::string_view text) {
  std::string literal = "'";
  for (const char c : text) literal += c == '\'' ? "''" : std::string(1, c);
  return literal + "'";
}

bool are_steps(const Value::List& steps) {
  return !steps.empty() && std::all_of(steps.begin(), steps.end(), [](const Value& step) {
    const auto* words = step.get_if<Value::List>();
    if (words == nullptr || words->size() != 3 || !to_column((*words)[1])) return false;
    const auto* f = (*words)[0].get_if<std::string>();
    if (f == nullptr) return false;
    return *f == "r" || ((*f == "w" || *f == "append") && to_column((*words)[2]));
  });
}

Statements::Statements(const Dialect& dialect, const Layout& layout, const std::string& id)
    : dialect_(dialect),
      layout_(layout),
      id_(quoted(id)),
      where_((layout.has_alias() ? " WHERE alias = " : " WHERE id = ") + id_),
      registers_(layout.table_of("registers", id)),
      lists_(layout.table_of("lists", id)) {}

std::optional<std::string> Statements::read(std::string_view datatype) const {
  if (datatype == "register") return read_register(false);
  if (datatype == "set") return "SELECT element FROM assay.elements WHERE id = " + id_;
  if (datatype == "counter") return "SELECT val FROM assay.counters WHERE id = " + id_;
  if (datatype == "bank") return "SELECT id, val FROM assay.accounts ORDER BY id";
  return std::nullopt;
}

std::string Statements::select(const std::string& table, bool locks) const {
  std::string text = "SELECT val FROM assay." + table + where_;
  return locks ? text.append(lock_suffix) : text;
}

std::string Statements::insert(std::string_view insert, const std::string& table,
                               const std::string& value, const std::string& conflict) const {
  const bool alias = layout_.has_alias();
  return std::string(insert) + " INTO assay." + table +
         (alias ? " (id, alias, val)" : " (id, val)") + " VALUES (" + id_ +
         (alias ? ", " + id_ : "") + ", " + value + ") " + conflict;
}

Statements::Attempts Statements::put(const std::string& table, const std::string& value,
                                     const std::string& changed,
                                     const std::string& upserted) const {
  std::string upsert =
      insert("INSERT", table, value, std::string(dialect_.on_duplicate) + upserted);
  if (!layout_.has_alias()) return {std::move(upsert)};
  return {"UPDATE assay." + table + " SET val = " + changed + where_, std::move(upsert)};
}

Statements::Attempts Statements::write_register(const std::string& value) const {
  return put(registers_, quoted(value), quoted(value), std::string(dialect_.inserted));
}

Statements::Attempts Statements::append(const std::string& element) const {
  return put(lists_, quoted(element), "CONCAT(val, ',', " + quoted(element) + ")",
             "CONCAT(" + lists_ + ".val, ',', " + std::string(dialect_.inserted) + ")");
}

Statements::Attempts Statements::write_list(const std::string& elements) const {
  return put(lists_, quoted(elements), quoted(elements), std::string(dialect_.inserted));
}

std::optional<std::string> Statements::compare_and_set(const Value& value) const {
  const auto* pair = value.get_if<Value::List>();
  if (pair == nullptr || pair->size() != 2) return std::nullopt;
  // A bank is opened by a cas from nothing to all its accounts.
  if (const auto* accounts = (*pair)[1].get_if<Value::Map>()) {
    std::string rows;
    for (const auto& [account, balance] : *accounts) {
      const auto* id = account.get_if<std::int64_t>();
      const auto* amount = balance.get_if<std::int64_t>();
      if (id == nullptr || amount == nullptr) return std::nullopt;
      rows +=
          (rows.empty() ? "(" : ", (") + std::to_string(*id) + ", " + std::to_string(*amount) + ")";
    }
    return std::string(dialect_.insert_ignore) + " INTO assay.accounts (id, val) VALUES " + rows +
           " " + std::string(dialect_.ignore);
  }
  const auto next = to_column((*pair)[1]);
  if (!next) return std::nullopt;
  if ((*pair)[0].is_nil()) {
    return insert(dialect_.insert_ignore, registers_, quoted(*next), std::string(dialect_.ignore));
  }
  const auto expected = to_column((*pair)[0]);
  if (!expected) return std::nullopt;
  return "UPDATE assay." + registers_ + " SET val = " + quoted(*next) + where_ +
         " AND val = " + quoted(*expected);
}

std::optional<std::string> Statements::write(std::string_view function, const Value& value) const {
  if (function == "cas") return compare_and_set(value);
  if (function == "write") {
    const auto text = to_column(value);
    // A statement that commits by itself, so by primary key in any case.
    return text ? std::optional(write_register(*text).back()) : std::nullopt;
  }
  const auto* number = value.get_if<std::int64_t>();
  if (number == nullptr) return std::nullopt;
  const std::string amount = std::to_string(*number);
  if (function == "add") {
    return "INSERT INTO assay.elements (id, element) VALUES (" + id_ + ", " + amount + ")";
  }
  if (function == "increment") {
    return "INSERT INTO assay.counters (id, val) VALUES (" + id_ + ", " + amount + ") " +
           std::string(dialect_.on_duplicate) + "counters.val + " + std::string(dialect_.inserted);
  }
  return std::nullopt;
}

Value register_value(const Answer& answer) {
  return answer.rows.empty() ? Value() : from_column(answer.rows[0].at(0));
}

Value list_value(const Answer& answer) {
  Value::List elements;
  if (answer.rows.empty()) return elements;
  std::istringstream text(answer.rows[0].at(0).value_or(""));
  for (std::string each; std::getline(text, each, ',');) elements.push_back(from_column(each));
  return elements;
}

Value read_value(std::string_view datatype, const Answer& answer) {
  if (datatype == "register") return register_value(answer);
  if (datatype == "counter") {
    return answer.rows.empty() ? Value(0) : from_column(answer.rows[0].at(0));
  }
  if (datatype == "set") {
    Value::List elements;
    for (const auto& row : answer.rows) elements.push_back(from_column(row.at(0)));
    return elements;
  }
  Value::Map accounts;
  for (const auto& row : answer.rows) {
    accounts.emplace_back(from_column(row.at(0)), from_column(row.at(1)));
  }
  return accounts;
}

std::string read_account(std::int64_t account, bool locks) {
  std::string text = "SELECT val FROM assay.accounts WHERE id = " + std::to_string(account);
  return locks ? text.append(lock_suffix) : text;
}

std::string write_account(std::int64_t account, std::int64_t balance) {
  return "UPDATE assay.accounts SET val = " + std::to_string(balance) +
         " WHERE id = " + std::to_string(account);
}

std::optional<std::int64_t> account_balance(const Answer& answer) {
  if (answer.rows.empty() || !answer.rows[0].at(0)) return std::nullopt;
  return to_number(*answer.rows[0][0]);
}

}  // namespace assay::sql
