// assay sim PROTOCOL: the reference cluster's protocols in a deterministic simulated world. One
// seed is one history, bit for bit; many seeds are a search; --bugs is a hunt for planted bugs.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/sim_seeds.h"
#include "cli/simulation_run.h"
#include "harness/run_store.h"
#include "history/journal.h"
#include "reports/report.h"
#include "targets/reference/protocols/catalogue.h"

namespace assay::cli {
namespace {

Result<std::uint64_t> parse_number(const std::string& flag, const std::string& text) {
  try {
    std::size_t read = 0;
    const std::uint64_t number = std::stoull(text, &read);
    if (read == text.size() && text.front() != '-') return number;
  } catch (const std::exception&) {
    // Said below.
  }
  return Error{ErrorKind::usage, flag + ": '" + text + "' is not a number from 0 to 2^64-1"};
}

/// What a person and a script learn of one seed.
std::string words_of(const SimulationResult& result) {
  if (result.outcome.flooded) {
    return fmt::format("members answer each other without end: {} steps", result.outcome.steps);
  }
  if (!result.outcome.stuck.empty()) {
    return fmt::format("no progress on {} after everything was healed",
                       fmt::join(result.outcome.stuck, " "));
  }
  if (!result.outcome.diverged.empty()) {
    return fmt::format("members differ at the end: {}", fmt::join(result.outcome.diverged, "; "));
  }
  if (result.check.verdict == Verdict::unknown) return result.check.unknown_because;
  return result.check.anomalies.empty() ? "" : result.check.anomalies.front().explanation;
}

nlohmann::ordered_json json_of(const SimulationRun& run, const SimulationResult& result) {
  std::vector<std::string> types;
  for (const Anomaly& anomaly : result.check.anomalies) types.push_back(anomaly.type);
  return {{"seed", run.simulation.seed},
          {"verdict", name_of(result.check.verdict)},
          {"model", result.check.model},
          {"digest", result.history.digest()},
          {"members", run.simulation.members},
          {"operations", result.history.size()},
          {"acknowledged", result.outcome.tally.ok},
          {"faults", run.faults},
          {"injected", result.outcome.tally.faults},
          {"steps", result.outcome.steps},
          {"virtual_s", static_cast<double>(result.outcome.virtual_time.count()) / 1e9},
          {"stuck", result.outcome.stuck},
          {"diverged", result.outcome.diverged},
          {"anomalies", types},
          {"because", words_of(result)}};
}

RunSummary summary_of(const SimFlags& flags, const SimulationRun& run, const std::string& source) {
  RunSummary summary;
  summary.title = "simulated " + flags.protocol + " / " + std::string(run.workload->name);
  summary.source = source;
  summary.target = "sim";
  summary.workload = run.workload->name;
  summary.seed = run.simulation.seed;
  summary.has_seed = true;
  for (std::size_t i = 1; i <= run.simulation.members; ++i)
    summary.nodes.push_back(fmt::format("n{}", i));
  summary.facts["protocol"] = flags.protocol;
  if (!flags.bugs.empty()) summary.facts["bug"] = fmt::format("{}", fmt::join(flags.bugs, ","));
  summary.repeat_command = command_of(flags, run.simulation.seed);
  summary.check_command = "assay check " + shell_word(source);
  return summary;
}

/// The exit code of one seed: no progress is a violation of what the protocol promises too.
int code_of(const SimulationResult& result) {
  return result.failed() ? exit_code(Verdict::violation) : exit_code(result.check.verdict);
}

Status write_out(const SimFlags& flags, const RunSummary& summary, const SimulationResult& result) {
  const std::string certificate =
      result.check.certificate.empty() ? "" : flags.out + "/certificate.json";
  struct Output {
    std::string path;
    std::string text;
  };
  std::vector<Output> outputs{
      {flags.out + "/verdict.json",
       render_json(summary, result.history, result.check, certificate)},
      {flags.out + "/report.html", render_html(summary, result.history, result.check)}};
  if (!certificate.empty()) outputs.push_back({certificate, to_json(result.check.certificate)});
  for (const Output& output : outputs) {
    if (auto status = write_file(output.path, output.text); !status.ok()) return status;
  }
  return {};
}

Result<int> run_one(const SimFlags& flags, const SimulationRun& run) {
  std::optional<JournalWriter> journal;
  const std::string source = flags.out.empty() ? "-" : flags.out + "/history.assay";
  if (!flags.out.empty()) {
    std::error_code failure;
    std::filesystem::create_directories(flags.out, failure);
    if (failure) return Error{ErrorKind::cannot_write, flags.out + ": " + failure.message()};
    auto workload = run.workload->make({.threads = run.simulation.threads,
                                        .nodes = static_cast<int>(run.simulation.members),
                                        .options = run.workload_options});
    if (!workload.ok()) return workload.error();
    auto made = JournalWriter::create(source, workload->history);
    if (!made.ok()) return made.error();
    journal.emplace(std::move(*made));
  }
  auto result = run_simulation(run, [&](const Event& event) -> Status {
    return journal ? journal->append(event) : Status();
  });
  if (!result.ok()) return result.error();
  if (journal) {
    if (auto status = journal->close(); !status.ok()) return status.error();
  }
  const RunSummary summary = summary_of(flags, run, source);
  if (!flags.out.empty()) {
    if (auto status = write_out(flags, summary, *result); !status.ok()) return status.error();
  }
  if (flags.json) {
    auto document = json_of(run, *result);
    document["schema"] = "assay.sim/1";
    document["command"] = summary.repeat_command;
    fmt::print("{}\n",
               document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return code_of(*result);
  }
  fmt::print("{}", render_text(summary, result->history, result->check, color_wanted()));
  fmt::print("history {}: {} of {} operations acknowledged in {} of virtual time, {} steps\n",
             result->history.digest(), result->outcome.tally.ok, result->outcome.tally.invoked,
             format_duration(result->outcome.virtual_time), result->outcome.steps);
  fmt::print("faults: {} of {}\n", result->outcome.tally.faults, fmt::join(run.faults, ", "));
  if (result->check.verdict != Verdict::violation && result->failed()) {
    fmt::print("violation: {}\n", words_of(*result));
  }
  return code_of(*result);
}

Result<int> run_many(const SimFlags& flags, std::uint64_t first) {
  std::mutex mutex;
  std::map<std::uint64_t, nlohmann::ordered_json> rows;  // by seed: the same for any -j
  std::optional<Error> failure;
  int worst = 0;
  for_each_seed(flags, first, flags.seeds, [&](std::uint64_t seed) {
    auto run = settings_of(flags, seed);
    auto result = run.ok() ? run_simulation(*run) : Result<SimulationResult>(run.error());
    const std::lock_guard lock(mutex);
    if (!result.ok()) {
      failure = result.error();
      return false;
    }
    const int code = code_of(*result);
    // Unknown never hides a violation.
    if (code == 1 || worst == 0) worst = code;
    auto row = json_of(*run, *result);
    if (code != 0) row["command"] = command_of(flags, seed);
    rows[seed] = std::move(row);
    return true;
  });
  if (failure) return *failure;
  nlohmann::ordered_json document{{"schema", "assay.sim/1"}, {"protocol", flags.protocol}};
  document["seeds"] = nlohmann::ordered_json::array();
  std::map<std::string, std::uint64_t> counts;
  for (const auto& [seed, row] : rows) {
    const std::string what = !row.at("stuck").empty()      ? "no progress"
                             : !row.at("diverged").empty() ? "divergence"
                                                           : row.at("verdict").get<std::string>();
    ++counts[what];
    if (!flags.json && row.contains("command")) {
      fmt::print("seed {}: {}: {}\n  {}\n", seed, what, row.at("because").get<std::string>(),
                 row.at("command").get<std::string>());
    }
    document["seeds"].push_back(row);
  }
  if (flags.json) {
    fmt::print("{}\n",
               document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return worst;
  }
  std::vector<std::string> words;
  for (const auto& [name, count] : counts) words.push_back(fmt::format("{} {}", count, name));
  fmt::print("{} seeds of {}: {}\n", rows.size(), flags.protocol, fmt::join(words, ", "));
  return worst;
}

Result<int> simulate(const SimFlags& flags) {
  std::uint64_t first = 1;
  if (!flags.seed.empty()) {
    auto parsed = parse_number("--seed", flags.seed);
    if (!parsed.ok()) return parsed.error();
    first = *parsed;
  }
  if (!flags.hunt.empty()) return hunt_bugs(flags, first);
  if (flags.protocol.empty()) {
    return Error{ErrorKind::usage, "PROTOCOL is missing; see `assay list protocols`"};
  }
  if (flags.seeds > 1) return run_many(flags, first);
  auto run = settings_of(flags, first);
  if (!run.ok()) return run.error();
  return run_one(flags, *run);
}

/// Each name once, whoever else has it.
template <class Options>
void define_options(CLI::App& app, SimFlags& flags, const Options& options,
                    const std::string& whose) {
  for (const auto& option : options) {
    const std::string name(option.name);
    if (app.get_option_no_throw("--" + name) != nullptr) continue;
    app.add_option_function<std::string>(
           "--" + name, [&flags, name](const std::string& value) { flags.options[name] = value; },
           fmt::format("{} ({}; default {})", option.summary, option.values, option.fallback))
        ->group("Options of " + whose);
  }
}

}  // namespace

Action define_sim(CLI::App& app) {
  auto flags = std::make_shared<SimFlags>();
  app.add_option("PROTOCOL", flags->protocol, "what to simulate: see `assay list protocols`");
  app.add_option("--seed", flags->seed, "fixes everything; the first of --seeds (default 1)");
  app.add_option("--seeds", flags->seeds, "how many seeds, one after the other")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}))
      ->capture_default_str();
  app.add_option("--nodes,-n", flags->members,
                 "members of the cluster; default: each seed's choice")
      ->check(CLI::Range(1, 9));
  app.add_option("--concurrency", flags->threads, "clients; default: two a member")
      ->check(CLI::Range(1, 1000));
  app.add_option("--time-limit", flags->time_limit, "virtual time under faults")
      ->capture_default_str();
  app.add_option("--rate", flags->rate,
                 "invocations in all, e.g. 500/s; default: each seed's choice");
  app.add_option("--workload,-w", flags->workload,
                 "what to ask: see `assay list workloads`; default: the protocol's");
  app.add_option("--model", flags->models,
                 "model to check, or convergence; default: what the protocol promises");
  app.add_option("--nemesis", flags->faults, "faults, comma separated; default: each seed's choice")
      ->delimiter(',');
  app.add_option("--nemesis-interval", flags->fault_interval,
                 "about how long a fault lasts; default: each seed's choice");
  app.add_option("--bug", flags->bugs, "bugs to switch on, comma separated: `assay list bugs`")
      ->delimiter(',');
  app.add_option("--bugs", flags->hunt, "hunt: `all`, or one bug; seeds until each is found");
  app.add_option("--hunt-limit", flags->hunt_limit, "time for each bug of a hunt")
      ->capture_default_str();
  app.add_option("--out", flags->out, "folder for history, verdict, certificate and report");
  app.add_option("-j,--jobs", flags->jobs, "seeds at a time; default: as many as cores");
  app.add_flag("--calm", flags->calm, "good weather: only the faults of --nemesis");
  app.add_flag("--json", flags->json, "a JSON document on standard output");
  for (const auto& entry : reference::protocols()) {
    define_options(app, *flags, entry.options, fmt::format("protocol {}", entry.name));
  }
  for (const auto& entry : workloads()) {
    define_options(app, *flags, entry.options, fmt::format("workload {}", entry.name));
  }
  app.footer(
      "Example: assay sim raft --seeds 100\n"
      "         assay sim raft --bug unconfirmed-read --seed 3 --out /tmp/run\n"
      "         assay sim --bugs all");
  return [flags] { return simulate(*flags); };
}

}  // namespace assay::cli
