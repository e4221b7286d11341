#include "cli/diff.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/judgement.h"
#include "cli/origin.h"
#include "harness/run_record.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;

/// The folder itself and not a link to it: `latest` will soon be another run.
std::string own_name(const std::string& path) {
  fs::path folder(path);
  if (!folder.has_filename()) folder = folder.parent_path();  // "runs/latest/"
  std::error_code failure;
  if (!fs::is_symlink(folder, failure)) return folder.string();
  const fs::path target = fs::read_symlink(folder, failure);
  return failure ? folder.string() : (folder.parent_path() / target).lexically_normal().string();
}

/// What the run's own files say; nothing if it was not judged yet.
bool read_judgement(DiffSide& side, RunRecord& record) {
  const fs::path folder(side.name);
  auto stored = read_run_record(folder.parent_path().string(), folder.filename().string());
  if (!stored.ok() || stored->verdict == unfinished) return false;
  record = *std::move(stored);
  const auto text = read_text(side.name + "/verdict.json");
  if (!text.ok()) return true;
  const auto document = nlohmann::json::parse(*text, nullptr, false);
  if (!document.is_object() || !document.contains("models")) return true;
  for (const auto& [name, verdict] : document["models"].items()) {
    if (verdict.is_string()) side.models[name] = verdict.get<std::string>();
  }
  return true;
}

void add_settings(DiffSide& side, const RunSummary& run, const History& history) {
  side.settings = run.facts;
  // A target tells its options as facts of its own, too: what changed is told once.
  std::erase_if(side.settings, [&](const auto& fact) {
    const auto option = run.facts.find("--" + fact.first);
    return fact.second.empty() || (option != run.facts.end() && option->second == fact.second);
  });
  if (run.target.empty()) {
    side.settings["format"] = history.info().format;
    return;
  }
  side.settings["target"] = run.target;
  side.settings["workload"] = run.workload;
  side.settings["nodes"] = std::to_string(run.nodes.size());
  if (run.has_seed) side.settings["seed"] = std::to_string(run.seed);
  std::string faults;
  for (const std::string& fault : run.faults_planned) faults += (faults.empty() ? "" : ",") + fault;
  side.settings["faults"] = faults;
}

Result<DiffSide> side_of(const std::string& path, const DiffInput& input) {
  DiffSide side;
  side.name = own_name(path);
  const auto origin = origin_of(side.name);
  if (!origin.ok()) return origin.error();
  const auto history = input.input.read(side.name);
  if (!history.ok()) return history.error();
  const std::string& datatype = input.input.options.datatype;
  const bool as_it_was = input.models.empty() && datatype.empty();
  RunRecord record;
  if (!as_it_was || !read_judgement(side, record)) {
    const auto result = origin->judge(*history, input.models, datatype);
    if (!result.ok()) return result.error();
    record = record_of(origin->run, *history, *result);
    for (const ModelVerdict& each : result->models) {
      side.models[each.model] = name_of(each.verdict);
    }
  }
  side.verdict = record.verdict;
  side.model = record.model;
  side.operations = history->size();
  side.latencies = aligned_latencies(*history);
  add_settings(side, origin->run, *history);
  side.findings = record.findings;
  return side;
}

}  // namespace

Result<RunDiff> diff_of_runs(const std::string& a, const std::string& b, const DiffInput& input) {
  auto first = side_of(a, input);
  if (!first.ok()) return first.error();
  auto second = side_of(b, input);
  if (!second.ok()) return second.error();
  return compare_runs(*std::move(first), *std::move(second));
}

}  // namespace assay::cli
