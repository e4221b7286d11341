// assay run TARGET: bring up nodes, drive a workload while the nemesis breaks things, record,
// check, report.

#include "cli/run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/urgency.h"
#include "checker/checker.h"
#include "cli/command.h"
#include "cli/history_input.h"
#include "cli/hosts.h"
#include "cli/interruption.h"
#include "cli/judgement.h"
#include "cli/live_check.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/run_lab.h"
#include "cli/run_logs.h"
#include "cli/run_settings.h"
#include "harness/generators.h"
#include "harness/power.h"
#include "harness/run_index.h"
#include "harness/run_store.h"
#include "harness/scheduler.h"
#include "harness/worker_pool.h"
#include "history/journal.h"
#include "nemesis/capture.h"
#include "nemesis/registry.h"
#include "reports/report.h"

namespace assay::cli {
namespace {

using namespace std::chrono_literals;

/// What the nemesis did, in words for the progress line.
std::string fault_words(const Event& event) {
  if (event.type == EventType::invoke) return "";
  const auto* map = event.value.get_if<Value::Map>();
  if (map == nullptr) return event.f;
  for (const auto& [key, value] : *map) {
    const auto* what = value.get_if<std::string>();
    if (key == Value("what") && what != nullptr) return event.f + " " + *what;
  }
  return event.f;
}

/// Journal, fault log and progress: everything that sees each event.
class Recorder {
 public:
  static Result<Recorder> create(const RunFolder& folder, const HistoryInfo& info,
                                 cli::Progress& progress) {
    auto journal = JournalWriter::create(folder.file("history.assay"), info);
    if (!journal.ok()) return journal.error();
    auto faults = FaultLog::create(folder.file("faults.jsonl"));
    if (!faults.ok()) return faults.error();
    return Recorder(std::move(*journal), std::move(*faults), progress);
  }
  Status record(const Event& event) {
    if (auto status = journal_.append(event); !status.ok()) return status;
    if (event.process != nemesis_process) return {};
    if (auto words = fault_words(event); !words.empty()) progress_->fault(words);
    return faults_.append(event);
  }
  /// Keeps the loss of a kill -9 below a tenth of a second of operations.
  void tick() { last_flush_ = journal_.flush(); }
  Status close() {
    if (!last_flush_.ok()) return last_flush_;
    return journal_.close();
  }

