// assay gate: may this build go out? Judges stored runs by a policy and a baseline.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cli/command.h"
#include "cli/gate_policy.h"
#include "cli/gate_runs.h"
#include "cli/history_input.h"
#include "cli/output.h"
#include "harness/run_store.h"
#include "reports/gate/outputs.h"

namespace assay::cli {
namespace {

struct GateFlags {
  std::vector<std::string> runs;
  std::string store = "runs";
  std::string policy;
  std::string baseline;
  std::string kind = "text";
  std::vector<std::string> writes;  ///< FORMAT=FILE
  std::string runner;
  bool json = false;
  bool update = false;
  std::string accept;
  gate::KnownFinding excuse;
};

Result<gate::Baseline> read_baseline(const std::string& path, bool may_be_missing) {
  if (path.empty() || (may_be_missing && !std::filesystem::exists(path))) return gate::Baseline();
  const auto text = read_text(path);
  if (!text.ok()) return text.error();
  auto baseline = gate::baseline_from_json(*text);
  return baseline.ok() ? baseline : baseline.error().in(path);
}

struct Write {
  const gate::Output* output;
  std::string file;
};

Result<std::vector<Write>> writes_of(const GateFlags& flags) {
  std::vector<Write> writes;
  for (const std::string& word : flags.writes) {
    const std::size_t at = word.find('=');
    const gate::Output* output = gate::find_output(word.substr(0, at));
    if (at == std::string::npos || output == nullptr || at + 1 == word.size()) {
      std::string known;
      for (const gate::Output& each : gate::outputs()) known += fmt::format(" {}", each.name);
      return Error{ErrorKind::usage,
                   fmt::format("--write: expected FORMAT=FILE, got '{}'; formats:{}", word, known)};
    }
    writes.push_back({output, word.substr(at + 1)});
  }
  return writes;
}

Status accept_finding(const GateFlags& flags, gate::Question& question) {
  gate::KnownFinding excuse = flags.excuse;
  excuse.fingerprint = flags.accept;
  excuse.since = question.today;
  if (excuse.reason.empty() || excuse.expires.empty()) {
    return Error{ErrorKind::usage,
                 "--accept needs --reason and --expires (a day, YYYY-MM-DD): an excuse without an "
                 "end is forgotten"};
  }
  return gate::accept(question, excuse, question.baseline);
}

Status write_baseline(const std::string& path, const gate::Baseline& baseline) {
  if (path.empty()) {
    return Error{ErrorKind::usage, "--baseline is missing: the file to write"};
  }
  const std::string text = gate::to_json(baseline);
  // What cannot be read again must not be written.
  if (const auto again = gate::baseline_from_json(text); !again.ok()) {
    return Error{ErrorKind::usage, again.error().message};
  }
  if (auto status = write_file(path, text); !status.ok()) return status;
  fmt::print(stderr, "assay: wrote {}\n", path);
  return {};
}

Result<int> judge(const GateFlags& flags) {
  const auto writes = writes_of(flags);
  if (!writes.ok()) return writes.error();
  auto runs = runs_to_judge(flags.store, flags.runs);
  if (!runs.ok()) return runs.error();
  gate::Question question;
  const std::string policy = flags.policy.empty() ? runs->policy : flags.policy;
  const std::string baseline = flags.baseline.empty() ? runs->baseline : flags.baseline;
  if (!policy.empty()) {
    auto read = read_policy(policy);
    if (!read.ok()) {
      if (!flags.policy.empty()) return read.error();
      return Error{read.error().kind, read.error().message +
                                          " (the policy that the campaign names, from where it was "
                                          "started); --policy names another"};
    }
    question.policy = *std::move(read);
  }
  const bool changes = flags.update || !flags.accept.empty();
  auto known = read_baseline(baseline, changes);
  if (!known.ok()) return known.error();
  question.baseline = *std::move(known);
  question.runs = std::move(runs->runs);
  question.planned = std::move(runs->planned);
  question.runner = flags.runner.empty()
                        ? fmt::format("{} cores", std::thread::hardware_concurrency())
                        : flags.runner;
  question.today = utc_now().substr(0, 10);
  question.confirm = [](const gate::Run& run, std::string& why) {
    return confirm_run(run.path, why);
  };
  if (!flags.accept.empty()) {
    if (auto status = accept_finding(flags, question); !status.ok()) return status.error();
  }
  if (changes) {
    const gate::Baseline after = flags.update ? gate::updated(question) : question.baseline;
    if (auto status = write_baseline(baseline, after); !status.ok()) return status.error();
    // These runs are what is compared with from now on; findings are judged as they were counted.
    question.baseline.performance = after.performance;
  }
  const gate::Decision decision = gate::decide(question);
  for (const Write& write : *writes) {
    if (auto status = write_file(write.file, write.output->render(decision)); !status.ok()) {
      return status.error();
    }
  }
  const gate::Output* output = gate::find_output(flags.json ? "json" : flags.kind);
  fmt::print("{}", output->render(decision));
  return decision.exit_code;
}

}  // namespace

Action define_gate(CLI::App& app) {
  auto flags = std::make_shared<GateFlags>();
  std::vector<std::string> kinds;
  std::string help;
  for (const gate::Output& output : gate::outputs()) {
    kinds.emplace_back(output.name);
    help += fmt::format("\n  {:9} {}", output.name, output.summary);
  }
  app.add_option(
      "RUN", flags->runs,
      "runs or campaigns: folders, or the ids of campaigns; default: the newest campaign");
  app.add_option("--store", flags->store, "folder of the runs")->capture_default_str();
  app.add_option("--policy", flags->policy,
                 "file (TOML); default: the one that the campaign names, else built in");
  app.add_option("--baseline", flags->baseline,
                 "file (JSON) of known findings and performance; default: the campaign's");
  app.add_option("--as", flags->kind, "what to print")
      ->check(CLI::IsMember(kinds))
      ->capture_default_str();
  app.add_option("--write", flags->writes, "FORMAT=FILE: also write that (repeat)")
      ->allow_extra_args(false);
  app.add_option("--runner", flags->runner,
                 "class of this machine: performance is compared within one; default: its cores");
  app.add_flag("--update-baseline", flags->update,
               "count the known findings, drop what is gone, take the performance of these runs");
  app.add_option("--accept", flags->accept,
                 "fingerprint of a finding to take into the baseline; needs --reason, --expires");
  app.add_option("--reason", flags->excuse.reason, "why it is excused");
  app.add_option("--expires", flags->excuse.expires, "the last day on which it is, YYYY-MM-DD");
  app.add_option("--issue", flags->excuse.issue, "link to where it is tracked");
  app.add_flag("--json", flags->json, "the same as --as json");
  app.footer("Formats:" + help +
             "\n\nExit codes: 0 passed, 1 new violation, 2 too much unknown, 3 failed for another "
             "reason,\n4 nothing ran, 69 runs without a verdict, 70 bug in assay.\n"
             "Example: assay gate --policy gate.toml --baseline baseline.json --write "
             "junit=gate.xml");
  return [flags] { return judge(*flags); };
}

}  // namespace assay::cli
