// assay explain NAME: what a model, an anomaly, a rule of the gate or an exit code means, from the
// tables that the reports are made of.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "checker/lattice.h"
#include "cli/command.h"
#include "reports/gate/rules.h"
#include "reports/measures.h"

namespace assay::cli {
namespace {

using Names = std::vector<std::string_view>;

struct Explanation {
  std::string name;
  std::string kind;
  std::string summary;
  std::vector<std::pair<std::string, Names>> lists;  ///< "forbidden by": …
};

Names words_in(std::string_view list) {
  Names names;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    if (end > 0) names.push_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return names;
}

std::string_view family_words(ModelFamily family) {
  switch (family) {
    case ModelFamily::object:
      return "model of single operations on objects";
    case ModelFamily::session:
      return "model of what sessions see";
    case ModelFamily::transaction:
      return "isolation level";
    case ModelFamily::log:
      return "model of append-only logs";
    case ModelFamily::visibility:
      return "model of what a growing set shows";
  }
  return "model";
}

Explanation of_model(const ModelInfo& model) {
  Explanation text{std::string(model.name),
                   std::string(family_words(model.family)),
                   std::string(model.summary),
                   {}};
  text.lists.emplace_back("implies directly", words_in(model.implies));
  Names weaker;
  Names stronger;
  for (const ModelInfo& other : model_lattice()) {
    if (other.name == model.name) continue;
    if (implies(model.name, other.name)) weaker.push_back(other.name);
    if (implies(other.name, model.name)) stronger.push_back(other.name);
  }
  text.lists.emplace_back("implies", weaker);
  text.lists.emplace_back("is implied by", stronger);
  Names forbidden;
  for (const AnomalyInfo& anomaly : anomaly_lattice()) {
    const auto refuted = refuted_by(anomaly.name);
    if (std::find(refuted.begin(), refuted.end(), model.name) != refuted.end()) {
      forbidden.push_back(anomaly.name);
    }
  }
  text.lists.emplace_back("forbids", forbidden);
  return text;
}

Explanation of_anomaly(const AnomalyInfo& anomaly) {
  Explanation text{std::string(anomaly.name), "anomaly", std::string(anomaly.summary), {}};
  const Names weakest = words_in(anomaly.refutes);
  text.lists.emplace_back("forbidden first by", weakest);
  const auto refuted = refuted_by(anomaly.name);
  text.lists.emplace_back("forbidden by", Names(refuted.begin(), refuted.end()));
  // Of the same family, the strongest that do not forbid it.
  Names allowing;
  for (const ModelInfo& model : model_lattice()) {
    const bool related = std::any_of(weakest.begin(), weakest.end(), [&](std::string_view name) {
      const ModelInfo* other = find_model(name);
      return other != nullptr && other->family == model.family;
    });
    const auto allows = [&](std::string_view name) {
      return std::find(refuted.begin(), refuted.end(), name) == refuted.end();
    };
    if (!related || !allows(model.name)) continue;
    const bool strongest =
        std::none_of(model_lattice().begin(), model_lattice().end(), [&](const ModelInfo& other) {
          return other.name != model.name && other.family == model.family && allows(other.name) &&
                 implies(other.name, model.name);
        });
    if (strongest) allowing.push_back(model.name);
  }
  text.lists.emplace_back("allowed by, at most", allowing);
  if (weakest.empty()) {
    text.summary += "; which model it refutes depends on the history, and the report names it";
  }
  return text;
}

std::vector<Explanation> explanations() {
  std::vector<Explanation> all;
  for (const ModelInfo& model : model_lattice()) all.push_back(of_model(model));
  for (const AnomalyInfo& anomaly : anomaly_lattice()) all.push_back(of_anomaly(anomaly));
  for (const gate::RuleInfo& rule : gate::rules()) {
    all.push_back({std::string(rule.name),
                   "rule of the gate",
                   fmt::format("{} (exit code {})", rule.summary, rule.exit_code),
                   {}});
  }
  for (const Measure& measure : measures()) {
    all.push_back({std::string(measure.name), "measure", std::string(measure.summary), {}});
  }
  return all;
}

bool alike(char a, char b) {
  return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

/// Case does not matter: people write g-single and SNAPSHOT-ISOLATION.
bool is_named(const Explanation& explanation, const std::string& name) {
  return std::equal(explanation.name.begin(), explanation.name.end(), name.begin(), name.end(),
                    alike);
}

/// Names that hold what was typed, or begin as it does.
std::string suggestions(const std::vector<Explanation>& all, const std::string& name) {
  std::string text;
  const std::string start = name.substr(0, 3);
  for (const Explanation& each : all) {
    const auto& known = each.name;
    const bool holds =
        std::search(known.begin(), known.end(), name.begin(), name.end(), alike) != known.end();
    const bool begins = known.size() >= start.size() &&
                        std::equal(start.begin(), start.end(), known.begin(), alike);
    if (holds || begins) text += (text.empty() ? "" : ", ") + known;
  }
  return text;
}

nlohmann::ordered_json json_of(const Explanation& each) {
  nlohmann::ordered_json json{{"name", each.name}, {"kind", each.kind}, {"summary", each.summary}};
  for (const auto& [what, names] : each.lists) json[what] = names;
  return json;
}

void print(const Explanation& each) {
  fmt::print("{}: {}\n  {}\n", each.name, each.kind, each.summary);
  for (const auto& [what, names] : each.lists) {
    if (names.empty()) continue;
    std::string text;
    for (const std::string_view name : names) text += fmt::format(" {}", name);
    fmt::print("  {}:{}\n", what, text);
  }
}

Result<int> explain(const std::string& name, bool json) {
  const auto all = explanations();
  nlohmann::ordered_json documents = nlohmann::ordered_json::array();
  for (const Explanation& each : all) {
    if (!is_named(each, name)) continue;
    documents.push_back(json_of(each));
    if (!json) print(each);
  }
  if (documents.empty()) {
    const std::string near = suggestions(all, name);
    return Error{ErrorKind::usage,
                 fmt::format("nothing is called '{}'{}; `assay list models` and `assay list "
                             "anomalies` name what there is",
                             name, near.empty() ? "" : "; close to it: " + near)};
  }
  if (json) fmt::print("{}\n", documents.dump());
  return 0;
}

}  // namespace

Action define_explain(CLI::App& app) {
  auto name = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  app.add_option("NAME", *name, "a model, an anomaly, a rule of the gate, or a measure")
      ->required();
  app.add_flag("--json", *json, "a JSON document on standard output");
  app.footer("Example: assay explain G-single-item");
  return [name, json] { return explain(*name, *json); };
}

}  // namespace assay::cli
