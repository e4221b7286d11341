// assay runs: the store of runs. ls, show, findings, rm, gc.

#include "cli/runs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/command.h"
#include "cli/output.h"
#include "reports/escape.h"
#include "reports/findings.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct RunsFlags {
  std::string store = "runs";
  RunFilter filter;
  std::vector<std::string> runs;
  std::size_t limit = 50;
  bool json = false;
  Collection collection;
};

void print(const Json& document) {
  fmt::print("{}\n", document.dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// For a terminal: nothing hidden, nothing that moves the cursor.
std::string cell(const std::string& text, std::size_t limit) { return clip(visible(text), limit); }

Json json_of(const RunRecord& record) {
  Json json = Json::parse(to_json(record));
  json["folder"] = record.folder;
  return json;
}

Json json_of(const Trend& trend) {
  return {{"runs", trend.runs},
          {"seen", trend.seen},
          {"clean", trend.clean},
          {"clean_needed", trend.needed},
          {"gone", trend.gone()}};
}

Result<int> list(const RunsFlags& flags) {
  auto index = open_store(flags.store);
  if (!index.ok()) return index.error();
  auto records = index->runs(flags.filter);
  if (!records.ok()) return records.error();
  const std::size_t all = records->size();
  if (flags.limit > 0 && all > flags.limit) records->resize(flags.limit);
  if (flags.json) {
    Json rows = Json::array();
    for (const RunRecord& record : *records) rows.push_back(json_of(record));
    print({{"schema", "assay.runs/1"}, {"total", all}, {"runs", std::move(rows)}});
    return 0;
  }
  for (const RunRecord& record : *records) {
    fmt::print("{:10} {:20} {:40} {:14} {:>9} ops  {}\n", cell(record.verdict, 10),
               cell(record.started, 20), cell(system_of(record), 40), cell(record.workload, 14),
               record.operations, cell(record.folder, 200));
  }
  if (records->size() < all) {
    fmt::print("… and {} older runs; --limit 0 lists all\n", all - records->size());
  }
  if (all == 0) fmt::print(stderr, "assay: no run of that kind in '{}'\n", flags.store);
  return 0;
}

Result<int> show(const RunsFlags& flags) {
  Json documents = Json::array();
  for (const std::string& run : flags.runs) {
    const auto folder = folder_in_store(flags.store, run);
    if (!folder.ok()) return folder.error();
    const auto record = read_run_record(flags.store, *folder);
    if (!record.ok()) return record.error();
    if (flags.json) {
      documents.push_back(json_of(*record));
      continue;
    }
    const auto line = [](const char* name, const std::string& value) {
      if (!value.empty()) fmt::print("{:14} {}\n", name, cell(value, 500));
    };
    line("run", flags.store + "/" + record->folder);
    line("verdict", record->verdict);
    line("because", record->unknown_because);
    line("model", record->model);
    line("target", system_of(*record));
    line("workload", record->workload);
    line("faults", fmt::format("{}", fmt::join(record->faults, ", ")));
    line("started", record->started);
    line("campaign", record->campaign);
    line("experiment", record->experiment);
    for (const Finding& finding : record->findings) {
      fmt::print("{:14} {} {} of {} ({}): {}\n", "finding", cell(finding.fingerprint, 12),
                 cell(finding.type, 60), cell(finding.model, 60), finding.count,
                 cell(finding.claim, 300));
    }
    for (const auto& [name, value] : record->measures) {
      fmt::print("{:14} {} {:.6g}\n", "measure", cell(name, 60), value);
    }
    for (const auto& [fault, count] : record->in_flight) {
      fmt::print("{:14} {} operations in flight under {}\n", "fault", count, cell(fault, 60));
    }
    line("repeat", record->command);
  }
  if (flags.json) print(documents.size() == 1 ? documents.front() : documents);
  return 0;
}

Result<int> findings(const RunsFlags& flags) {
  auto index = open_store(flags.store);
  if (!index.ok()) return index.error();
  // How often a finding comes is a share of all runs of its kind, not of those that show it.
  RunFilter filter = flags.filter;
  filter.verdict.clear();
  filter.fingerprint.clear();
  const auto records = index->runs(filter);
  if (!records.ok()) return records.error();
  Json rows = Json::array();
  for (const FindingOverRuns& each : findings_over(*records)) {
    const Finding& finding = each.finding;
    const std::string& wanted = flags.filter.fingerprint;
    if (!wanted.empty() && wanted != finding.fingerprint && wanted != finding.family) continue;
    if (flags.json) {
      rows.push_back({{"fingerprint", finding.fingerprint},
                      {"family", finding.family},
                      {"type", finding.type},
                      {"model", finding.model},
                      {"shape", finding.shape},
                      {"claim", finding.claim},
                      {"target", each.newest.target},
                      {"configuration", each.newest.configuration},
                      {"workload", each.newest.workload},
                      {"newest", each.newest.folder},
                      {"command", each.newest.command},
                      {"trend", json_of(each.trend)}});
      continue;
    }
    fmt::print("{} {} violates {}: {}, {}\n    {}\n    {}\n    {}/{}\n",
               cell(finding.fingerprint, 12), cell(finding.type, 60), cell(finding.model, 60),
               cell(system_of(each.newest), 120), cell(each.newest.workload, 40),
               words_of(each.trend), cell(finding.claim, 300), flags.store,
               cell(each.newest.folder, 200));
  }
  if (flags.json) print({{"schema", "assay.findings/1"}, {"findings", std::move(rows)}});
  return 0;
}

Result<int> remove(const RunsFlags& flags) {
  std::vector<std::string> folders;
  for (const std::string& run : flags.runs) {
    auto folder = folder_in_store(flags.store, run);
    if (!folder.ok()) return folder.error();
    folders.push_back(*std::move(folder));
  }
  for (const std::string& folder : folders) {
    if (auto status = remove_run(flags.store, folder); !status.ok()) return status.error();
    if (!flags.json) fmt::print("removed {}\n", cell(folder, 200));
  }
  if (flags.json) print({{"schema", "assay.removed/1"}, {"removed", folders}});
  return 0;
}

CLI::App* define(CLI::App& app, const char* name, const char* summary, RunsFlags& flags) {
  CLI::App* sub = app.add_subcommand(name, summary);
  sub->add_option("--store", flags.store, "folder of the runs")->capture_default_str();
  sub->add_flag("--json", flags.json, "a JSON document on standard output");
  return sub;
}

void define_filter(CLI::App& app, RunFilter& filter) {
  app.add_option("--target", filter.target, "only runs of this target");
  app.add_option("--workload", filter.workload, "only runs of this workload");
  app.add_option("--campaign", filter.campaign, "only runs of this campaign");
  app.add_option("--finding", filter.fingerprint, "only this fingerprint, or this family of them");
}

}  // namespace

Result<RunIndex> open_store(const std::string& store) {
  auto index = RunIndex::open(store);
  if (!index.ok()) return index;
  for (const std::string& note : index->notes()) {
    fmt::print(stderr, "assay: note: left out: {}\n", visible(note));
  }
  return index;
}

Result<std::string> folder_in_store(const std::string& store, const std::string& run) {
  std::error_code failure;
  for (const fs::path& path : {fs::path(store) / run, fs::path(run)}) {
    if (!fs::exists(path / "plan.json", failure)) continue;
    const fs::path folder = fs::canonical(path, failure);
    const fs::path root = fs::canonical(store, failure);
    const std::string below = folder.lexically_relative(root).string();
    if (!failure && !below.empty() && !below.starts_with("..")) return below;
  }
  return Error{ErrorKind::no_input,
               fmt::format("no run '{}' in the store '{}'; see `assay runs ls`", run, store)};
}

Action define_runs(CLI::App& app) {
  auto flags = std::make_shared<RunsFlags>();
  auto action = std::make_shared<Action>();
  app.require_subcommand(1);
  const auto on = [&](CLI::App* sub, Result<int> (*what)(const RunsFlags&)) {
    sub->callback([flags, action, what] { *action = [flags, what] { return what(*flags); }; });
  };
  CLI::App* sub = define(app, "ls", "list runs, the newest first", *flags);
  define_filter(*sub, flags->filter);
  sub->add_option("--verdict", flags->filter.verdict, "only runs of this verdict")
      ->check(CLI::IsMember({"pass", "violation", "unknown", unfinished}));
  sub->add_option("--limit", flags->limit, "at most so many; 0: all")->capture_default_str();
  on(sub, list);
  sub = define(app, "show", "what is known of a run", *flags);
  sub->add_option("RUN", flags->runs, "its folder, or latest")->required();
  on(sub, show);
  sub = define(app, "findings", "what the runs show, by fingerprint, and how often", *flags);
  define_filter(*sub, flags->filter);
  on(sub, findings);
  sub = define(app, "rm", "remove runs", *flags);
  sub->add_option("RUN", flags->runs, "its folder, or latest")->required();
  on(sub, remove);
  sub = define(app, "gc", "remove runs that are old or too many; keeps those with violations",
               *flags);
  Collection& collection = flags->collection;
  sub->add_option("--older-than", collection.older_than, "runs that began longer ago, e.g. 720h");
  sub->add_option("--keep", collection.keep,
                  "so many of each target, configuration and workload: the newest");
  sub->add_option("--max-size", collection.max_size,
                  "the oldest, until the store is below, e.g. 5GiB");
  sub->add_flag("--violations", collection.violations, "those that show a violation too");
  sub->add_flag("--dry-run", collection.dry, "only say what would be removed");
  sub->footer(
      "What was killed more than an hour ago and never got a verdict is removed in any case.");
  on(sub, [](const RunsFlags& all) {
    Collection wanted = all.collection;
    wanted.store = all.store;
    wanted.json = all.json;
    return collect_runs(wanted);
  });
  return [action] { return (*action)(); };
}

}  // namespace assay::cli
