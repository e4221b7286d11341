#include "cli/campaign_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "cli/toml_table.h"
#include "reports/measures.h"

namespace assay::cli {
namespace {

void read_execution(const TomlTable& parent, std::string_view key, Execution& execution) {
  static constexpr std::array<std::string_view, 5> known{"seeds", "time-limit", "nemesis",
                                                         "nemesis-interval", "rate"};
  const toml::node* node = parent.find(key);
  if (node == nullptr) return;
  if (const auto* flag = node->as_boolean()) {
    execution.wanted = flag->get();
    return;
  }
  const TomlTable table(*parent.table_at(key), known);
  if (table.find("seeds") != nullptr) {
    std::uint64_t seeds = 0;
    table.read_number<std::uint64_t>("seeds", 1, 1'000'000, seeds);
    execution.seeds = seeds;
  }
  table.read("time-limit", execution.time_limit);
  table.read("nemesis", execution.faults);
  table.read("nemesis-interval", execution.fault_interval);
  table.read("rate", execution.rate);
}

std::vector<MeasureBound> read_measures(const toml::table& measures) {
  static constexpr std::array<std::string_view, 2> known{"above", "below"};
  std::vector<MeasureBound> bounds;
  for (const auto& [key, node] : measures) {
    const std::string name(key.str());
    if (find_measure(name) == nullptr) {
      throw Wrong{key.source().begin.line, fmt::format("unknown measure '{}'; known: {}", name,
                                                       fmt::join(measure_names(), ", "))};
    }
    const toml::table* table = node.as_table();
    if (table == nullptr) throw Wrong{key.source().begin.line, "expected { above = …, below = … }"};
    const TomlTable entries(*table, known);
    MeasureBound bound{name, {}, {}};
    for (const auto& [side, into] :
         {std::pair{known[0], &bound.above}, std::pair{known[1], &bound.below}}) {
      const toml::node* limit = entries.find(side);
      if (limit == nullptr) continue;
      *into = limit->value<double>();
      if (!into->has_value()) throw Wrong{TomlTable::line_of(*limit), "expected a number"};
    }
    bounds.push_back(std::move(bound));
  }
  return bounds;
}

void read_expectation(const TomlTable& table, Experiment& experiment) {
  static constexpr std::array<std::string_view, 3> known{"verdict", "anomalies", "measures"};
  const toml::table* node = table.table_at("expect");
  if (node == nullptr) return;
  const TomlTable expect(*node, known);
  std::string verdict = "pass";
  expect.read("verdict", verdict);
  bool found = false;
  for (const Expected each : {Expected::pass, Expected::violation, Expected::no_progress}) {
    if (verdict != name_of(each)) continue;
    experiment.expected = each;
    found = true;
  }
  if (!found) {
    throw Wrong{TomlTable::line_of(*expect.find("verdict")),
                "verdict: expected pass, violation or no-progress, got '" + verdict + "'"};
  }
  expect.read("anomalies", experiment.anomalies);
  if (const toml::table* measures = expect.table_at("measures")) {
    experiment.measures = read_measures(*measures);
  }
}

constexpr std::array<std::string_view, 22> experiment_keys{
    "name",  "claim",   "source",           "target",     "options", "bugs",
    "model", "nemesis", "nemesis-interval", "workload",   "rate",    "workload-options",
    "nodes", "seed",    "concurrency",      "time-limit", "seeds",   "expect",
    "sim",   "lab",     "protocol",         "weather"};

void read_experiment(const toml::table& node, Experiment& experiment) {
  const TomlTable table(node, experiment_keys);
  experiment.line = node.source().begin.line;
  table.read("name", experiment.name);
  table.read("claim", experiment.claim);
  table.read("source", experiment.source);
  table.read("target", experiment.target);
  table.read("options", experiment.options);
  if (table.find("protocol") != nullptr) {
    table.read("protocol", experiment.options["protocol"]);
  }
  table.read("bugs", experiment.bugs);
  table.read("workload", experiment.workload);
  table.read("workload-options", experiment.workload_options);
  table.read("model", experiment.models);
  table.read("nemesis", experiment.faults);
  table.read("nemesis-interval", experiment.fault_interval);
  table.read("rate", experiment.rate);
  table.read("weather", experiment.weather);
  if (experiment.weather != "calm" && experiment.weather != "drawn") {
    throw Wrong{TomlTable::line_of(*table.find("weather")), "weather: expected calm or drawn"};
  }
  table.read("time-limit", experiment.time_limit);
  table.read_number<std::size_t>("nodes", 1, 9, experiment.nodes);
  table.read_number<int>("concurrency", 1, 1000, experiment.concurrency);
  table.read_number<std::uint64_t>("seed", 0, 1'000'000'000, experiment.seed);
  table.read_number<std::uint64_t>("seeds", 1, 1'000'000, experiment.seeds);
  read_expectation(table, experiment);
  read_execution(table, "sim", experiment.sim);
  read_execution(table, "lab", experiment.lab);
}

Campaign campaign_of(const toml::table& root, const std::string& path) {
  static constexpr std::array<std::string_view, 5> known{"schema", "name", "about", "defaults",
                                                         "experiment"};
  const TomlTable table(root, known);
  std::string schema;
  table.read("schema", schema);
  if (schema != "assay.campaign/1") {
    throw Wrong{1, "expected schema = \"assay.campaign/1\", got \"" + schema + "\""};
  }
  Campaign campaign;
  table.read("name", campaign.name);
  table.read("about", campaign.about);
  Experiment defaults;
  if (const toml::table* node = table.table_at("defaults")) read_experiment(*node, defaults);
  const toml::node* experiments = table.find("experiment");
  const toml::array* list = experiments == nullptr ? nullptr : experiments->as_array();
  if (list == nullptr || list->empty()) throw Wrong{1, "expected at least one [[experiment]]"};
  std::set<std::string> names;
  for (const toml::node& element : *list) {
    const toml::table* node = element.as_table();
    if (node == nullptr) throw Wrong{TomlTable::line_of(element), "expected [[experiment]]"};
    Experiment experiment = defaults;
    read_experiment(*node, experiment);
    experiment.file = path;
    if (experiment.name.empty()) throw Wrong{experiment.line, "an experiment needs a name"};
    if (!names.insert(experiment.name).second) {
      throw Wrong{experiment.line, "a second experiment '" + experiment.name + "'"};
    }
    campaign.experiments.push_back(std::move(experiment));
  }
  return campaign;
}

}  // namespace

std::string_view name_of(Expected expected) {
  constexpr std::array<std::string_view, 3> names{"pass", "violation", "no-progress"};
  return names[static_cast<std::size_t>(expected)];
}

Result<Campaign> read_campaign(const std::string& path) {
  Campaign campaign;
  auto status =
      read_toml(path, [&](const toml::table& root) { campaign = campaign_of(root, path); });
  if (!status.ok()) return status.error();
  return campaign;
}

Result<std::vector<std::string>> campaign_files(const std::string& path) {
  if (!std::filesystem::is_directory(path)) return std::vector<std::string>{path};
  std::vector<std::string> files;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(path, failure)) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path().string());
  }
  if (failure) return Error{ErrorKind::no_input, path + ": " + failure.message()};
  std::sort(files.begin(), files.end());
  if (files.empty()) return Error{ErrorKind::no_input, path + ": no campaign file (*.toml) here"};
  return files;
}

}  // namespace assay::cli
