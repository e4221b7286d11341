// assay campaign FILE|FOLDER: many experiments from a file, and whether each came out as it must.

#include "reports/campaign.h"

#include <fmt/color.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

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
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/experiment.h"
#include "cli/output.h"
#include "harness/run_store.h"

namespace assay::cli {
namespace {

struct CampaignFlags {
  std::string path;
  bool sim = false;
  bool lab = false;
  bool dry = false;
  bool json = false;
  std::vector<std::string> select;
  std::string html;
  ExperimentOptions options;
};

/// What is run, in a line.
std::string experiment_line(const Experiment& experiment) {
  if (!experiment.study.empty()) {
    std::string text = "study " + experiment.study;
    for (const auto& [name, value] : experiment.options) text += fmt::format(" {}={}", name, value);
    return text;
  }
  std::string text = experiment.target;
  for (const auto& [name, value] : experiment.options) {
    text += name == "protocol" ? " " + value : fmt::format(" {}={}", name, value);
  }
  text += fmt::format(" on {} nodes; {}", experiment.nodes, experiment.workload);
  for (const auto& [name, value] : experiment.workload_options) {
    text += fmt::format(" {}={}", name, value);
  }
  if (!experiment.models.empty()) {
    text += fmt::format(" for {}", fmt::join(experiment.models, ", "));
  }
  if (!experiment.faults.empty()) text += fmt::format("; {}", fmt::join(experiment.faults, ", "));
  if (!experiment.bugs.empty()) text += fmt::format("; bug {}", fmt::join(experiment.bugs, ", "));
  return text;
}

nlohmann::ordered_json json_of(const CampaignRow& row) {
  nlohmann::ordered_json measures = nlohmann::ordered_json::object();
  for (const auto& [name, value] : row.measures) measures[name] = value;
  return {{"name", row.name},
          {"claim", row.claim},
          {"source", row.source},
          {"experiment", row.experiment},
          {"expected", row.expected},
          {"verdict", row.verdict},
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
  fmt::print("{:34} {:44} ", row.name, row.verdict);
  if (color) {
    fmt::print(tone, "{}", mark);
  } else {
    fmt::print("{}", mark);
  }
  fmt::print("  {} runs, {:.1f} s", row.runs, row.seconds);
  for (const auto& [name, value] : row.measures) fmt::print(", {} {:.3g}", name, value);
  fmt::print("\n");
  if (!row.as_expected) {
    fmt::print("    expected {}; {}\n    {}\n", row.expected, row.because, row.command);
  }
  std::fflush(stdout);
}

/// 1 for a violation where none may be, 2 if something stayed unknown, 3 for anything else that is
/// not as expected.
int code_of(const CampaignRow& row) {
  if (row.as_expected) return 0;
  const bool expects_pass = row.expected.starts_with("pass");
  if (expects_pass && row.verdict.starts_with("violation")) return 1;
  return row.verdict.starts_with("unknown") ? 2 : 3;
}

class CampaignRunner {
 public:
  explicit CampaignRunner(const CampaignFlags& flags) : flags_(flags) {
    summary_.executor = flags.lab ? "lab" : "sim";
  }

  Status run(const Campaign& campaign) {
    CampaignSection section{campaign.name, campaign.about, {}};
    for (const Experiment& experiment : campaign.experiments) {
      if (!is_selected(experiment)) continue;
      if (flags_.dry) {
        fmt::print("{:34} {}\n", experiment.name, experiment_line(experiment));
        continue;
      }
      auto row = run(experiment);
      if (!row.ok()) {
        return row.error().in(
            fmt::format("{}:{}: {}", experiment.file, experiment.line, experiment.name));
      }
      if (!flags_.json) print(*row);
      code_ = worse_of(code_, code_of(*row));
      section.rows.push_back(*std::move(row));
    }
    if (!section.rows.empty()) summary_.sections.push_back(std::move(section));
    return {};
  }

  Result<int> finish(const std::string& title) {
    std::size_t rows = 0;
    std::size_t expected = 0;
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const CampaignSection& section : summary_.sections) {
      for (const CampaignRow& row : section.rows) {
        ++rows;
        expected += row.as_expected ? 1 : 0;
        list.push_back(json_of(row));
        summary_.seconds += row.seconds;
      }
    }
    if (flags_.dry) return 0;
    if (rows == 0) {
      return Error{ErrorKind::usage,
                   "no experiment of " + title + " is selected for " + summary_.executor};
    }
    summary_.title = title;
    if (!flags_.html.empty()) {
      auto status = write_file(flags_.html, render_campaign_html(summary_));
      if (!status.ok()) return status.error();
    }
    if (flags_.json) {
      const nlohmann::ordered_json document{{"schema", "assay.campaign-result/1"},
                                            {"executor", summary_.executor},
                                            {"as_expected", expected},
                                            {"total", rows},
                                            {"elapsed_s", summary_.seconds},
                                            {"experiments", list}};
      using Dump = nlohmann::ordered_json::error_handler_t;
      fmt::print("{}\n", document.dump(-1, ' ', false, Dump::replace));
    } else {
      fmt::print("{} of {} as expected, {:.1f} s{}\n", expected, rows, summary_.seconds,
                 flags_.html.empty() ? "" : "; page: " + flags_.html);
    }
    return code_;
  }

 private:
  bool is_selected(const Experiment& experiment) const {
    const Execution& execution = flags_.lab ? experiment.lab : experiment.sim;
    if (!execution.wanted) return false;
    return flags_.select.empty() ||
           std::any_of(flags_.select.begin(), flags_.select.end(), [&](const std::string& text) {
             return experiment.name.find(text) != std::string::npos;
           });
  }

  Result<CampaignRow> run(const Experiment& experiment) const {
    const Nanos start = monotonic_now();
    auto row = !experiment.study.empty() ? run_in_study(experiment)
               : flags_.lab              ? run_in_lab(experiment, flags_.options)
                                         : run_in_sim(experiment, flags_.options);
    if (!row.ok()) return row;
    row->name = experiment.name;
    row->claim = experiment.claim;
    row->source = experiment.source;
    row->experiment = experiment_line(experiment);
    row->seconds = static_cast<double>((monotonic_now() - start).count()) / 1e9;
    return row;
  }

  const CampaignFlags& flags_;
  CampaignSummary summary_;
  int code_ = 0;
};

Result<int> run_campaign(const CampaignFlags& flags) {
  if (flags.sim && flags.lab) {
    return Error{ErrorKind::usage, "--sim and --lab exclude each other"};
  }
  auto files = campaign_files(flags.path);
  if (!files.ok()) return files.error();
  std::vector<Campaign> campaigns;
  for (const std::string& file : *files) {
    auto campaign = read_campaign(file);
    if (!campaign.ok()) return campaign.error();
    campaigns.push_back(*std::move(campaign));
  }
  CampaignRunner runner(flags);
  for (const Campaign& campaign : campaigns) {
    if (auto status = runner.run(campaign); !status.ok()) return status.error();
  }
  const std::string title = campaigns.size() == 1 ? campaigns.front().name : flags.path;
  return runner.finish(title);
}

}  // namespace

Action define_campaign(CLI::App& app) {
  auto flags = std::make_shared<CampaignFlags>();
  app.add_option("PATH", flags->path, "a campaign file, or a folder of them")->required();
  app.add_flag("--sim", flags->sim, "in the simulated world (the default)");
  app.add_flag("--lab", flags->lab, "on real processes, over SSH");
  app.add_option("--select", flags->select,
                 "only experiments whose name holds this text; several: comma separated")
      ->delimiter(',');
  app.add_flag("--dry-run", flags->dry, "print what would be run");
  app.add_option("--html", flags->html, "file for a page with the table");
  app.add_option("--store", flags->options.store, "folder of the lab's runs")
      ->default_str("runs")
      ->default_val("runs");
  app.add_option("-j,--jobs", flags->options.jobs, "simulations at a time; default: all cores");
  app.add_flag("--json", flags->json, "a JSON document on standard output");
  app.footer("Example: assay campaign campaigns/chapter --sim --html chapter.html");
  return [flags] {
    flags->options.program = program_folder() + "/assay";
    return run_campaign(*flags);
  };
}

}  // namespace assay::cli
