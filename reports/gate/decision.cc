#include "reports/gate/decision.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

#include "reports/gate/performance.h"
#include "reports/gate/sufficiency.h"
#include "reports/gate/trial.h"

namespace assay::gate {
namespace {

/// Which exit code hides which: a violation is never hidden.
int rank(int code) {
  constexpr std::array order{0, 4, 2, 3, 69, 70, 1};
  return static_cast<int>(std::find(order.begin(), order.end(), code) - order.begin());
}

/// A finding with the runs that show it.
struct Shown {
  const Finding* finding = nullptr;
  const Run* first = nullptr;  ///< the first that the verifier confirms, or else the first
  std::uint64_t runs = 0;
  Confirmation confirmation = Confirmation::impossible;
};

class Judge {
 public:
  explicit Judge(const Question& question) : question_(question), trial_(question) {}

  Decision decide() {
    if (trial_.all.empty() && question_.planned.empty()) return {};
    if (!question_.runs.empty()) decision_.newest = question_.runs.back().started;
    count();
    judge_findings();
    judge_absent();
    judge_infrastructure();
    judge_unknown();
    add_rows(canary_rows(question_, trial_));
    add_rows(vacuity_rows(question_.policy, trial_));
    add_rows(liveness_rows(question_.policy, trial_));
    add_rows(performance_rows(question_, trial_));
    std::stable_sort(decision_.rows.begin(), decision_.rows.end(), [](const Row& a, const Row& b) {
      return std::make_tuple(-rank(a.exit_code), a.rule, a.subject) <
             std::make_tuple(-rank(b.exit_code), b.rule, b.subject);
    });
    name_clean();
    decision_.exit_code = decision_.rows.empty() ? 0 : decision_.rows.front().exit_code;
    if (trial_.all.empty() && decision_.exit_code == 0) decision_.exit_code = 4;
    return std::move(decision_);
  }

 private:
  void add_rows(std::vector<Row> rows) {
    for (Row& row : rows) decision_.rows.push_back(std::move(row));
  }

  void name_clean() {
    for (const auto& [subject, runs] : trial_.groups()) {
      const bool passed = std::all_of(runs.begin(), runs.end(),
                                      [](const Run* run) { return run->verdict == "pass"; });
      const bool named = std::any_of(decision_.rows.begin(), decision_.rows.end(),
                                     [&](const Row& row) { return row.subject == subject; });
      if (passed && !named) decision_.clean.push_back(subject);
    }
  }

  void count() {
    Counts& counts = decision_.counts;
    counts.runs = trial_.all.size();
    counts.canary = trial_.all.size() - trial_.tests.size();
    for (const Run* run : trial_.tests) {
      std::uint64_t& count = run->verdict == "pass"        ? counts.pass
                             : run->verdict == "violation" ? counts.violation
                             : run->verdict == "unknown"   ? counts.unknown
                                                           : counts.without_verdict;
      ++count;
    }
  }

  /// Confirms each run with a violation once; the verifier's word is about all its anomalies.
  Confirmation confirmed(const Run& run) {
    const auto known = confirmations_.find(&run);
    if (known != confirmations_.end()) return known->second;
    std::string why;
    const Confirmation answer =
        question_.confirm ? question_.confirm(run, why) : Confirmation::impossible;
    confirmations_[&run] = answer;
    if (answer == Confirmation::refuted) {
      Row row = trial_.row(Rule::refuted_violation, run);
      row.message = "the verifier does not accept the certificate of this violation: " + why;
      decision_.rows.push_back(std::move(row));
    }
    return answer;
  }

  std::map<std::string, Shown> shown_findings() {
    std::map<std::string, Shown> shown;
    for (const Run* run : trial_.tests) {
      for (const Finding& finding : run->findings) {
        Shown& each = shown[finding.fingerprint];
        ++each.runs;
        const Confirmation answer = confirmed(*run);
        const bool better =
            each.finding == nullptr ||
            (each.confirmation != Confirmation::confirmed && answer == Confirmation::confirmed);
        if (better) each = {&finding, run, each.runs, answer};
      }
      // A violation that names no anomaly is one all the same.
      if (run->verdict == "violation" && run->findings.empty()) {
        Row row = trial_.row(Rule::new_finding, *run);
        row.message = "a violation without a finding: " + run->because;
        decision_.rows.push_back(std::move(row));
      }
    }
    return shown;
  }

  void judge_findings() {
    for (const auto& [fingerprint, shown] : shown_findings()) {
      if (shown.confirmation == Confirmation::refuted) continue;  // has its row
      const Finding& finding = *shown.finding;
      const KnownFinding* known = question_.baseline.known(fingerprint, finding.family);
      const bool expired = known != nullptr && known->expires < question_.today;
      Row row = trial_.row(known == nullptr ? Rule::new_finding
                           : expired        ? Rule::expired_finding
                                            : Rule::known_finding,
                           *shown.first);
      row.fingerprint = fingerprint;
      row.type = finding.type;
      row.message = fmt::format("{} violates {}: {}", finding.type, finding.model, finding.claim);
      row.details = fmt::format("in {} of {} runs of {}", shown.runs,
                                trial_.decided(shown.first->system), words_of(shown.first->system));
      if (shown.confirmation == Confirmation::impossible) {
        row.details += "\nnot checked again: no history or no certificate was kept";
      }
      if (!finding.faults.empty()) row.details += "\nbegan under " + finding.faults;
      if (known != nullptr) {
        row.link = known->issue;
        row.details += fmt::format("\nexcused until {}: {}", known->expires, known->reason);
        if (!expired && question_.policy.fail_on_known) row.exit_code = 1;
      }
      for (const std::string& step : finding.steps) row.details += "\n" + step;
      decision_.rows.push_back(std::move(row));
    }
  }

