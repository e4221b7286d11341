#pragma once
// TOML files of ours: tables whose keys are all known, and errors with file and line.

#include <toml++/toml.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace assay::cli {

/// What is wrong in the file, thrown past the layers of tables and caught by read_toml.
struct Wrong {
  std::uint32_t line;
  std::string what;
};

/// Parses the file and gives it to `visit`, which may throw Wrong. Errors: no_input, bad_data (with
/// file, line and what was expected).
Status read_toml(const std::string& path, const std::function<void(const toml::table&)>& visit);

/// A text, number or flag as text. Throws Wrong.
std::string toml_text(const toml::node& node);

/// A table whose keys are all known. Each read leaves `into` as it is if the key is missing, and
/// throws Wrong if it has another type than expected.
class TomlTable {
 public:
  TomlTable(const toml::table& table, std::span<const std::string_view> known);

  const toml::node* find(std::string_view key) const { return table_.get(key); }
  const toml::table* table_at(std::string_view key) const;
  static std::uint32_t line_of(const toml::node& node) { return node.source().begin.line; }

  void read(std::string_view key, std::string& into) const;
  void read(std::string_view key, bool& into) const;
  void read(std::string_view key, std::vector<std::string>& into) const;
  void read(std::string_view key, std::map<std::string, std::string>& into) const;
  void read(std::string_view key, Nanos& into) const;
  /// A share: "5%", or a number from 0 to 1.
  void read_share(std::string_view key, double& into) const;
  template <class Number>
  void read_number(std::string_view key, Number low, Number high, Number& into) const {
    into = static_cast<Number>(number(key, static_cast<std::int64_t>(low),
                                      static_cast<std::int64_t>(high),
                                      static_cast<std::int64_t>(into)));
  }
  template <class T>
  void read(std::string_view key, std::optional<T>& into) const {
    if (find(key) == nullptr) return;
    T value{};
    read(key, value);
    into = std::move(value);
  }

 private:
  std::int64_t number(std::string_view key, std::int64_t low, std::int64_t high,
                      std::int64_t fallback) const;

  const toml::table& table_;
};

}  // namespace assay::cli
