#include "cli/campaign_runner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "cli/campaign_ledger.h"
#include "cli/campaign_progress.h"
#include "cli/exit_code.h"
#include "cli/outcome.h"
#include "cli/sim_seeds.h"

namespace assay::cli {
namespace {

const Execution& execution_of(const Experiment& experiment, bool lab) {
  return lab ? experiment.lab : experiment.sim;
}

std::uint64_t runs_of(const Experiment& experiment, bool lab) {
  if (!experiment.study.empty()) return 1;
  return execution_of(experiment, lab).seeds.value_or(lab ? 1 : experiment.seeds);
}

bool is_selected(const Experiment& experiment, const CampaignOptions& options) {
  if (!execution_of(experiment, options.lab).wanted) return false;
  return options.select.empty() ||
         std::any_of(options.select.begin(), options.select.end(), [&](const std::string& text) {
           return experiment.name.find(text) != std::string::npos;
         });
}

/// 1 for a violation where none may be, 69 for runs without a verdict, 2 if something stayed
/// unknown, 4 if nothing was run, 3 for anything else that is not as expected.
int code_of(const CampaignRow& row) {
  if (row.runs == 0) return 4;
  if (row.as_expected) return 0;
  const bool expects_pass = row.expected.starts_with("pass");
  if (expects_pass && row.verdict.starts_with("violation")) return 1;
  if (row.verdict.starts_with(unfinished)) return 69;
  return row.verdict.starts_with("unknown") ? 2 : 3;
}

/// Everything that decides which runs there are and what they do. FNV-1a, 64 bits.
std::string digest_of(const std::vector<Campaign>& campaigns, const CampaignOptions& options) {
  std::string text = fmt::format("{}\n{}/{}", fmt::join(options.select, ","), options.shard.index,
                                 options.shard.count);
  for (const Campaign& campaign : campaigns) text += "\n" + campaign.text;
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return fmt::format("{:016x}", hash);
}

/// An experiment while its runs come in.
struct Tally {
  explicit Tally(const Experiment& experiment) : outcomes(experiment) {}
  Outcomes outcomes;
  std::size_t left = 0;  ///< runs of the plan that have not ended and may still be needed
  double seconds = 0;
};

class Runner {
 public:
  Runner(const std::vector<Campaign>& campaigns, const CampaignOptions& options,
         const std::function<void(const CampaignRow&)>& done)
      : campaigns_(campaigns),
        options_(options),
        done_(done),
        runs_(planned_runs(campaigns, options)),
        progress_(options.quiet),
        start_(monotonic_now()) {}

  Result<CampaignOutcome> run() {
    if (runs_.empty()) {
      return Error{ErrorKind::usage, fmt::format("no experiment of {} is selected for {}",
                                                 options_.name, options_.lab ? "lab" : "sim")};
    }
    for (const PlannedRun& run : runs_) {
      const auto [at, first] = tallies_.try_emplace(run.experiment, *run.experiment);
      if (first) order_.push_back(run.experiment);
      ++at->second.left;
    }
    for (const Experiment* each : order_) progress_.add(*each, tallies_.at(each).left);
    if (options_.record) {
      if (auto status = open_ledger(); !status.ok()) return status.error();
    }
    const int jobs = options_.lab ? 1 : options_.execution.jobs;
    for_each_number(jobs, 0, runs_.size(), [&](std::uint64_t number) { return step(number); });
    if (failure_) return *failure_;
    return finish();
  }

 private:
  Status open_ledger() {
    LedgerHeader header;
    header.name = options_.name;
    header.executor = options_.lab ? "lab" : "sim";
    header.digest = digest_of(campaigns_, options_);
    for (const Campaign& campaign : campaigns_) {
      if (header.policy.empty()) header.policy = campaign.policy;
      if (header.baseline.empty()) header.baseline = campaign.baseline;
    }
    for (const Experiment* each : order_) {
      const bool canary =
          each->expected == Expected::violation || each->expected == Expected::no_progress;
      // A canary's runs end when it has shown what it must.
      header.planned.push_back({each->name, canary ? 0 : tallies_.at(each).left, canary,
                                each->anomalies, each->file, each->line});
    }
    auto ledger = options_.resume ? Ledger::resume(options_.execution.store, header)
                                  : Ledger::create(options_.execution.store, header);
    if (!ledger.ok()) return ledger.error();
    ledger_ = *std::move(ledger);
    return {};
  }

