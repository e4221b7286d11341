// assay matrix TARGET: fixed schedules of two and three sessions at every isolation level, and what
// each level really keeps from happening.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/option_tables.h"
#include "cli/progress.h"
#include "cli/run_lab.h"
#include "cli/run_settings.h"
#include "targets/registry.h"
#include "targets/sql/published.h"
#include "targets/sql/schedules.h"
#include "targets/sql/sessions.h"

namespace assay::cli {
namespace {

struct MatrixFlags {
  RunFlags run;
  std::vector<std::string> levels;
};

/// Known names with '-' for ' ', as --isolation has them.
constexpr std::array<const char*, 4> level_names{"read-uncommitted", "read-committed",
                                                 "repeatable-read", "serializable"};

struct Row {
  std::string level;
  std::map<std::string_view, sql::Protection> measured;
  const sql::PublishedLevel* published = nullptr;
};

/// Cells that differ from the published table; empty: as published, or nothing is published.
std::vector<std::string> differences(const Row& row) {
  std::vector<std::string> found;
  if (row.published == nullptr) return found;
  for (std::size_t i = 0; i < sql::schedule_anomalies().size(); ++i) {
    const auto anomaly = sql::schedule_anomalies()[i];
    const auto measured = row.measured.at(anomaly);
    const auto published = row.published->cells[i];
    if (measured == published) continue;
    found.push_back(fmt::format("{} at {}: {}, published: {}", anomaly, row.level,
                                name_of(measured), name_of(published)));
  }
  return found;
}

Result<std::vector<Row>> measure(const MatrixFlags& flags, sql::Sessions& sessions,
                                 Progress& progress) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < level_names.size(); ++i) {
    const bool wanted = flags.levels.empty() || std::find(flags.levels.begin(), flags.levels.end(),
                                                          level_names[i]) != flags.levels.end();
    if (!wanted) continue;
    progress.say(fmt::format("{}", level_names[i]));
    auto measured = sql::measure_level(sessions.dialect(), static_cast<sql::Isolation>(i),
                                       [&] { return sessions.open_session(); });
    if (!measured.ok()) return measured.error().in(level_names[i]);
    rows.push_back({level_names[i], std::move(*measured),
                    sql::find_published(flags.run.target, static_cast<sql::Isolation>(i))});
  }
  return rows;
}

void print(const std::vector<Row>& rows, bool json, const std::string& target,
           const std::map<std::string, std::string>& facts) {
  nlohmann::ordered_json document{
      {"schema", "assay.matrix/1"}, {"target", target}, {"facts", facts}};
  auto& levels = document["levels"] = nlohmann::ordered_json::array();
  if (!json) {
    fmt::print("{:17}", "");
    for (const auto anomaly : sql::schedule_anomalies()) fmt::print(" {:10}", anomaly);
    fmt::print("\n");
  }
  for (const Row& row : rows) {
    nlohmann::ordered_json cells = nlohmann::ordered_json::object();
    if (!json) fmt::print("{:17}", row.level);
    for (const auto anomaly : sql::schedule_anomalies()) {
      const auto cell = name_of(row.measured.at(anomaly));
      cells[std::string(anomaly)] = cell;
      if (!json) fmt::print(" {:10}", cell);
    }
    if (!json) fmt::print("\n");
    levels.push_back({{"level", row.level},
                      {"anomalies", cells},
                      {"published", row.published != nullptr},
                      {"differences", differences(row)}});
  }
  if (json) {
    fmt::print("{}\n", document.dump());
    return;
  }
  for (const Row& row : rows) {
    for (const std::string& difference : differences(row)) fmt::print("differs: {}\n", difference);
  }
}

Result<int> run_matrix(const MatrixFlags& flags) {
  const TargetEntry* entry = find_target(flags.run.target);
  if (entry == nullptr) {
    return Error{ErrorKind::usage, "unknown target '" + flags.run.target +
                                       "'; see `assay list targets` for the known ones"};
  }
  std::map<std::string, std::string> options;
  for (const auto& option : entry->options) {
    options[std::string(option.name)] = std::string(option.fallback);
  }
  for (const auto& [name, value] : flags.run.options) {
    if (!has_option(entry->options, name)) {
      return Error{ErrorKind::usage, "--" + name + " is no option of target " + flags.run.target};
    }
    options[name] = value;
  }
  auto target = entry->make(options);
  if (!target.ok()) return target.error();
  sql::Sessions* sessions = (*target)->sql_sessions();
  if (sessions == nullptr) {
    return Error{ErrorKind::usage, "target " + flags.run.target + " does not speak SQL"};
  }
  Progress progress(flags.run.quiet, Nanos{0});
  auto lab =
      RunLab::up(flags.run.nodes, flags.run.lab_suite(), **target, flags.run.keep_lab, progress);
  if (!lab.ok()) return lab.error();
  Result<std::vector<Row>> rows = Error{};
  if (auto nodes = lab->connect(); nodes.ok()) {
    progress.say(fmt::format("starting {}", flags.run.target));
    const auto started = (*target)->set_up(*nodes);
    rows = started.ok() ? measure(flags, *sessions, progress)
                        : Result<std::vector<Row>>(started.error().in(flags.run.target));
    (*target)->tear_down(*nodes);
  } else {
    rows = nodes.error();
  }
  lab->down(progress);
  if (!rows.ok()) return rows.error();
  print(*rows, flags.run.json, flags.run.target, (*target)->facts());
  for (const Row& row : *rows) {
    if (!differences(row).empty()) return 1;
  }
  return 0;
}

}  // namespace

Action define_matrix(CLI::App& app) {
  auto flags = std::make_shared<MatrixFlags>();
  flags->run.nodes = 1;
  app.add_option("TARGET", flags->run.target, "a target with SQL: postgres, mariadb, mysql")
      ->required();
  app.add_option("--level", flags->levels, "only these isolation levels, comma separated")
      ->delimiter(',')
      ->check(CLI::IsMember(std::vector<std::string>(level_names.begin(), level_names.end())));
  app.add_option("--nodes,-n", flags->run.nodes, "nodes of the lab")
      ->check(CLI::Range(1, 9))
      ->capture_default_str();
  flags->run.define_suite(app);
  app.add_flag("--keep-lab", flags->run.keep_lab, "leave a lab that this brought up");
  app.add_flag("--json", flags->run.json, "a JSON document on standard output");
  app.add_flag("--quiet,-q", flags->run.quiet, "no progress");
  flags->run.define_tables(app);
  app.footer(
      "Exit code 1: a cell differs from the published table.\nExample: assay matrix postgres");
  return [flags] { return run_matrix(*flags); };
}

}  // namespace assay::cli
