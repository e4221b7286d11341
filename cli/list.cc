// assay list VOCABULARY: the tables that help, docs and JSON are printed from.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "checker/checker.h"
#include "checker/lattice.h"
#include "cli/command.h"
#include "history/formats/format.h"
#include "nemesis/registry.h"
#include "targets/reference/protocols/catalogue.h"
#include "targets/registry.h"
#include "workloads/workload.h"

namespace assay::cli {
namespace {

struct Row {
  std::string name;
  std::string summary;
  /// "--protocol raft  summary (values)"; "implies …"; "refutes …"
  std::vector<std::string> options;
};

template <class Table>
std::vector<Row> rows_of(const Table& table) {
  std::vector<Row> rows;
  for (const auto& entry : table) {
    Row row{std::string(entry.name), std::string(entry.summary), {}};
    if constexpr (requires { entry.implies; }) {
      if (!entry.implies.empty()) row.options.push_back(fmt::format("implies {}", entry.implies));
    }
    if constexpr (requires { entry.refutes; }) {
      if (!entry.refutes.empty()) row.options.push_back(fmt::format("refutes {}", entry.refutes));
    }
    if constexpr (requires { entry.options; }) {
      for (const auto& option : entry.options) {
        row.options.push_back(fmt::format("--{} {}: {} ({})", option.name, option.fallback,
                                          option.summary, option.values));
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Row> rows_of_bugs() {
  std::vector<Row> rows;
  for (const auto& protocol : reference::protocols()) {
    for (const auto& bug : protocol.bugs) {
      rows.push_back({fmt::format("{} {}", protocol.name, bug.name),
                      std::string(bug.summary),
                      {std::string(bug.source)}});
      if (bug.settings.empty()) continue;
      rows.back().options.push_back("shows with " + std::string(bug.settings));
    }
  }
  return rows;
}

std::vector<Row> rows_of_faults() {
  std::vector<Row> rows = rows_of(faults());
  for (const FaultPackage& package : fault_packages()) {
    rows.push_back({std::string(package.name),
                    std::string(package.summary),
                    {fmt::format("package of {}", fmt::join(package.faults, ","))}});
  }
  return rows;
}

struct Vocabulary {
  const char* name;
  std::vector<Row> (*rows)();
};

constexpr std::array<Vocabulary, 9> vocabularies{{
    {"targets", [] { return rows_of(targets()); }},
    {"workloads", [] { return rows_of(workloads()); }},
    {"faults", rows_of_faults},
    {"models", [] { return rows_of(model_lattice()); }},
    {"datatypes", [] { return rows_of(datatypes()); }},
    {"anomalies", [] { return rows_of(anomaly_lattice()); }},
    {"formats", [] { return rows_of(formats()); }},
    {"protocols", [] { return rows_of(reference::protocols()); }},
    {"bugs", rows_of_bugs},
}};

Result<int> print(const std::string& name, bool json) {
  for (const Vocabulary& vocabulary : vocabularies) {
    if (vocabulary.name != name) continue;
    nlohmann::ordered_json document = nlohmann::ordered_json::array();
    for (const Row& row : vocabulary.rows()) {
      document.push_back({{"name", row.name}, {"summary", row.summary}, {"options", row.options}});
      if (json) continue;
      fmt::print("{:26} {}\n", row.name, row.summary);
      for (const std::string& option : row.options) fmt::print("{:26}   {}\n", "", option);
    }
    if (json) fmt::print("{}\n", document.dump());
    return 0;
  }
  return Error{ErrorKind::internal, "no vocabulary '" + name + "'"};
}

}  // namespace

Action define_list(CLI::App& app) {
  auto name = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  std::vector<std::string> names;
  for (const Vocabulary& vocabulary : vocabularies) names.emplace_back(vocabulary.name);
  app.add_option("VOCABULARY", *name, "what to print")->required()->check(CLI::IsMember(names));
  app.add_flag("--json", *json, "as a JSON document");
  return [name, json] { return print(*name, *json); };
}

}  // namespace assay::cli
