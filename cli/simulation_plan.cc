#include "cli/simulation_plan.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>
#include <vector>

#include "cli/history_input.h"
#include "cli/output.h"
#include "cli/version.h"
#include "harness/run_store.h"
#include "history/formats/format.h"

namespace assay::cli {
namespace {

constexpr const char* schema = "assay.simulation/1";
constexpr const char* script_name = "script.jsonl";

class EventList final : public EventSink {
 public:
  Status add(const Event& event) override {
    events.push_back(event);
    return {};
  }
  std::vector<Event> events;
};

Status write_script(const std::string& path, const RunScript& script, int threads) {
  HistoryBuilder builder{{}};
  for (const Event& event : events_of(script, threads)) {
    if (auto status = builder.add(event); !status.ok()) return status;
  }
  auto history = builder.finish();
  if (!history.ok()) return history.error();
  return write_history(*history, path, "assay-jsonl");
}

Result<RunScript> read_script(const std::string& path, const SimulationRun& run,
                              bool clients_follow) {
  EventList list;
  ReadOptions options;
  options.format = "assay-jsonl";
  options.keyed = "no";
  if (auto status = read_events(path, options, list); !status.ok()) return status.error();
  RunScript script = script_of(list.events, run.simulation.threads);
  if (!clients_follow) script.clients.reset();
  return script;
}

Result<SimulationRun> run_of(const nlohmann::json& plan) {
  SimulationRun run;
  auto& simulation = run.simulation;
  simulation.protocol.protocol = plan.at("protocol").get<std::string>();
  simulation.protocol.options =
      plan.at("protocol_options").get<std::map<std::string, std::string>>();
  simulation.protocol.bugs = plan.at("bugs").get<std::vector<std::string>>();
  simulation.members = plan.at("members").get<std::size_t>();
  simulation.threads = plan.at("threads").get<int>();
  simulation.operation_timeout = Nanos(plan.at("op_timeout_ns").get<std::int64_t>());
  simulation.recovery = Nanos(plan.at("recovery_ns").get<std::int64_t>());
  simulation.seed = plan.at("seed").get<std::uint64_t>();
  simulation.swarm = plan.at("weather") == "drawn";
  run.workload_options = plan.at("workload_options").get<std::map<std::string, std::string>>();
  run.faults = plan.at("faults").get<std::vector<std::string>>();
  run.time_limit = Nanos(plan.at("time_limit_ns").get<std::int64_t>());
  run.fault_interval = Nanos(plan.at("fault_interval_ns").get<std::int64_t>());
  run.stagger = Nanos(plan.at("stagger_ns").get<std::int64_t>());
  run.models = plan.at("models").get<std::vector<std::string>>();
  const auto name = plan.at("workload").get<std::string>();
  const auto entry = std::find_if(workloads().begin(), workloads().end(),
                                  [&](const auto& row) { return row.name == name; });
  if (entry == workloads().end()) {
    return Error{ErrorKind::bad_data, "no workload '" + name + "'; see `assay list workloads`"};
  }
  run.workload = &*entry;
  if (simulation.threads < 1 || simulation.members < 1) {
    return Error{ErrorKind::bad_data, "expected at least one thread and one member"};
  }
  const auto status = check_settings(simulation.protocol, simulation.members);
  if (!status.ok()) return Error{ErrorKind::bad_data, status.error().message};
  return run;
}

}  // namespace

Failure failure_of(const SimulationResult& result) {
  if (!result.failed()) return {};
  const Anomaly& first = result.check.anomalies.front();
  return {first.type, first.model, first.explanation};
}

bool shows(const SimulationResult& result, const Failure& failure) {
  const auto& anomalies = result.check.anomalies;
  return std::any_of(anomalies.begin(), anomalies.end(), [&](const Anomaly& anomaly) {
    return anomaly.type == failure.type && anomaly.model == failure.model;
  });
}

bool is_simulation(const std::string& folder) {
  const auto text = read_text(folder + "/plan.json");
  if (!text.ok()) return false;
  const auto plan = nlohmann::json::parse(*text, nullptr, false);
  return plan.is_object() && plan.contains("schema") && plan.at("schema") == schema;
}

Status write_plan(const std::string& folder, const RecordedSimulation& recorded) {
  const SimulationRun& run = recorded.run;
  const auto& simulation = run.simulation;
  nlohmann::ordered_json plan{{"schema", schema},
                              {"assay", version},
                              {"protocol", simulation.protocol.protocol},
                              {"protocol_options", simulation.protocol.options},
                              {"bugs", simulation.protocol.bugs},
                              {"workload", run.workload->name},
                              {"workload_options", run.workload_options},
                              {"models", run.models},
                              {"members", simulation.members},
                              {"threads", simulation.threads},
                              {"op_timeout_ns", simulation.operation_timeout.count()},
                              {"recovery_ns", simulation.recovery.count()},
                              {"time_limit_ns", run.time_limit.count()},
                              {"stagger_ns", run.stagger.count()},
                              {"weather", simulation.swarm ? "drawn" : "calm"},
                              {"faults", run.faults},
                              {"fault_interval_ns", run.fault_interval.count()},
                              {"seed", simulation.seed},
                              {"failure", recorded.failure.type},
                              {"failure_model", recorded.failure.model},
                              {"because", recorded.failure.because},
                              {"digest", recorded.digest},
                              {"command", recorded.command}};
  if (run.script) {
    plan["script"] = script_name;
    plan["clients_follow_script"] = run.script->clients.has_value();
    auto status = write_script(folder + "/" + script_name, *run.script, simulation.threads);
    if (!status.ok()) return status;
  }
  using Dump = nlohmann::ordered_json::error_handler_t;
  return write_file(folder + "/plan.json", plan.dump(2, ' ', false, Dump::replace) + "\n");
}

Result<RecordedSimulation> read_plan(const std::string& path) {
  const std::string file = path + "/plan.json";
  auto text = read_text(file);
  if (!text.ok()) return text.error();
  try {
    const auto plan = nlohmann::json::parse(*text);
    if (plan.at("schema") != schema) {
      return Error{ErrorKind::bad_data,
                   file + ": expected schema " + schema + ", got " + plan.at("schema").dump()};
    }
    auto run = run_of(plan);
    if (!run.ok()) return run.error().in(file);
    RecordedSimulation recorded{
        *std::move(run),
        {plan.at("failure").get<std::string>(), plan.at("failure_model").get<std::string>(),
         plan.value("because", "")},
        plan.at("digest").get<std::string>(),
        plan.value("command", "assay replay " + shell_word(path)),
        plan.value("assay", "")};
    if (plan.contains("script")) {
      auto script = read_script(path + "/" + script_name, recorded.run,
                                plan.at("clients_follow_script").get<bool>());
      if (!script.ok()) return script.error();
      recorded.run.script = *std::move(script);
    }
    return recorded;
  } catch (const nlohmann::json::exception& error) {
    return Error{ErrorKind::bad_data, file + ": " + error.what()};
  }
}

Result<CheckResult> judge_again(const RecordedSimulation& recorded, const History& history) {
  auto result = judge(recorded.run, history);
  const Failure& failure = recorded.failure;
  if (result.ok() && is_finding(failure.type)) {
    add_finding(*result, failure.type, failure.model, failure.because);
  }
  return result;
}

}  // namespace assay::cli
