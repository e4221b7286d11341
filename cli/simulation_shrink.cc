#include "cli/simulation_shrink.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "checker/linearizability/shrink.h"

namespace assay::cli {
namespace {

/// A start of a fault with the stop that ends it, as positions in the script.
using FaultSpan = std::vector<std::uint32_t>;

std::vector<FaultSpan> spans_of(const Script& faults) {
  std::vector<FaultSpan> spans;
  std::map<std::string, std::size_t> open;  // by name
  for (std::uint32_t at = 0; at < faults.size(); ++at) {
    const std::string& f = faults[at].invocation.f;
    const std::string name = f.substr(f.find('-') + 1);
    if (f.starts_with("start-")) {
      open[name] = spans.size();
      spans.push_back({at});
    } else if (const auto start = open.extract(name); !start.empty()) {
      spans[start.mapped()].push_back(at);
    }
  }
  return spans;
}

class Shrinker {
 public:
  Shrinker(const SimulationRun& run, const ShrinkLimits& limits)
      : limits_(limits), deadline_(monotonic_now() + limits.time), best_{run, {}, {}, {}} {}

  Result<ShrunkSimulation> shrink() {
    if (auto status = begin(); !status.ok()) return status.error();
    const bool clients_follow = best_.run.script->clients.has_value();
    if (clients_follow) leave_out_other_keys();
    calm_the_weather();
    bool minimal = leave_out_faults();
    if (clients_follow) leave_out_clients();
    // What one of them leaves out can make more of the other dispensable.
    for (bool smaller = clients_follow; smaller;) {
      const SimulationSize before = size_of(*best_.run.script);
      minimal = leave_out_operations();
      minimal = leave_out_faults() && minimal;
      smaller = size_of(*best_.run.script) != before;
      if (smaller && out_of_time()) {
        minimal = false;
        break;
      }
    }
    if (failure_) return *failure_;
    return ShrunkSimulation{best_, before_, size_of(*best_.run.script), runs_, minimal};
  }

 private:
  static SimulationSize size_of(const RunScript& script) {
    std::set<int> threads;
    for (const ScriptLine& line : script.clients.value_or(Script{})) threads.insert(line.thread);
    return {spans_of(script.faults).size(), threads.size(),
            script.clients.value_or(Script{}).size()};
  }

  void say(const std::string& stage) const {
    if (limits_.progress) limits_.progress(stage);
  }
  bool out_of_time() const { return failure_ || monotonic_now() >= deadline_; }

  /// Does the candidate show the same? Then it is the best so far.
  bool try_out(SimulationRun candidate) {
    ++runs_;
    auto result = run_simulation(candidate);
    if (!result.ok()) {
      failure_ = result.error();
      return false;
    }
    if (!shows(*result, best_.failure)) return false;
    best_.run = std::move(candidate);
    best_.digest = result->history.digest();
    witness_keys_ = keys_of(*result);
    return true;
  }
  bool try_script(RunScript script) {
    SimulationRun candidate = best_.run;
    candidate.script = std::move(script);
    return try_out(std::move(candidate));
  }

  static std::set<Value> keys_of(const SimulationResult& result) {
    std::set<Value> keys;
    for (const Anomaly& anomaly : result.check.anomalies) {
      if (anomaly.key) keys.insert(*anomaly.key);
    }
    return keys;
  }

  /// Runs it once more, for its script.
  Status begin() {
    std::vector<Event> events;
    auto result = run_simulation(best_.run, [&](const Event& event) -> Status {
      events.push_back(event);
      return {};
    });
    if (!result.ok()) return result.error();
    best_.failure = failure_of(*result);
    best_.digest = result->history.digest();
    if (best_.failure.type.empty()) {
      return Error{ErrorKind::bad_data, "this run does not fail, so there is nothing to shrink"};
    }
    RunScript script = script_of(events, best_.run.simulation.threads);
    before_ = size_of(script);
    // Members may be asked whether they agree after any operations.
    const bool is_of_history = result->unsafe() || best_.failure.type == divergence;
    if (is_of_history && try_script(script)) return {};
    // Progress is asked for with the workload's own operations.
    script.clients.reset();
    if (try_script(std::move(script))) return {};
    return failure_ ? *failure_
                    : Error{ErrorKind::internal, "the run's own script does not show its failure"};
  }

  void leave_out_other_keys() {
    if (witness_keys_.empty()) return;
    say("keys");
    RunScript script = *best_.run.script;
    std::erase_if(*script.clients, [&](const ScriptLine& line) {
      return line.invocation.key && !witness_keys_.contains(*line.invocation.key);
    });
    if (script.clients->size() < best_.run.script->clients->size()) try_script(std::move(script));
  }

  /// Tries subsets of `count` parts; `keep` makes the script of some of them. True: minimal.
  template <class Keep>
  bool leave_out(std::size_t count, const Keep& keep) {
    Subset all(count);
    for (std::uint32_t i = 0; i < count; ++i) all[i] = i;
    if (count == 0) return true;
    if (try_script(keep(Subset{}))) return true;
    const auto still_fails = [&](const Subset& candidate, Subset& failing) {
      if (!try_script(keep(candidate))) return false;
      failing = candidate;
      return true;
    };
    return assay::shrink(std::move(all), still_fails, [&] { return out_of_time(); }).minimal;
  }

  bool leave_out_faults() {
    say("faults");
    const RunScript whole = *best_.run.script;
    const std::vector<FaultSpan> spans = spans_of(whole.faults);
    return leave_out(spans.size(), [&](const Subset& kept) {
      std::vector<std::uint32_t> lines;
      for (const std::uint32_t span : kept) {
        lines.insert(lines.end(), spans[span].begin(), spans[span].end());
      }
      std::sort(lines.begin(), lines.end());
      RunScript script{whole.clients, {}};
      for (const std::uint32_t line : lines) script.faults.push_back(whole.faults[line]);
      return script;
    });
  }

  void leave_out_clients() {
    say("clients");
    const RunScript whole = *best_.run.script;
    std::set<int> threads;
    for (const ScriptLine& line : *whole.clients) threads.insert(line.thread);
    const std::vector<int> all(threads.begin(), threads.end());
    leave_out(all.size(), [&](const Subset& kept) {
      std::set<int> stay;
      for (const std::uint32_t at : kept) stay.insert(all[at]);
      RunScript script = whole;
      std::erase_if(*script.clients,
                    [&](const ScriptLine& line) { return !stay.contains(line.thread); });
      return script;
    });
  }

  bool leave_out_operations() {
    say("operations");
    const RunScript whole = *best_.run.script;
    return leave_out(whole.clients->size(), [&](const Subset& kept) {
      RunScript script{Script{}, whole.faults};
      for (const std::uint32_t at : kept) script.clients->push_back((*whole.clients)[at]);
      return script;
    });
  }

  void calm_the_weather() {
    if (!best_.run.simulation.swarm || out_of_time()) return;
    say("weather");
    SimulationRun candidate = best_.run;
    candidate.simulation.swarm = false;
    try_out(std::move(candidate));
  }

  const ShrinkLimits& limits_;
  Nanos deadline_;
  RecordedSimulation best_;
  SimulationSize before_;
  std::set<Value> witness_keys_;
  std::size_t runs_ = 0;
  std::optional<Error> failure_;
};

}  // namespace

Result<ShrunkSimulation> shrink_simulation(const SimulationRun& failing,
                                           const ShrinkLimits& limits) {
  return Shrinker(failing, limits).shrink();
}

}  // namespace assay::cli
