#include "reports/gate/trial.h"

#include <algorithm>

namespace assay::gate {

Trial::Trial(const Question& question) : question_(question) {
  for (const Run& run : question.runs) {
    all.push_back(&run);
    const Planned* plan = planned(run);
    if (plan == nullptr || !plan->canary) tests.push_back(&run);
  }
}

bool Trial::has_verdict(const Run& run) {
  return run.verdict == "pass" || run.verdict == "violation" || run.verdict == "unknown";
}

const Planned* Trial::planned(const Run& run) const {
  const auto at =
      std::find_if(question_.planned.begin(), question_.planned.end(),
                   [&](const Planned& each) { return each.experiment == run.experiment; });
  return run.experiment.empty() || at == question_.planned.end() ? nullptr : &*at;
}

std::uint64_t Trial::runs_of(const std::string& experiment) const {
  return static_cast<std::uint64_t>(std::count_if(
      all.begin(), all.end(), [&](const Run* run) { return run->experiment == experiment; }));
}

std::uint64_t Trial::decided(const System& system) const {
  return static_cast<std::uint64_t>(std::count_if(tests.begin(), tests.end(), [&](const Run* run) {
    return run->system == system && (run->verdict == "pass" || run->verdict == "violation");
  }));
}

std::string Trial::subject(const Run& run) const {
  if (!run.experiment.empty()) return run.experiment;
  return words_of(run.system) + (run.faults.empty() ? "" : " under " + run.faults);
}

Row Trial::row(Rule rule, const Run& run) const {
  Row row;
  row.rule = rule;
  row.exit_code = info_of(rule).exit_code;
  row.subject = subject(run);
  row.run = run.path;
  row.command = run.command;
  if (const Planned* plan = planned(run)) {
    row.file = plan->file;
    row.line = plan->line;
  }
  return row;
}

std::map<std::string, std::vector<const Run*>> Trial::groups() const {
  std::map<std::string, std::vector<const Run*>> groups;
  for (const Run* run : tests) {
    if (has_verdict(*run)) groups[subject(*run)].push_back(run);
  }
  return groups;
}

Count count_of(const KnownFinding& known, const Trial& trial) {
  Count count;
  count.runs = trial.decided(known.system);
  for (const Run* run : trial.tests) {
    if (run->system != known.system) continue;
    count.seen += std::any_of(run->findings.begin(), run->findings.end(),
                              [&](const Finding& finding) {
                                return finding.fingerprint == known.fingerprint ||
                                       finding.family == known.fingerprint;
                              })
                      ? 1U
                      : 0U;
  }
  return count;
}

}  // namespace assay::gate
