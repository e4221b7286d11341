#include "cli/shrink_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/executable.h"
#include "cli/history_input.h"
#include "cli/hosts.h"
#include "cli/online_shrink.h"
#include "cli/output.h"
#include "cli/run_settings.h"
#include "harness/lab/lab.h"
#include "harness/lab/rootless.h"
#include "harness/lab/subprocess.h"
#include "harness/run_store.h"

namespace assay::cli {
namespace {

constexpr Nanos overhead = std::chrono::minutes(5);  // bringing up, checking

constexpr Nanos time_after_finding = std::chrono::seconds(3);

/// An anomaly by type and model: what must come back.
struct StoredFinding {
  std::string type;
  std::string model;
  std::vector<std::uint64_t> witness;  ///< event indices of the invocations

  bool is_like(const StoredFinding& other) const {
    return type == other.type && model == other.model;
  }
};

Result<std::vector<StoredFinding>> findings_of(const std::string& folder) {
  const auto text = read_text(folder + "/verdict.json");
  if (!text.ok()) return text.error();
  std::vector<StoredFinding> findings;
  const auto verdict = nlohmann::json::parse(*text, nullptr, false);
  if (!verdict.is_object() || !verdict.contains("anomalies")) {
    return Error{ErrorKind::bad_data, folder + "/verdict.json: no verdict"};
  }
  for (const auto& anomaly : verdict["anomalies"]) {
    findings.push_back({anomaly.value("type", ""), anomaly.value("model", ""),
                        anomaly.value("witness", std::vector<std::uint64_t>())});
  }
  return findings;
}

/// Runs with a schedule as a process of its own, so that nothing it does ends the search.
Result<bool> run_and_look(const RunSettings& settings, const std::vector<FaultStep>& steps,
                          const std::string& store, const StoredFinding& wanted, bool allow) {
  const std::string schedule = store + "/candidate.jsonl";
  if (Status written = write_file(schedule, format_fault_schedule(steps)); !written.ok()) {
    return written.error();
  }
  RunSettings candidate = settings;
  candidate.fault_schedule = schedule;
  Subprocess run;
  run.command = candidate.arguments();
  run.command.insert(run.command.begin(), program_folder() + "/assay");
  for (const char* word : {"--keep-lab", "--quiet", "--store"}) run.command.emplace_back(word);
  run.command.push_back(store);
  if (allow) run.command.emplace_back("--allow");
  run.timeout = settings.time_limit + overhead;
  const auto ended = run_subprocess(run);
  if (!ended.ok()) return ended.error();
  // 0, 1 and 2 are verdicts; anything else says why there is none.
  if (ended->exit_status > 2) {
    return Error{ErrorKind::unavailable, fmt::format("a run ended with {}: {}", ended->exit_status,
                                                     last_words(ended->output))};
  }
  if (ended->exit_status != 1) return false;
  const auto findings = findings_of(store + "/latest");
  if (!findings.ok()) return findings.error();
  return std::any_of(findings->begin(), findings->end(),
                     [&](const StoredFinding& finding) { return finding.is_like(wanted); });
}

/// When the first finding of the wanted kind had been seen, since the run's start. Error (no_input,
/// bad_data): no history, or none of its witness.
Result<Nanos> time_of(const std::vector<StoredFinding>& findings, const StoredFinding& wanted,
                      const std::string& folder) {
  const auto history = read_history(history_path(folder), {});
  if (!history.ok()) return history.error();
  std::map<std::uint64_t, Nanos> ends;  // by invocation
  for (OpIndex i = 0; i < history->size(); ++i) {
    const Operation operation = (*history)[i];
    ends[operation.invoke_event] =
        operation.completed == unknown_time ? operation.invoked : operation.completed;
  }
  std::optional<Nanos> first;
  for (const StoredFinding& finding : findings) {
    if (!finding.is_like(wanted) || finding.witness.empty()) continue;
    Nanos last{0};
    for (const std::uint64_t event : finding.witness) {
      const auto end = ends.find(event);
      if (end != ends.end()) last = std::max(last, end->second);
    }
    if (last > Nanos{0}) first = std::min(first.value_or(last), last);
  }
  if (first) return *first;
  return Error{ErrorKind::bad_data, folder + ": its history has no witness of the finding"};
}

/// The same run, but ended when the finding was there: what was done to it later was not needed.
RunSettings until(Nanos end, RunSettings settings) {
  const Nanos enough = std::chrono::ceil<std::chrono::seconds>(end + time_after_finding);
  settings.time_limit = std::min(settings.time_limit, enough);
  std::erase_if(settings.fault_steps, [&](const FaultStep& step) { return step.at > end; });
  return settings;
}

nlohmann::ordered_json json_of(const Reproduction& reproduction) {
  const Interval interval = interval_of(reproduction);
  return {{"shown", reproduction.shown},
          {"runs", reproduction.runs},
          {"interval", {interval.low, interval.high}}};
}

std::string words_of(const Reproduction& reproduction) {
  const Interval interval = interval_of(reproduction);
  return fmt::format("{} of {} runs (95 % interval {:.0f} to {:.0f} %)", reproduction.shown,
                     reproduction.runs, 100 * interval.low, 100 * interval.high);
}

/// The runs keep a lab for each other. It goes with the last one, unless it was there before.
class LabOfRuns {
 public:
  LabOfRuns() : site_(enter_lab_site()) {
    const auto status = site_.ok() ? lab_status(*site_) : Result<LabStatus>(site_.error());
    stays_ = !status.ok() || status->is_up;
  }
  LabOfRuns(const LabOfRuns&) = delete;
  LabOfRuns& operator=(const LabOfRuns&) = delete;
  ~LabOfRuns() {
    if (stays_) return;
    auto lab = Lab::lock(*site_);
    const Status down = lab.ok() ? lab->down() : Status(lab.error());
    if (!down.ok()) fmt::print(stderr, "{}\n", down.error().message);
  }

