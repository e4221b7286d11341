// assay campaign FILE|FOLDER: many runs from a file, and whether each experiment came out as it
// must.

#include "reports/campaign.h"

#include <fmt/color.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executable.h"
#include "cli/campaign_file.h"
#include "cli/campaign_repeats.h"
#include "cli/campaign_runner.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/run_lab.h"
#include "harness/run_store.h"
#include "reports/escape.h"
#include "reports/gate/outputs.h"
#include "reports/words.h"

namespace assay::cli {
namespace {

struct CampaignFlags {
  std::string path;
  bool sim = false;
  bool dry = false;
  bool json = false;
  bool stored = false;  ///< --store was given
  int repeats = 1;
  std::string shard = "1/1";
  std::string budget;
  std::string html;
  CampaignOptions options;
};

nlohmann::ordered_json json_of(const CampaignRow& row) {
  nlohmann::ordered_json measures = nlohmann::ordered_json::object();
  for (const auto& [name, value] : row.measures) measures[name] = value;
  return {{"name", row.name},
          {"claim", row.claim},
          {"source", row.source},
          {"experiment", row.experiment},
          {"expected", row.expected},
          {"verdict", row.verdict},
          {"anomaly", row.anomaly},
          {"witness", row.witness},
          {"as_expected", row.as_expected},
          {"runs", row.runs},
          {"elapsed_s", row.seconds},
          {"measures", measures},
          {"because", row.because},
          {"command", row.command}};
}

void print(const CampaignRow& row) {
  const bool color = color_wanted();
  const std::string mark = row.as_expected ? "as expected" : "NOT AS EXPECTED";
  const auto tone =
      fmt::fg(row.as_expected ? fmt::terminal_color::green : fmt::terminal_color::red);
  // The conclusion first: what follows it may be long, and would push it out of its column.
  if (color) {
    fmt::print(tone, "{:15}", mark);
  } else {
    fmt::print("{:15}", mark);
  }
  fmt::print("  {:34}  {}; {}, {:.1f} s", visible(row.name), visible(row.verdict),
             counted(row.runs, "run"), row.seconds);
  for (const auto& [name, value] : row.measures) fmt::print(", {} {:.3g}", name, value);
  fmt::print("\n");
  if (!row.as_expected) {
    fmt::print("    expected {}{}{}\n    {}\n", visible(row.expected),
               row.because.empty() ? "" : "; ", gate::plain_line(row.because),
               visible(row.command));
  }
  std::fflush(stdout);
}

Result<std::vector<Campaign>> campaigns_of(const std::string& path) {
  auto files = campaign_files(path);
  if (!files.ok()) return files.error();
  std::vector<Campaign> campaigns;
  for (const std::string& file : *files) {
    auto campaign = read_campaign(file);
    if (!campaign.ok()) return campaign.error();
    campaigns.push_back(*std::move(campaign));
  }
  return campaigns;
}

/// Whether some experiment can be carried out in the simulated world.
bool any_simulated(const std::vector<Campaign>& campaigns) {
  return std::any_of(campaigns.begin(), campaigns.end(), [](const Campaign& campaign) {
    return std::any_of(campaign.experiments.begin(), campaign.experiments.end(),
                       [](const Experiment& experiment) { return experiment.sim.wanted; });
  });
}

/// The flags, and what the files say where the flags say nothing.
Result<CampaignOptions> options_of(const CampaignFlags& flags,
                                   const std::vector<Campaign>& campaigns) {
  CampaignOptions options = flags.options;
  if (flags.sim && options.lab) {
    return Error{ErrorKind::usage, "--sim and --lab exclude each other"};
  }
  options.lab |= !flags.sim && !any_simulated(campaigns);
  options.name = campaigns.size() == 1 ? campaigns.front().name : flags.path;
  auto shard = parse_shard(flags.shard);
  if (!shard.ok()) return shard.error();
  options.shard = *shard;
  for (const Campaign& campaign : campaigns) {
    const Budget& budget = campaign.budget;
    if (budget.time)
      options.budget.time = std::min(*budget.time, options.budget.time.value_or(*budget.time));
    if (budget.runs)
      options.budget.runs = std::min(*budget.runs, options.budget.runs.value_or(*budget.runs));
    options.record |= campaign.retains;
  }
  if (!flags.budget.empty()) {
    auto time = parse_duration(flags.budget);
    if (!time.ok()) return time.error().in("--budget");
    options.budget.time = *time;
  }
  options.record |= options.lab || options.resume || flags.stored;
  return options;
}

/// What would be run, and what it would cost.
void print_plan(const std::vector<Campaign>& campaigns, const CampaignOptions& options) {
  const auto runs = planned_runs(campaigns, options);
  for (const Campaign& campaign : campaigns) {
    for (const Experiment& experiment : campaign.experiments) {
      const auto count = std::count_if(runs.begin(), runs.end(), [&](const PlannedRun& run) {
        return run.experiment == &experiment;
      });
      if (count == 0) continue;
      fmt::print("{:34} {:>5} runs  {}{}\n", visible(experiment.name), count,
                 visible(words_of(experiment)),
                 experiment.expected == Expected::pass
                     ? ""
                     : fmt::format("; must show {}", name_of(experiment.expected)));
    }
  }
  fmt::print("{} runs at most, {} of {}", runs.size(), format_duration(time_of(runs, options.lab)),
             options.lab ? "workload, one after the other" : "virtual time");
  if (options.budget.time) {
    fmt::print("; budget {}", format_duration(*options.budget.time));
  }
  if (options.budget.runs) fmt::print("; budget {} runs", *options.budget.runs);
  fmt::print("\n");
}

Status print_outcome(const CampaignFlags& flags, const CampaignOutcome& outcome) {
  std::size_t rows = 0;
  std::size_t expected = 0;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const CampaignSection& section : outcome.summary.sections) {
    for (const CampaignRow& row : section.rows) {
      ++rows;
      expected += row.as_expected ? 1 : 0;
      list.push_back(json_of(row));
    }
  }
  if (!flags.html.empty()) {
    auto status = write_file(flags.html, render_campaign_html(outcome.summary));
    if (!status.ok()) return status;
  }
  if (flags.json) {
    const nlohmann::ordered_json document{{"schema", "assay.campaign-result/1"},
                                          {"executor", outcome.summary.executor},
                                          {"as_expected", expected},
                                          {"total", rows},
                                          {"elapsed_s", outcome.summary.seconds},
                                          {"folder", outcome.folder},
                                          {"experiments", list}};
    using Dump = nlohmann::ordered_json::error_handler_t;
    fmt::print("{}\n", document.dump(-1, ' ', false, Dump::replace));
    return {};
  }
  if (flags.repeats > 1) fmt::print("\n{}\n", repeats_text(outcome.summary));
  fmt::print("{} of {} as expected, {:.1f} s of runs{}\n", expected, rows, outcome.summary.seconds,
             flags.html.empty() ? "" : "; page: " + flags.html);
  if (!outcome.folder.empty()) {
    fmt::print("campaign: {}\n", outcome.folder);
  }
  return {};
}

Result<int> run_campaign(const CampaignFlags& flags) {
  auto campaigns = campaigns_of(flags.path);
  if (!campaigns.ok()) return campaigns.error();
  repeat(*campaigns, flags.repeats);
  const auto options = options_of(flags, *campaigns);
  if (!options.ok()) return options.error();
  if (flags.dry) {
    print_plan(*campaigns, *options);
    return 0;
  }
  const bool finds_lab_up = !options->lab || lab_is_up();
  const auto outcome = carry_out(*campaigns, *options, [&](const CampaignRow& row) {
    if (!flags.json) print(row);
  });
  // Its runs leave the lab up for each other.
  if (!finds_lab_up && lab_is_up()) {
    const auto status = take_lab_down();
    if (!status.ok()) fmt::print(stderr, "{}\n", visible(status.error().message));
  }
  if (!outcome.ok()) return outcome.error();
  if (auto status = print_outcome(flags, *outcome); !status.ok()) return status.error();
  return outcome->exit_code;
}

}  // namespace