  /// One run of the plan; false: no further one. Thread-safe.
  bool step(std::uint64_t number) {
    const PlannedRun& planned = runs_[number];
    const Experiment& experiment = *planned.experiment;
    {
      const std::lock_guard lock(mutex_);
      if (failure_) return false;
      Tally& tally = tallies_.at(&experiment);
      const RunRecord* known = ledger_ ? ledger_->find(experiment.name, planned.seed) : nullptr;
      if (known != nullptr) {
        take(experiment, *known, 0);
        return true;
      }
      if (tally.outcomes.decided() || exhausted()) {
        leave(experiment);
        return true;
      }
      ++begun_;
      progress_.begun(experiment);
    }
    ExperimentOptions execution = options_.execution;
    execution.campaign = ledger_ ? ledger_->campaign() : "";
    const Nanos start = monotonic_now();
    auto record = options_.lab ? run_once_in_lab(experiment, planned.seed, execution)
                               : run_once_in_sim(experiment, planned.seed, execution);
    const double seconds = static_cast<double>((monotonic_now() - start).count()) / 1e9;
    const std::lock_guard lock(mutex_);
    if (!record.ok()) {
      failure_ = record.error().in(
          fmt::format("{}:{}: {}", experiment.file, experiment.line, experiment.name));
      return false;
    }
    if (ledger_) {
      if (auto status = ledger_->append(*record); !status.ok()) {
        failure_ = status.error();
        return false;
      }
    }
    take(experiment, *record, seconds);
    return true;
  }

  bool exhausted() {
    const Budget& budget = options_.budget;
    const bool used = (budget.runs && begun_ >= *budget.runs) ||
                      (budget.time && monotonic_now() - start_ >= *budget.time);
    if (used) out_of_budget_ = true;
    return used;
  }

  void take(const Experiment& experiment, const RunRecord& record, double seconds) {
    Tally& tally = tallies_.at(&experiment);
    tally.outcomes.add(outcome_of(experiment, record));
    tally.seconds += seconds;
    progress_.ended(experiment, record.verdict);
    leave(experiment);
  }

  /// One run less to wait for; says what is complete.
  void leave(const Experiment& experiment) {
    if (--tallies_.at(&experiment).left > 0) return;
    progress_.closed(experiment);
    while (next_ < order_.size() && tallies_.at(order_[next_]).left == 0) {
      rows_.push_back(row_of(*order_[next_]));
      progress_.clear();
      done_(rows_.back());
      ++next_;
    }
  }

  CampaignRow row_of(const Experiment& experiment) const {
    const Tally& tally = tallies_.at(&experiment);
    CampaignRow row;
    row.verdict = "not run: the budget is used up";
    tally.outcomes.fill(row);
    row.name = experiment.name;
    row.claim = experiment.claim;
    row.source = experiment.source;
    row.experiment = words_of(experiment);
    row.seconds = tally.seconds;
    return row;
  }

  Result<CampaignOutcome> finish() {
    if (ledger_ && out_of_budget_) {
      if (auto status = ledger_->out_of_budget(); !status.ok()) return status.error();
    }
    CampaignOutcome outcome;
    if (ledger_) outcome.folder = ledger_->folder();
    CampaignSummary& summary = outcome.summary;
    summary.title = options_.name;
    summary.executor = options_.lab ? "lab" : "sim";
    for (const Campaign& campaign : campaigns_) {
      CampaignSection section{campaign.name, campaign.about, {}};
      for (const CampaignRow& row : rows_) {
        const bool here =
            std::any_of(campaign.experiments.begin(), campaign.experiments.end(),
                        [&](const Experiment& experiment) { return experiment.name == row.name; });
        if (!here) continue;
        outcome.exit_code = worse_of(outcome.exit_code, code_of(row));
        summary.seconds += row.seconds;
        section.rows.push_back(row);
      }
      if (!section.rows.empty()) summary.sections.push_back(std::move(section));
    }
    return outcome;
  }

