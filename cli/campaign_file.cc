#include "cli/campaign_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "cli/history_input.h"
#include "cli/measures.h"
#include "targets/reference/sim/study.h"

namespace assay::cli {
namespace {

/// What is wrong in the file, thrown past the layers of tables and caught by read_campaign.
struct Wrong {
  std::uint32_t line;
  std::string what;
};

std::string text_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "yes" : "no";
  throw Wrong{node.source().begin.line, "expected a text or a number"};
}

/// A table whose keys are all known.
class Table {
 public:
  Table(const toml::table& table, std::span<const std::string_view> known) : table_(table) {
    for (const auto& [key, node] : table) {
      if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
      throw Wrong{key.source().begin.line,
                  fmt::format("unknown key '{}'; known: {}", key.str(), fmt::join(known, ", "))};
    }
  }

  const toml::node* find(std::string_view key) const { return table_.get(key); }

  void read(std::string_view key, std::string& into) const {
    if (const toml::node* node = find(key)) into = text_of(*node);
  }
  void read(std::string_view key, std::vector<std::string>& into) const {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    into.clear();
    if (const auto* list = node->as_array()) {
      for (const toml::node& element : *list) into.push_back(text_of(element));
    } else {
      into.push_back(text_of(*node));
    }
  }
  void read(std::string_view key, std::map<std::string, std::string>& into) const {
    const toml::table* table = table_at(key);
    if (table == nullptr) return;
    for (const auto& [name, node] : *table) into[std::string(name.str())] = text_of(node);
  }
  void read(std::string_view key, Nanos& into) const {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto duration = parse_duration(text_of(*node));
    if (!duration.ok()) throw Wrong{line_of(*node), duration.error().message};
    into = *duration;
  }
  template <class Number>
  void read_number(std::string_view key, Number low, Number high, Number& into) const {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto number = node->value_exact<std::int64_t>();
    if (!number || *number < static_cast<std::int64_t>(low) ||
        *number > static_cast<std::int64_t>(high)) {
      throw Wrong{line_of(*node),
                  fmt::format("{}: expected a whole number from {} to {}", key, low, high)};
    }
    into = static_cast<Number>(*number);
  }
  template <class T>
  void read(std::string_view key, std::optional<T>& into) const {
    if (find(key) == nullptr) return;
    T value{};
    read(key, value);
    into = std::move(value);
  }
  const toml::table* table_at(std::string_view key) const {
    const toml::node* node = find(key);
    if (node == nullptr) return nullptr;
    if (const toml::table* table = node->as_table()) return table;
    throw Wrong{line_of(*node), fmt::format("{}: expected a table", key)};
  }
  static std::uint32_t line_of(const toml::node& node) { return node.source().begin.line; }

 private:
  const toml::table& table_;
};

void read_execution(const Table& parent, std::string_view key, Execution& execution) {
  static constexpr std::array<std::string_view, 5> known{"seeds", "time-limit", "nemesis",
                                                         "nemesis-interval", "rate"};
  const toml::node* node = parent.find(key);
  if (node == nullptr) return;
  if (const auto* flag = node->as_boolean()) {
    execution.wanted = flag->get();
    return;
  }
  const Table table(*parent.table_at(key), known);
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
                  fmt::format("unknown measure '{}'; known: {}", name, fmt::join(names, ", "))};
    }
    const toml::table* table = node.as_table();
    if (table == nullptr) throw Wrong{key.source().begin.line, "expected { above = …, below = … }"};
    const Table entries(*table, known);
    MeasureBound bound{name, {}, {}};
    for (const auto& [side, into] :
         {std::pair{known[0], &bound.above}, std::pair{known[1], &bound.below}}) {
      const toml::node* limit = entries.find(side);
      if (limit == nullptr) continue;
      *into = limit->value<double>();
      if (!into->has_value()) throw Wrong{Table::line_of(*limit), "expected a number"};
    }
    bounds.push_back(std::move(bound));
  }
  return bounds;
}

void read_expectation(const Table& table, Experiment& experiment) {
  static constexpr std::array<std::string_view, 3> known{"verdict", "anomalies", "measures"};
  const toml::table* node = table.table_at("expect");
  if (node == nullptr) return;
  const Table expect(*node, known);
  std::string verdict = "pass";
  expect.read("verdict", verdict);
  bool found = false;
  for (const Expected each : {Expected::pass, Expected::violation, Expected::no_progress}) {
    if (verdict != name_of(each)) continue;
    experiment.expected = each;
    found = true;
  }
  if (!found) {
    throw Wrong{Table::line_of(*expect.find("verdict")),
                "verdict: expected pass, violation or no-progress, got '" + verdict + "'"};
  }
  expect.read("anomalies", experiment.anomalies);
  if (const toml::table* measures = expect.table_at("measures")) {
    experiment.measures = read_measures(*measures, measure_names_of(experiment));
  }
}

constexpr std::array<std::string_view, 23> experiment_keys{
    "name",  "claim",   "source",           "target",     "options", "bugs",
    "model", "nemesis", "nemesis-interval", "workload",   "rate",    "workload-options",
    "nodes", "seed",    "concurrency",      "time-limit", "seeds",   "expect",
    "sim",   "lab",     "protocol",         "weather"};

void read_study(const Table& table, Experiment& experiment) {
  table.read("study", experiment.study);
  if (experiment.study.empty()) return;
  experiment.options.erase("protocol");  // the campaign's default
  if (reference::find_study(experiment.study) != nullptr) return;
  std::vector<std::string_view> names;
  for (const auto& study : reference::studies()) names.push_back(study.name);
  throw Wrong{Table::line_of(*table.find("study")),
              fmt::format("study: expected {}, got '{}'", fmt::join(names, " or "),
                          experiment.study)};
}

void read_experiment(const toml::table& node, Experiment& experiment) {
  const Table table(node, experiment_keys);
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
    throw Wrong{Table::line_of(*table.find("weather")), "weather: expected calm or drawn"};
  }
  table.read("time-limit", experiment.time_limit);
  table.read_number<std::size_t>("nodes", 1, 9, experiment.nodes);
  table.read_number<int>("concurrency", 1, 1000, experiment.concurrency);
  table.read_number<std::uint64_t>("seed", 0, 1'000'000'000, experiment.seed);
  table.read_number<std::uint64_t>("seeds", 1, 1'000'000, experiment.seeds);
  read_study(table, experiment);
  read_expectation(table, experiment);
  read_execution(table, "sim", experiment.sim);
  read_execution(table, "lab", experiment.lab);
  if (!experiment.study.empty()) experiment.lab.wanted = false;
}

Campaign campaign_of(const toml::table& root, const std::string& path) {
  static constexpr std::array<std::string_view, 5> known{"schema", "name", "about", "defaults",
                                                         "experiment"};
  const Table table(root, known);
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
    if (node == nullptr) throw Wrong{Table::line_of(element), "expected [[experiment]]"};
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
  const auto text = read_text(path);
  if (!text.ok()) return text.error();
  try {
    return campaign_of(toml::parse(*text, path), path);
  } catch (const toml::parse_error& error) {
    return Error{ErrorKind::bad_data,
                 fmt::format("{}:{}: {}", path, error.source().begin.line, error.description())};
  } catch (const Wrong& wrong) {
    return Error{ErrorKind::bad_data, fmt::format("{}:{}: {}", path, wrong.line, wrong.what)};
  }
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