Action define_campaign(CLI::App& app) {
  auto flags = std::make_shared<CampaignFlags>();
  CampaignOptions& options = flags->options;
  app.add_option("PATH", flags->path, "a campaign file, or a folder of them")->required();
  app.add_flag("--sim", flags->sim,
               "in the simulated world (the default where anything can be simulated)");
  app.add_flag("--lab", options.lab, "on real processes, over SSH");
  app.add_option("--select", options.select,
                 "only experiments whose name holds this text; several: comma separated")
      ->delimiter(',');
  constexpr int repeats_max = 100;
  app.add_option("--repeat", flags->repeats,
                 "each experiment so many times, with other seeds: as expected every time")
      ->check(CLI::Range(1, repeats_max))
      ->capture_default_str();
  app.add_option("--shard", flags->shard, "this part of the runs, i/n: every n-th from the i-th")
      ->capture_default_str();
  app.add_option("--budget", flags->budget,
                 "no run begins after this time, e.g. 25m; default: the file's");
  app.add_flag("--resume", options.resume,
               "go on with the newest campaign of this name in the store: nothing is run twice");
  app.add_flag("--dry-run", flags->dry, "print what would be run, and how long it would take");
  app.add_option("--html", flags->html, "file for a page with the table");
  CLI::Option* store =
      app.add_option("--store", options.execution.store,
                     "folder of the runs; simulations are kept if it is given, or if the file has "
                     "[retain]")
          ->default_str("runs")
          ->default_val("runs");
  app.add_option("-j,--jobs", options.execution.jobs, "simulations at a time; default: all cores");
  app.add_flag("--quiet,-q", options.quiet, "no progress");
  app.add_flag("--json", flags->json, "a JSON document on standard output");
  app.footer("Example: assay campaign campaigns/chapter --sim --html chapter.html");
  return [flags, store] {
    flags->stored = store->count() > 0;
    flags->options.execution.program = program_folder() + "/assay";
    return run_campaign(*flags);
  };
}

}  // namespace assay::cli