  const std::vector<Campaign>& campaigns_;
  const CampaignOptions& options_;
  const std::function<void(const CampaignRow&)>& done_;
  std::vector<PlannedRun> runs_;
  std::vector<const Experiment*> order_;

  std::mutex mutex_;  // guards all below
  std::map<const Experiment*, Tally> tallies_;
  std::optional<Ledger> ledger_;
  std::optional<Error> failure_;
  std::vector<CampaignRow> rows_;
  std::size_t next_ = 0;  // of order_: the first that is not in rows_
  std::uint64_t begun_ = 0;
  bool out_of_budget_ = false;
  CampaignProgress progress_;
  Nanos start_;
};

}  // namespace

Result<Shard> parse_shard(const std::string& text) {
  Shard shard;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, shard.index);
  if (first.ec == std::errc{} && first.ptr != end && *first.ptr == '/') {
    const auto second = std::from_chars(first.ptr + 1, end, shard.count);
    const bool fits = shard.index >= 1 && shard.index <= shard.count;
    if (second.ec == std::errc{} && second.ptr == end && fits) return shard;
  }
  return Error{ErrorKind::usage,
               "--shard: '" + text + "' is no part: expected i/n with i from 1 to n, e.g. 2/8"};
}

std::vector<PlannedRun> planned_runs(const std::vector<Campaign>& campaigns,
                                     const CampaignOptions& options) {
  std::vector<PlannedRun> runs;
  for (const Campaign& campaign : campaigns) {
    for (const Experiment& experiment : campaign.experiments) {
      if (!is_selected(experiment, options)) continue;
      for (std::uint64_t i = 0; i < runs_of(experiment, options.lab); ++i) {
        runs.push_back({&experiment, experiment.seed + i});
      }
    }
  }
  if (options.budget.time || options.budget.runs) {
    std::stable_sort(runs.begin(), runs.end(), [](const PlannedRun& a, const PlannedRun& b) {
      return a.seed - a.experiment->seed < b.seed - b.experiment->seed;
    });
  }
  // Every n-th run, so that each part has some of every experiment.
  std::vector<PlannedRun> part;
  for (std::size_t i = options.shard.index - 1; i < runs.size(); i += options.shard.count) {
    part.push_back(runs[i]);
  }
  return part;
}

Nanos time_of(const std::vector<PlannedRun>& runs, bool lab) {
  Nanos sum{0};
  for (const PlannedRun& run : runs) {
    const Experiment& experiment = *run.experiment;
    sum += execution_of(experiment, lab).time_limit.value_or(experiment.time_limit);
  }
  return sum;
}

Result<CampaignOutcome> carry_out(const std::vector<Campaign>& campaigns,
                                  const CampaignOptions& options,
                                  const std::function<void(const CampaignRow&)>& done) {
  std::set<std::string> names;
  for (const Campaign& campaign : campaigns) {
    for (const Experiment& experiment : campaign.experiments) {
      if (names.insert(experiment.name).second) continue;
      return Error{ErrorKind::bad_data,
                   fmt::format("{}:{}: a second experiment '{}'", experiment.file, experiment.line,
                               experiment.name)};
    }
  }
  return Runner(campaigns, options, done).run();
}

std::string words_of(const Experiment& experiment) {
  if (!experiment.study.empty()) {
    std::string text = "study " + experiment.study;
    for (const auto& [name, value] : experiment.options) text += fmt::format(" {}={}", name, value);
    return text;
  }
  std::string text = experiment.target;
  for (const auto& [name, value] : experiment.options) {
    text += name == "protocol" ? " " + value : fmt::format(" {}={}", name, value);
  }
  text += fmt::format(" on {} nodes", experiment.nodes);
  if (!experiment.suite.empty()) text += " of " + experiment.suite;
  text += "; " + experiment.workload;
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

}  // namespace assay::cli
