#include "cli/shrink_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/executable.h"
#include "cli/history_input.h"
#include "cli/hosts.h"
#include "cli/online_shrink.h"
#include "cli/output.h"
#include "cli/run_settings.h"
#include "harness/lab/subprocess.h"
#include "harness/run_store.h"

namespace assay::cli {
namespace {

constexpr Nanos overhead = std::chrono::minutes(5);  // bringing up, checking

/// Type and model of the first anomaly; what must come back.
struct Finding {
  std::string type;
  std::string model;
};

Result<std::vector<Finding>> findings_of(const std::string& folder) {
  const auto text = read_text(folder + "/verdict.json");
  if (!text.ok()) return text.error();
  std::vector<Finding> findings;
  const auto verdict = nlohmann::json::parse(*text, nullptr, false);
  if (!verdict.is_object() || !verdict.contains("anomalies")) {
    return Error{ErrorKind::bad_data, folder + "/verdict.json: no verdict"};
  }
  for (const auto& anomaly : verdict["anomalies"]) {
    findings.push_back({anomaly.value("type", ""), anomaly.value("model", "")});
  }
  return findings;
}

/// Runs with a schedule as a process of its own, so that nothing it does ends the search.
Result<bool> run_and_look(const RunSettings& settings, const std::vector<FaultStep>& steps,
                          const std::string& store, const Finding& wanted, bool allow) {
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
  return std::any_of(findings->begin(), findings->end(), [&](const Finding& finding) {
    return finding.type == wanted.type && finding.model == wanted.model;
  });
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

}  // namespace

Result<int> shrink_lab_run(const RunShrinkFlags& flags) {
  const auto plan = read_text(flags.folder + "/plan.json");
  if (!plan.ok()) return plan.error();
  auto run = flags_from_plan(*plan);
  if (!run.ok()) return run.error().in(flags.folder);
  run->fault_schedule = flags.folder + "/faults.jsonl";
  run->faults.clear();
  const auto settings = RunSettings::from(*run);
  if (!settings.ok()) return settings.error();
  if (!settings->hosts.empty() && !flags.allow) {
    return Error{ErrorKind::not_permitted,
                 fmt::format("{}: this would do to {} machines that are no lab, again and again, "
                             "what the run did; say --allow if they are there for it",
                             flags.folder, settings->hosts.size())};
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
    return Error{ErrorKind::no_input, flags.folder + ": no anomaly, so there is nothing to shrink"};
  }
  const auto budget = parse_duration(flags.budget);
  if (!budget.ok()) return budget.error().in("--budget");

  const Finding& wanted = findings->front();
  const std::string store = flags.folder + "/shrink";
  std::error_code failure;
  std::filesystem::create_directories(store, failure);
  if (failure) return Error{ErrorKind::cannot_write, store + ": " + failure.message()};
  OnlineShrinkOptions options;
  options.budget = *budget;
  options.runs = flags.runs;
  if (!flags.json) {
    options.progress = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  }
  options.shows = [&](const std::vector<FaultStep>& steps) {
    return run_and_look(*settings, steps, store, wanted, flags.allow);
  };
  const auto shrunk = shrink_online(settings->fault_steps, options);
  if (!shrunk.ok()) return shrunk.error().in(flags.folder);

  const std::string out = flags.out.empty() ? flags.folder + "/shrunk-faults.jsonl" : flags.out;
  if (Status written = write_file(out, format_fault_schedule(steps_of(shrunk->smallest)));
      !written.ok()) {
    return written.error();
  }
  RunSettings repeated = *settings;
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