 private:
  Result<LabSite> site_;
  bool stays_ = true;
};

/// A folder's name as it is typed with the help of a shell ends with one.
std::string without_slash(std::string folder) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  return folder;
}

}  // namespace

Result<int> shrink_lab_run(const RunShrinkFlags& flags) {
  const std::string folder = without_slash(flags.folder);
  const auto plan = read_text(folder + "/plan.json");
  if (!plan.ok()) return plan.error();
  auto run = flags_from_plan(*plan);
  if (!run.ok()) return run.error().in(folder);
  run->fault_schedule = folder + "/faults.jsonl";
  run->faults.clear();
  const auto settings = RunSettings::from(*run);
  if (!settings.ok()) return settings.error();
  if (!settings->hosts.empty() && !flags.allow) {
    return Error{ErrorKind::not_permitted,
                 fmt::format("{}: this would do to {} machines that are no lab, again and again, "
                             "what the run did; say --allow if they are there for it",
                             folder, settings->hosts.size())};
  }
  if (settings->sudo) {
    // Asked for once, not for each of the runs.
    if (const auto password = sudo_password(settings->sudo_password_file); !password.ok()) {
      return password.error();
    }
  }
  const auto findings = findings_of(flags.folder);
  if (!findings.ok()) return findings.error();
  if (findings->empty()) {
    return Error{ErrorKind::no_input, folder + ": no anomaly, so there is nothing to shrink"};
  }
  const auto budget = parse_duration(flags.budget);
  if (!budget.ok()) return budget.error().in("--budget");

  const StoredFinding& wanted = findings->front();
  const std::string store = folder + "/shrink";
  std::error_code failure;
  std::filesystem::create_directories(store, failure);
  if (failure) return Error{ErrorKind::cannot_write, store + ": " + failure.message()};
  OnlineShrinkOptions options;
  options.budget = *budget;
  options.runs = flags.runs;
  if (!flags.json) {
    options.progress = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  }
  const auto search = [&](const RunSettings& tried) {
    options.shows = [&](const std::vector<FaultStep>& steps) {
      return run_and_look(tried, steps, store, wanted, flags.allow);
    };
    return shrink_online(tried.fault_steps, options);
  };
  std::optional<LabOfRuns> lab;
  if (settings->hosts.empty()) lab.emplace();
  const auto end = time_of(*findings, wanted, folder);
  RunSettings repeated = end.ok() ? until(*end, *settings) : *settings;
  if (end.ok() && options.progress) {
    options.progress(fmt::format("{} was there after {}: {} of {} faults began before that",
                                 wanted.type, format_duration(*end),
                                 spans_of(repeated.fault_steps).size(),
                                 spans_of(settings->fault_steps).size()));
  }
  auto shrunk = search(repeated);
  if (!shrunk.ok() && shrunk.error().kind == ErrorKind::no_input && end.ok()) {
    if (options.progress) options.progress("it does not return in that time; the whole run again");
    repeated = *settings;
    shrunk = search(repeated);
  }
  if (!shrunk.ok()) return shrunk.error().in(folder);

  const std::string out = flags.out.empty() ? folder + "/shrunk-faults.jsonl" : flags.out;
  if (Status written = write_file(out, format_fault_schedule(steps_of(shrunk->smallest)));
      !written.ok()) {
    return written.error();
  }
  repeated.fault_schedule = out;
  const std::size_t before = spans_of(settings->fault_steps).size();
  if (flags.json) {
    const nlohmann::ordered_json document{{"schema", "assay.online-shrink/1"},
                                          {"anomaly", wanted.type},
                                          {"faults_before", before},
                                          {"faults_after", shrunk->smallest.size()},
                                          {"before", json_of(shrunk->before)},
                                          {"after", json_of(shrunk->after)},
                                          {"finished", shrunk->finished},
                                          {"runs", shrunk->runs},
                                          {"schedule", out},
                                          {"command", repeated.command()}};
    fmt::print("{}\n", document.dump());
  } else {
    fmt::print(
        "{} of {} faults are left after {} runs{}: {} shows in {}; with all of them in {}\n"
        "repeat: {}\n",
        shrunk->smallest.size(), before, shrunk->runs, shrunk->finished ? "" : " (the time was up)",
        wanted.type, words_of(shrunk->after), words_of(shrunk->before), repeated.command());
  }
  return 1;
}

}  // namespace assay::cli
