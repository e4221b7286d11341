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

#include "base/suggestion.h"
#include "cli/campaign_matrix.h"
#include "cli/history_input.h"
#include "cli/toml_table.h"
#include "reports/measures.h"
#include "targets/reference/sim/study.h"

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

/// The names of what an experiment can be held against.
std::vector<std::string> measure_names_of(const Experiment& experiment) {
  const reference::StudyEntry* study = reference::find_study(experiment.study);
  if (study == nullptr) return measure_names();
  std::vector<std::string> names;
  for (const auto& measure : study->measures) names.emplace_back(measure.name);
  return names;
}

std::vector<MeasureBound> read_measures(const toml::table& measures,
                                        const std::vector<std::string>& names) {
  static constexpr std::array<std::string_view, 2> known{"above", "below"};
  std::vector<MeasureBound> bounds;
  for (const auto& [key, node] : measures) {
    const std::string name(key.str());
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw Wrong{key.source().begin.line,
                  fmt::format("unknown measure '{}'{}; known: {}", name, did_you_mean(name, names),
                              fmt::join(names, ", "))};
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

void read_verdict(const TomlTable& expect, Experiment& experiment) {
  if (expect.find("verdict") == nullptr) return;
  std::string verdict;
  expect.read("verdict", verdict);
  bool found = false;
  for (const Expected each : {Expected::pass, Expected::violation, Expected::no_progress}) {
    if (verdict != name_of(each) || !experiment.study.empty()) continue;
    experiment.expected = each;
    found = true;
  }
  if (found) return;
  throw Wrong{TomlTable::line_of(*expect.find("verdict")),
              experiment.study.empty()
                  ? "verdict: expected pass, violation or no-progress, got '" + verdict + "'"
                  : "verdict: a study has measures alone"};
}

void read_expectation(const TomlTable& table, Experiment& experiment) {
  static constexpr std::array<std::string_view, 5> known{"verdict", "anomalies", "witness", "holds",
                                                         "measures"};
  const toml::table* node = table.table_at("expect");
  if (node == nullptr) return;
  const TomlTable expect(*node, known);
  read_verdict(expect, experiment);
  expect.read("anomalies", experiment.anomalies);
  expect.read_number<std::uint64_t>("witness", 1, 1'000'000, experiment.witness);
  expect.read("holds", experiment.holds);
  if (const toml::table* measures = expect.table_at("measures")) {
    experiment.measures = read_measures(*measures, measure_names_of(experiment));
  }
}

constexpr std::array<std::string_view, 24> experiment_keys{
    "name",  "claim",   "source",           "target",     "options", "bugs",
    "model", "nemesis", "nemesis-interval", "workload",   "rate",    "workload-options",
    "nodes", "seed",    "concurrency",      "time-limit", "seeds",   "expect",
    "sim",   "lab",     "protocol",         "weather",    "study",   "suite"};

void read_study(const TomlTable& table, Experiment& experiment) {
  table.read("study", experiment.study);
  if (experiment.study.empty()) return;
  experiment.options.erase("protocol");  // the campaign's default
  if (reference::find_study(experiment.study) != nullptr) return;
  std::vector<std::string_view> names;
  for (const auto& study : reference::studies()) names.push_back(study.name);
  throw Wrong{
      TomlTable::line_of(*table.find("study")),
      fmt::format("study: expected {}, got '{}'", fmt::join(names, " or "), experiment.study)};
}

Keep keep_named(const TomlTable& table, std::string_view key, Keep fallback) {
  static constexpr std::array<std::string_view, 4> names{"nothing", "summary", "history", "all"};
  std::string name;
  table.read(key, name);
  if (name.empty()) return fallback;
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) {
    throw Wrong{TomlTable::line_of(*table.find(key)),
                fmt::format("{}: expected one of {}, got '{}'", key, fmt::join(names, ", "), name)};
  }
  return static_cast<Keep>(at - names.begin());
}

/// What holds for all runs of the file, into the campaign and the experiment that all begin with.
void read_frame(const TomlTable& table, const std::string& path, Campaign& campaign,
                Experiment& defaults) {
  static constexpr std::array<std::string_view, 4> budget_keys{"time", "runs", "check-time",
                                                               "retries"};
  static constexpr std::array<std::string_view, 2> retain_keys{"passing", "failing"};
  static constexpr std::array<std::string_view, 2> gate_keys{"policy", "baseline"};
  if (const toml::table* node = table.table_at("budget")) {
    const TomlTable budget(*node, budget_keys);
    budget.read("time", campaign.budget.time);
    if (budget.find("runs") != nullptr) {
      std::uint64_t runs = 0;
      budget.read_number<std::uint64_t>("runs", 1, 1'000'000'000, runs);
      campaign.budget.runs = runs;
    }
    budget.read("check-time", defaults.check_timeout);
    budget.read_number<std::uint64_t>("retries", 0, 100, defaults.retries);
  }
  if (const toml::table* node = table.table_at("retain")) {
    const TomlTable retain(*node, retain_keys);
    campaign.retains = true;
    defaults.retention.passing = keep_named(retain, "passing", defaults.retention.passing);
    defaults.retention.failing = keep_named(retain, "failing", defaults.retention.failing);
  }
  if (const toml::table* node = table.table_at("gate")) {
    const TomlTable gate(*node, gate_keys);
    gate.read("policy", campaign.policy);
    gate.read("baseline", campaign.baseline);
    // They stand beside the campaign, wherever it is run from.
    for (std::string* file : {&campaign.policy, &campaign.baseline}) {
      if (file->empty()) continue;
      *file = (std::filesystem::path(path).parent_path() / *file).lexically_normal().string();
    }
  }
}

}  // namespace

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
  table.read("suite", experiment.suite);
  table.read_number<int>("concurrency", 1, 1000, experiment.concurrency);
  table.read_number<std::uint64_t>("seed", 0, 1'000'000'000, experiment.seed);
  table.read_number<std::uint64_t>("seeds", 1, 1'000'000, experiment.seeds);
  read_study(table, experiment);
  read_expectation(table, experiment);
  read_execution(table, "sim", experiment.sim);
  read_execution(table, "lab", experiment.lab);
  if (experiment.study.empty()) return;
  experiment.lab.wanted = false;
  experiment.expected = Expected::measured;
}

namespace {

Campaign campaign_of(const toml::table& root, const std::string& path) {
  static constexpr std::array<std::string_view, 10> known{
      "schema", "name",   "about",  "defaults", "experiment",
      "matrix", "canary", "budget", "retain",   "gate"};
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
  read_frame(table, path, campaign, defaults);
  if (const toml::table* node = table.table_at("defaults")) read_experiment(*node, defaults);
  for (const std::string_view kind : {"experiment", "canary"}) {
    const toml::node* entries = table.find(kind);
    if (entries == nullptr) continue;
    const toml::array* list = entries->as_array();
    if (list == nullptr) {
      throw Wrong{TomlTable::line_of(*entries), fmt::format("expected [[{}]]", kind)};
    }
    for (const toml::node& element : *list) {
      const toml::table* node = element.as_table();
      if (node == nullptr) {
        throw Wrong{TomlTable::line_of(element), fmt::format("expected [[{}]]", kind)};
      }
      Experiment experiment = defaults;
      if (kind == "canary") experiment.expected = Expected::violation;
      read_experiment(*node, experiment);
      if (kind == "canary" && experiment.expected == Expected::pass) {
        throw Wrong{experiment.line, "a canary must fail: verdict pass belongs to an experiment"};
      }
      campaign.experiments.push_back(std::move(experiment));
    }
  }
  if (const toml::table* node = table.table_at("matrix")) {
    for (Experiment& experiment : expand_matrix(*node, defaults)) {
      campaign.experiments.push_back(std::move(experiment));
    }
  }
  if (campaign.experiments.empty()) {
    throw Wrong{1, "expected at least one [[experiment]], [[canary]] or [matrix]"};
  }
  std::set<std::string> names;
  for (Experiment& experiment : campaign.experiments) {
    experiment.file = path;
    if (experiment.name.empty()) throw Wrong{experiment.line, "an experiment needs a name"};
    for (const std::string& model : experiment.holds) {
      if (std::find(experiment.models.begin(), experiment.models.end(), model) ==
          experiment.models.end()) {
        throw Wrong{experiment.line,
                    "holds: '" + model + "' is not checked; expected it among `model = […]`"};
      }
    }
    if (!experiment.study.empty() && experiment.measures.empty()) {
      throw Wrong{experiment.line, "a study shows nothing without expect = { measures = … }"};
    }
    if (!names.insert(experiment.name).second) {
      throw Wrong{experiment.line, "a second experiment '" + experiment.name + "'"};
    }
  }
  return campaign;
}

}  // namespace

std::string_view name_of(Expected expected) {
  constexpr std::array<std::string_view, 4> names{"pass", "violation", "no-progress", "measured"};
  return names[static_cast<std::size_t>(expected)];
}

Result<Campaign> read_campaign(const std::string& path) {
  Campaign campaign;
  auto status =
      read_toml(path, [&](const toml::table& root) { campaign = campaign_of(root, path); });
  if (!status.ok()) return status.error();
  auto text = read_text(path);
  if (!text.ok()) return text.error();
  campaign.text = *std::move(text);
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