  void judge_absent() {
    for (const KnownFinding& known : question_.baseline.findings) {
      const Count now = count_of(known, trial_);
      if (now.runs == 0 || now.seen > 0) continue;
      const std::uint64_t needed = known.seen > 0 ? clean_runs_needed(known.seen, known.runs) : 0;
      const std::uint64_t clean = known.clean + now.runs;
      Row row;
      row.rule = known.seen > 0 && clean >= needed ? Rule::resolved_finding : Rule::absent_finding;
      row.subject = words_of(known.system);
      row.fingerprint = known.fingerprint;
      row.type = known.type;
      row.link = known.issue;
      row.message = fmt::format("{} was not seen in {} runs", known.type, clean);
      if (row.rule == Rule::resolved_finding) {
        row.message += fmt::format("; {} were needed: it can leave the baseline", needed);
      } else if (needed > 0) {
        row.message += fmt::format("; gone after {} more", needed - clean);
      } else {
        row.message += fmt::format(
            ": with 95% confidence in fewer than {:.2g}% of them; the baseline does not say how "
            "often it came",
            100 * largest_share_unseen(clean));
      }
      decision_.rows.push_back(std::move(row));
    }
  }

  void judge_infrastructure() {
    std::vector<const Run*> failed;
    for (const Run* run : trial_.all) {
      if (!trial_.has_verdict(*run)) failed.push_back(run);
    }
    std::uint64_t missing = 0;
    for (const Planned& planned : question_.planned) {
      const std::uint64_t there = trial_.runs_of(planned.experiment);
      if (there < planned.runs) missing += planned.runs - there;
    }
    if (failed.empty() && missing == 0) return;
    Row row = failed.empty() ? Row() : trial_.row(Rule::infrastructure, *failed.front());
    row.rule = Rule::infrastructure;
    const bool too_many = failed.size() + missing > question_.policy.errors;
    row.exit_code = too_many ? info_of(Rule::infrastructure).exit_code : 0;
    row.subject = "all runs";
    row.message = fmt::format("{} runs ended without a verdict, {} were planned and did not run",
                              failed.size(), missing);
    constexpr std::size_t shown_max = 5;
    for (std::size_t i = 0; i < std::min(failed.size(), shown_max); ++i) {
      row.details += fmt::format("{}{}: {}", i == 0 ? "" : "\n", trial_.subject(*failed[i]),
                                 failed[i]->because);
    }
    decision_.rows.push_back(std::move(row));
  }

  void judge_unknown() {
    const auto unknown = decision_.counts.unknown;
    const auto decided = decision_.counts.pass + decision_.counts.violation + unknown;
    if (unknown == 0) return;
    const double share = static_cast<double>(unknown) / static_cast<double>(decided);
    const auto first = std::find_if(trial_.tests.begin(), trial_.tests.end(),
                                    [](const Run* run) { return run->verdict == "unknown"; });
    Row row = trial_.row(Rule::unknown_runs, **first);
    if (share <= question_.policy.unknown_share) row.exit_code = 0;
    row.message = fmt::format("{} of {} runs are unknown ({:.1f}%, allowed {:.1f}%)", unknown,
                              decided, 100 * share, 100 * question_.policy.unknown_share);
    row.details = trial_.subject(**first) + ": " + (*first)->because;
    row.subject = "all runs";
    decision_.rows.push_back(std::move(row));
  }

  const Question& question_;
  Trial trial_;
  Decision decision_;
  std::map<const Run*, Confirmation> confirmations_;
};

}  // namespace

Decision decide(const Question& question) { return Judge(question).decide(); }

Baseline updated(const Question& question) {
  const Trial trial(question);
  Baseline baseline = question.baseline;
  for (KnownFinding& known : baseline.findings) {
    const Count now = count_of(known, trial);
    if (now.seen > 0) {
      known.runs += known.clean + now.runs;
      known.seen += now.seen;
      known.clean = 0;
    } else {
      known.clean += now.runs;
    }
  }
  std::erase_if(baseline.findings, [](const KnownFinding& known) {
    return known.seen > 0 && known.clean >= clean_runs_needed(known.seen, known.runs);
  });
  take_performance(question, trial, baseline);
  return baseline;
}

Status accept(const Question& question, const KnownFinding& excuse, Baseline& baseline) {
  const Trial trial(question);
  for (const Run* run : trial.tests) {
    for (const Finding& finding : run->findings) {
      if (excuse.fingerprint != finding.fingerprint && excuse.fingerprint != finding.family) {
        continue;
      }
      KnownFinding known = excuse;
      known.type = finding.type;
      known.model = finding.model;
      known.system = run->system;
      const Count now = count_of(known, trial);
      known.runs = now.runs;
      known.seen = now.seen;
      std::erase_if(baseline.findings, [&](const KnownFinding& each) {
        return each.fingerprint == known.fingerprint;
      });
      baseline.findings.push_back(std::move(known));
      return {};
    }
  }
  return Error{ErrorKind::usage,
               "no run shows the finding '" + excuse.fingerprint + "'; see `assay runs findings`"};
}

}  // namespace assay::gate
