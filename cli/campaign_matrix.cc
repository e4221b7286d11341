#include "cli/campaign_matrix.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "cli/toml_table.h"

namespace assay::cli {
namespace {

constexpr std::size_t experiments_max = 10'000;

struct AxisValue {
  std::string name;
  toml::table settings;
  std::uint32_t line = 0;
};

struct Axis {
  std::string name;
  std::vector<AxisValue> values;
};

/// "partition+kill" of a list, "none" of an empty one.
std::string name_of(const toml::node& value) {
  const toml::array* list = value.as_array();
  if (list == nullptr) return toml_text(value);
  std::string name;
  for (const toml::node& element : *list) name += (name.empty() ? "" : "+") + toml_text(element);
  return name.empty() ? "none" : name;
}

AxisValue value_of(const std::string& axis, const toml::node& element) {
  AxisValue value;
  value.line = TomlTable::line_of(element);
  if (const toml::table* table = element.as_table()) {
    const auto name = table->get_as<std::string>("name");
    if (name == nullptr) throw Wrong{value.line, axis + ": each of its tables needs a name"};
    value.name = name->get();
    value.settings = *table;
    value.settings.erase("name");
  } else {
    value.name = name_of(element);
    value.settings.insert_or_assign(axis, element);
  }
  return value;
}

std::vector<Axis> axes_of(const toml::table& matrix) {
  std::vector<Axis> axes;
  for (const auto& [key, node] : matrix) {
    if (key.str() == "exclude") continue;
    const toml::array* list = node.as_array();
    if (list == nullptr || list->empty()) {
      throw Wrong{TomlTable::line_of(node), fmt::format("{}: expected a list", key.str())};
    }
    Axis axis{std::string(key.str()), {}};
    for (const toml::node& element : *list) axis.values.push_back(value_of(axis.name, element));
    axes.push_back(std::move(axis));
  }
  if (axes.empty()) throw Wrong{TomlTable::line_of(matrix), "[matrix] has no axis"};
  return axes;
}

using Names = std::map<std::string, std::string>;  // of an axis, of its value

/// Combinations that are left out: every axis that an entry names has the value it names.
std::vector<Names> exclusions_of(const toml::table& matrix, const std::vector<Axis>& axes) {
  std::vector<Names> exclusions;
  const toml::node* node = matrix.get("exclude");
  if (node == nullptr) return exclusions;
  const toml::array* list = node->as_array();
  if (list == nullptr) throw Wrong{TomlTable::line_of(*node), "exclude: expected a list"};
  for (const toml::node& element : *list) {
    const toml::table* table = element.as_table();
    if (table == nullptr) {
      throw Wrong{TomlTable::line_of(element), "exclude: expected { AXIS = VALUE, … }"};
    }
    Names names;
    for (const auto& [key, value] : *table) {
      const std::string name = name_of(value);
      bool found = false;
      for (const Axis& axis : axes) {
        if (axis.name != key.str()) continue;
        for (const AxisValue& each : axis.values) found |= each.name == name;
      }
      if (!found) {
        throw Wrong{TomlTable::line_of(value),
                    fmt::format("exclude: no axis {} with the value '{}'", key.str(), name)};
      }
      names[std::string(key.str())] = name;
    }
    exclusions.push_back(std::move(names));
  }
  return exclusions;
}

bool is_excluded(const Names& names, const std::vector<Names>& exclusions) {
  for (const Names& exclusion : exclusions) {
    bool all = !exclusion.empty();
    for (const auto& [axis, value] : exclusion) all = all && names.at(axis) == value;
    if (all) return true;
  }
  return false;
}

/// What a copied node says is wrong has no line of its own.
void apply(const AxisValue& value, Experiment& experiment) {
  try {
    read_experiment(value.settings, experiment);
  } catch (const Wrong& wrong) {
    throw Wrong{wrong.line == 0 ? value.line : wrong.line, wrong.what};
  }
  experiment.line = value.line;
}

}  // namespace

std::vector<Experiment> expand_matrix(const toml::table& matrix, const Experiment& defaults) {
  const auto axes = axes_of(matrix);
  const auto exclusions = exclusions_of(matrix, axes);
  std::vector<Experiment> experiments;
  std::vector<std::size_t> at(axes.size(), 0);
  for (;;) {
    Experiment experiment = defaults;
    Names names;
    std::string name;
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const AxisValue& value = axes[i].values[at[i]];
      apply(value, experiment);
      names[axes[i].name] = value.name;
      name += (name.empty() ? "" : "/") + value.name;
    }
    experiment.name = name;
    if (!is_excluded(names, exclusions)) experiments.push_back(std::move(experiment));
    if (experiments.size() > experiments_max) {
      throw Wrong{TomlTable::line_of(matrix),
                  fmt::format("[matrix] makes more than {} experiments", experiments_max)};
    }
    std::size_t i = axes.size();
    while (i > 0 && ++at[i - 1] == axes[i - 1].values.size()) at[--i] = 0;
    if (i == 0) return experiments;
  }
}

}  // namespace assay::cli
