// assay sim PROTOCOL: the reference cluster's protocols in a deterministic simulated world. One
// seed is one history, bit for bit; many seeds are a search; --bugs is a hunt for planted bugs.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/sim_seeds.h"
#include "cli/simulation_output.h"
#include "cli/simulation_run.h"
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

Result<int> run_many(const SimFlags& flags, std::uint64_t first) {
  std::mutex mutex;
  std::map<std::uint64_t, nlohmann::ordered_json> rows;  // by seed: the same for any -j
  std::optional<Error> failure;
  int worst = 0;
  for_each_number(flags.jobs, first, flags.seeds, [&](std::uint64_t seed) {
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
    const auto& anomalies = row.at("anomalies");
    const std::string what = anomalies.empty() ? row.at("verdict").get<std::string>()
                                               : anomalies.at(0).get<std::string>();
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
  auto result = run_and_report(
      *run, {flags.out, flags.json ? Printing::json : Printing::text, command_of(flags, first)});
  if (!result.ok()) return result.error();
  return code_of(*result);
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
  app.add_option(
      "--model", flags->models,
      "model to check, or convergence; default: what the protocol promises of registers, "
      "else the workload's");
  app.add_option("--nemesis", flags->faults,
                 "faults, comma separated, or none; default: each seed's choice")
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
