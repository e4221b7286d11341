#include "cli/toml_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/suggestion.h"
#include "cli/history_input.h"

namespace assay::cli {

Status read_toml(const std::string& path, const std::function<void(const toml::table&)>& visit) {
  const auto text = read_text(path);
  if (!text.ok()) return text.error();
  try {
    const toml::table root = toml::parse(*text, path);
    visit(root);
    return {};
  } catch (const toml::parse_error& error) {
    return Error{ErrorKind::bad_data,
                 fmt::format("{}:{}: {}", path, error.source().begin.line, error.description())};
  } catch (const Wrong& wrong) {
    return Error{ErrorKind::bad_data, fmt::format("{}:{}: {}", path, wrong.line, wrong.what)};
  }
}

std::string toml_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "yes" : "no";
  throw Wrong{TomlTable::line_of(node), "expected a text or a number"};
}

TomlTable::TomlTable(const toml::table& table, std::span<const std::string_view> known)
    : table_(table) {
  for (const auto& [key, node] : table) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
    throw Wrong{key.source().begin.line,
                fmt::format("unknown key '{}'{}; known: {}", key.str(),
                            did_you_mean(key.str(), known), fmt::join(known, ", "))};
  }
}

const toml::table* TomlTable::table_at(std::string_view key) const {
  const toml::node* node = find(key);
  if (node == nullptr) return nullptr;
  if (const toml::table* table = node->as_table()) return table;
  throw Wrong{line_of(*node), fmt::format("{}: expected a table", key)};
}

void TomlTable::read(std::string_view key, std::string& into) const {
  if (const toml::node* node = find(key)) into = toml_text(*node);
}

void TomlTable::read(std::string_view key, bool& into) const {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  const auto flag = node->value_exact<bool>();
  if (!flag) throw Wrong{line_of(*node), fmt::format("{}: expected true or false", key)};
  into = *flag;
}

void TomlTable::read(std::string_view key, std::vector<std::string>& into) const {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  into.clear();
  if (const auto* list = node->as_array()) {
    for (const toml::node& element : *list) into.push_back(toml_text(element));
  } else {
    into.push_back(toml_text(*node));
  }
}

void TomlTable::read(std::string_view key, std::map<std::string, std::string>& into) const {
  const toml::table* table = table_at(key);
  if (table == nullptr) return;
  for (const auto& [name, node] : *table) into[std::string(name.str())] = toml_text(node);
}

void TomlTable::read(std::string_view key, Nanos& into) const {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  const auto duration = parse_duration(toml_text(*node));
  if (!duration.ok()) throw Wrong{line_of(*node), duration.error().message};
  into = *duration;
}

void TomlTable::read_share(std::string_view key, double& into) const {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  double share = -1;
  if (const auto* text = node->as_string()) {
    const std::string& given = text->get();
    const auto [end, failure] = std::from_chars(given.data(), given.data() + given.size(), share);
    const bool percent = failure == std::errc{} && std::string_view(end) == "%";
    share = percent ? share / 100 : -1;
  } else {
    share = node->value<double>().value_or(-1);
  }
  if (!(share >= 0 && share <= 1)) {
    throw Wrong{line_of(*node),
                fmt::format("{}: expected a share like \"5%\" or 0.05, from 0 to 1", key)};
  }
  into = share;
}

std::int64_t TomlTable::number(std::string_view key, std::int64_t low, std::int64_t high,
                               std::int64_t fallback) const {
  const toml::node* node = find(key);
  if (node == nullptr) return fallback;
  const auto number = node->value_exact<std::int64_t>();
  if (!number || *number < low || *number > high) {
    throw Wrong{line_of(*node),
                fmt::format("{}: expected a whole number from {} to {}", key, low, high)};
  }
  return *number;
}

}  // namespace assay::cli