 private:
  Recorder(JournalWriter journal, FaultLog faults, cli::Progress& progress)
      : journal_(std::move(journal)), faults_(std::move(faults)), progress_(&progress) {}
  JournalWriter journal_;
  FaultLog faults_;
  cli::Progress* progress_;
  Status last_flush_;
};

/// Everything that must exist while operations are under way.
struct Stage {
  const RunSettings& settings;
  Nodes& nodes;
  Target& target;
  Workload workload;
  const RunFolder& folder;
  cli::Progress& progress;
  Power* power;  ///< null: nobody has the nodes' switches
};

Plan plan_of(Stage& stage, Nemesis* nemesis, GeneratorPtr fault_schedule) {
  Plan plan;
  GeneratorPtr clients = std::move(stage.workload.generator);
  if (stage.settings.stagger.count() > 0) {
    clients = stagger(stage.settings.stagger, std::move(clients));
  }
  plan.generator = time_limit(stage.settings.time_limit, std::move(clients));
  plan.nemesis = std::move(fault_schedule);
  if (nemesis != nullptr) plan.heal = [nemesis] { return nemesis->heal_all(); };
  plan.final_generator = std::move(stage.workload.final_generator);
  plan.set_up = std::move(stage.workload.set_up);
  return plan;
}

/// Runs the plan; the history is in the folder afterwards, whatever happened.
Result<Tally> drive(Stage& stage, const Interruption& interruption) {
  const RunSettings& settings = stage.settings;
  std::unique_ptr<Nemesis> nemesis;
  GeneratorPtr schedule;
  if (!settings.faults.empty() || !settings.latencies.empty()) {
    NemesisSettings nemesis_settings;
    nemesis_settings.seed = settings.seed;
    nemesis_settings.interval = settings.fault_interval;
    nemesis_settings.power = stage.power;
    nemesis_settings.latencies = settings.latencies;
    auto made = make_nemesis(settings.faults, stage.nodes, stage.target, nemesis_settings);
    if (!made.ok()) return made.error();
    nemesis = std::move(*made);
    schedule = settings.fault_schedule.empty()
                   ? fault_schedule(settings.faults, stage.nodes.size(), nemesis_settings)
                   : replay_faults(settings.fault_steps);
  }
  auto recorder = Recorder::create(stage.folder, stage.workload.history, stage.progress);
  if (!recorder.ok()) return recorder.error();
  std::unique_ptr<LiveCheck> live;
  if (settings.check_during) {
    live = std::make_unique<LiveCheck>(stage.workload.history, stage.workload.check,
                                       stage.folder.file("history.assay"),
                                       [&] { interruption.stop_run(); });
  }
  const auto tell_news = [&] {
    if (live == nullptr) return;
    if (const auto news = live->news(); !news.empty()) stage.progress.say(news);
  };
  SchedulerOptions options;
  options.random = Random(settings.seed);
  options.grace = settings.operation_timeout + 3s;
  options.stop = &interruption.requested();
  options.progress = [&](Nanos now, const Tally& tally) {
    recorder->tick();
    tell_news();
    stage.progress.show(now, tally);
  };
  if (auto status = write_zero(stage.folder.path()); !status.ok()) return status.error();
  WorkerPool workers(settings.threads, stage.target, stage.nodes, nemesis.get(),
                     settings.operation_timeout);
  const Urgency urgency;  // its stamps are the times of the history
  auto tally = run_plan(
      plan_of(stage, nemesis.get(), std::move(schedule)), workers,
      [&](const Event& event) {
        if (live != nullptr) live->record(event);
        return recorder->record(event);
      },
      options);
  tell_news();
  live.reset();
  const Status closed = recorder->close();
  if (tally.ok() && !closed.ok()) return closed.error();
  return tally;
}

void collect_logs(Stage& stage, Captures* captures) {
  std::vector<std::future<std::string>> tasks;
  for (std::size_t i = 0; i < stage.nodes.size(); ++i) {
    tasks.push_back(std::async(std::launch::async, [&stage, captures, i] {
      auto folder = stage.folder.log_folder(stage.nodes[i]->name());
      if (!folder.ok()) return folder.error().message;
      for (const LogFile& file : stage.target.log_files(i)) {
        const auto status = stage.nodes[i]->download(file.remote_path, *folder + "/" + file.name);
        // A missing log is no reason to lose a verdict.
        static_cast<void>(status.ok());
      }
      if (captures == nullptr) return std::string();
      const auto counted = captures->collect(i, *folder + "/" + packets_file);
      return stage.nodes[i]->name() + ": " + (counted.ok() ? *counted : counted.error().message);
    }));
  }
  for (auto& task : tasks) {
    if (const std::string words = task.get(); !words.empty()) stage.progress.say(words);
  }
}

/// From a target that answers to a recorded history; the target is down afterwards.
Result<std::string> record_run(const RunSettings& settings, Nodes& nodes, Target& target,
                               Workload workload, const Interruption& interruption,
                               cli::Progress& progress, Power* power) {
  progress.say(fmt::format("starting {} on {} nodes", target.name(), nodes.size()));
  if (auto status = target.set_up(nodes); !status.ok()) {
    target.tear_down(nodes);
    return status.error().in(std::string(target.name()));
  }
  auto folder = RunFolder::create(settings.store, std::string(settings.target->name),
                                  std::string(settings.workload->name), settings.seed);
  if (!folder.ok()) return folder.error();
  RunStart start{utc_now(), {}, target.facts()};
  for (const auto& node : nodes) start.nodes.push_back(node->name());
  if (auto status = write_file(folder->file("plan.json"), plan_json(settings, start));
      !status.ok()) {
    return status.error();
  }
  progress.say("recording in " + folder->path());
  Stage stage{settings, nodes, target, std::move(workload), *folder, progress, power};
  std::optional<Captures> captures;
  if (settings.capture) {
    auto started = Captures::start(nodes, {});
    if (!started.ok()) {
      target.tear_down(nodes);
      return started.error();
    }
    captures = std::move(*started);
  }
  auto tally = drive(stage, interruption);
  collect_logs(stage, captures ? &*captures : nullptr);
  target.tear_down(nodes);
  if (!tally.ok()) return tally.error();
  progress.say(fmt::format("{} operations invoked: {} ok, {} fail, {} info; {} faults",
                           tally->invoked, tally->ok, tally->fail, tally->info, tally->faults));
  return folder->path();
}

}  // namespace

Result<int> run_once(const RunFlags& flags) {
  auto settings = RunSettings::from(flags);
  if (!settings.ok()) return settings.error();
  auto target = settings->target->make(settings->target_options);
  if (!target.ok()) return target.error();
  if (auto status =
          check_functions(*settings->workload, fmt::format("target {}", settings->target->name),
                          [&](std::string_view function) { return (*target)->performs(function); });
      !status.ok()) {
    return status.error();
  }
  if (const std::size_t count = (*target)->endpoints().size(); count > 0) {
    settings->nodes = static_cast<int>(count);
  }
  auto workload = settings->workload->make({.threads = settings->threads,
                                            .nodes = settings->nodes,
                                            .options = settings->workload_options});
  if (!workload.ok()) return workload.error();
  if (auto status = (*target)->expect(workload->history.datatype); !status.ok()) {
    return status.error();
  }
  const bool commands_nodes =
      !settings->faults.empty() || !settings->latencies.empty() || settings->capture;
  if (!(*target)->endpoints().empty() && commands_nodes) {
    return Error{ErrorKind::configuration,
                 "faults, topologies and captures need nodes that assay may command; these servers "
                 "run already"};
  }
  if (auto status =
          check_faults(settings->faults, **target, static_cast<std::size_t>(settings->nodes),
                       settings->hosts.empty());
      !status.ok()) {
    return status.error();
  }
  if (!settings->hosts.empty() && !flags.allow) {
    fmt::print(stderr, "{}", preflight(settings->hosts, **target, settings->faults));
    return Error{ErrorKind::not_permitted,
                 "nothing was done; say --allow if these machines are there for it"};
  }
  if (settings->sudo) {
    auto password = sudo_password(settings->sudo_password_file);
    if (!password.ok()) return password.error();
    for (NodeAddress& host : settings->hosts) host.sudo_password = *password;
  }
  CheckOptions check = workload->check;
  check.timeout = settings->check_timeout;
  if (!settings->models.empty()) check.models = settings->models;

  cli::Progress progress(flags.quiet, settings->time_limit);
  progress.say(fmt::format("seed {}: {}", settings->seed, settings->command()));
  const Interruption interruption;
  auto place = settings->hosts.empty() ? RunLab::up(settings->nodes, settings->suite, **target,
                                                    flags.keep_lab, progress)
                                       : Result<RunLab>(RunLab::of(settings->hosts));
  if (!place.ok()) return place.error();
  Result<std::string> folder = Error{};
  {
    auto nodes = place->connect();
    if (nodes.ok()) {
      folder = record_run(*settings, *nodes, **target, std::move(*workload), interruption, progress,
                          place->power());
    } else {
      folder = nodes.error();
    }
  }
  place->down(progress);
  if (!folder.ok()) return folder.error();
  progress.say("checking");
  auto code = judge_run(*folder, check, flags.json);
  // A cache of the folders: the verdict does not depend on it.
  if (auto index = RunIndex::open(settings->store); !index.ok()) {
    progress.say(index.error().message);
  }
  if (!code.ok()) return code.error();
  return *code != 1 && interruption.exit_code() != 0 ? interruption.exit_code() : *code;
}

Action define_run(CLI::App& app) {
  auto flags = std::make_shared<RunFlags>();
  flags->define(app);
  app.footer(
      "Example: assay run reference --protocol raft --nemesis partition,kill --time-limit 30s");
  return [flags] { return run_once(*flags); };
}

}  // namespace assay::cli
