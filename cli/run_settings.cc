#include "cli/run_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "base/random.h"
#include "base/suggestion.h"
#include "cli/history_input.h"
#include "cli/hosts.h"
#include "cli/option_tables.h"
#include "cli/output.h"
#include "cli/topology.h"
#include "cli/version.h"
#include "nemesis/registry.h"
#include "targets/registry.h"

namespace assay::cli {
namespace {

constexpr const char* plan_schema = "assay.plan/1";

constexpr int threads_max = 1'000;

template <class Table>
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  for (const auto& entry : table) names.emplace_back(entry.name);
  return names;
}

template <class Table>
auto find_entry(const Table& table, const std::string& name) {
  const auto at = std::find_if(table.begin(), table.end(),
                               [&](const auto& entry) { return entry.name == name; });
  return at == table.end() ? nullptr : &*at;
}

Error unknown_name(const char* kind, const std::string& name,
                   const std::vector<std::string>& known) {
  return {ErrorKind::usage, fmt::format("unknown {} '{}'{}; known: {}", kind, name,
                                        did_you_mean(name, known), fmt::join(known, ", "))};
}

template <class Options>
std::map<std::string, std::string> with_fallbacks(const Options& options,
                                                  const std::map<std::string, std::string>& given) {
  std::map<std::string, std::string> filled;
  for (const auto& option : options) {
    const auto at = given.find(std::string(option.name));
    filled[std::string(option.name)] =
        at == given.end() ? std::string(option.fallback) : at->second;
  }
  return filled;
}

/// "10" threads, or "3n": three for each node.
Result<int> parse_concurrency(const std::string& text, int nodes) {
  int number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const bool fits = failure == std::errc{} && number > 0 && number <= threads_max;
  if (fits && rest.empty()) return number;
  if (fits && rest == "n" && number * nodes <= threads_max) return number * nodes;
  return Error{ErrorKind::usage, fmt::format("--concurrency: '{}' is not a number of threads (10) "
                                             "or of threads a node (2n), at most {} in all",
                                             text, threads_max)};
}

Result<std::uint64_t> parse_seed(const std::string& text) {
  if (text.empty()) return random_seed();
  std::uint64_t seed = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (failure == std::errc{} && end == text.data() + text.size()) return seed;
  return Error{ErrorKind::usage, "--seed: '" + text + "' is not a number from 0 to 2^64-1"};
}

/// The time fields; each error is prefixed by its flag.
Status read_durations(const RunFlags& flags, RunSettings& settings) {
  struct Field {
    const char* flag;
    const std::string& text;
    Nanos& value;
  };
  for (const Field& field :
       {Field{"--time-limit", flags.time_limit, settings.time_limit},
        Field{"--op-timeout", flags.operation_timeout, settings.operation_timeout},
        Field{"--nemesis-interval", flags.fault_interval, settings.fault_interval}}) {
    auto parsed = parse_duration(field.text);
    if (!parsed.ok()) return parsed.error().in(field.flag);
    if (parsed->count() == 0) {
      return Error{ErrorKind::usage, std::string(field.flag) + ": must be longer than nothing"};
    }
    field.value = *parsed;
  }
  settings.check_during = flags.check == "during";
  if (!flags.check_timeout.empty()) {
    auto parsed = parse_duration(flags.check_timeout);
    if (!parsed.ok()) return parsed.error().in("--check-timeout");
    settings.check_timeout = *parsed;
  }
  return {};
}

Status read_names(const RunFlags& flags, RunSettings& settings) {
  settings.target = find_entry(targets(), flags.target);
  if (settings.target == nullptr) {
    return unknown_name("target", flags.target, names_of(targets()));
  }
  settings.workload = find_entry(workloads(), flags.workload);
  if (settings.workload == nullptr) {
    return unknown_name("workload", flags.workload, names_of(workloads()));
  }
  std::vector<std::string> wanted = flags.faults;
  if (!flags.fault_schedule.empty()) {
    if (!flags.faults.empty()) {
      return Error{ErrorKind::usage, "--nemesis and --fault-schedule exclude each other"};
    }
    const auto text = read_text(flags.fault_schedule);
    if (!text.ok()) return text.error().in("--fault-schedule");
    auto steps = parse_fault_schedule(*text);
    if (!steps.ok()) return steps.error().in("--fault-schedule " + flags.fault_schedule);
    settings.fault_schedule = flags.fault_schedule;
    settings.fault_steps = std::move(*steps);
    wanted = faults_of(settings.fault_steps);
  }
  for (const std::string& fault : expand_faults(wanted)) {
    if (find_entry(faults(), std::string(fault_name(fault))) == nullptr) {
      auto known = names_of(faults());
      for (const std::string& package : names_of(fault_packages())) known.push_back(package);
      return unknown_name("fault", fault, known);
    }
    settings.faults.push_back(fault);
  }
  for (const auto& [name, value] : flags.options) {
    if (!has_option(settings.target->options, name) &&
        !has_option(settings.workload->options, name)) {
      return Error{ErrorKind::usage,
                   fmt::format("--{} belongs neither to target {} nor to workload {}; see `assay "
                               "list targets` and `assay list workloads`",
                               name, flags.target, flags.workload)};
    }
  }
  return {};
}

template <class Table>
void define_options(CLI::App& app, const Table& table, const char* kind,
                    std::set<std::string>& defined, std::map<std::string, std::string>& options) {
  for (const auto& entry : table) {
    for (const auto& option : entry.options) {
      const std::string name(option.name);
      if (!defined.insert(name).second) continue;
      app.add_option_function<std::string>(
             "--" + name, [&options, name](const std::string& value) { options[name] = value; },
             fmt::format("{} ({}; default {})", option.summary, option.values, option.fallback))
          ->group(fmt::format("Options of {} {}", kind, entry.name));
    }
  }
}

/// Whether that is what an entry (of a target or workload) has anyway.
template <class Entry>
bool is_fallback(const Entry& entry, const std::string& name, const std::string& value) {
  return std::any_of(entry.options.begin(), entry.options.end(), [&](const auto& option) {
    return option.name == name && option.fallback == value;
  });
}

/// The options of a target that are not its defaults: "protocol=raft read=local".
std::string configuration_of(const std::string& target,
                             const std::map<std::string, std::string>& options) {
  const TargetEntry* entry = find_target(target);
  std::string text;
  for (const auto& [name, value] : options) {
    const bool standard = entry != nullptr && is_fallback(*entry, name, value);
    if (!standard) text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
  }
  return text;
}

}  // namespace

Result<Nanos> parse_rate(const std::string& text) {
  if (text.empty()) return Nanos{0};
  double per_second = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), per_second);
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (failure == std::errc{} && rest == "/s" && per_second >= 0.001 && per_second <= 1e8) {
    return Nanos(static_cast<std::int64_t>(1e9 / per_second));
  }
  return Error{ErrorKind::usage, "--rate: '" + text + "' is not a rate: expected e.g. 1000/s"};
}

std::string rate_text(Nanos stagger) {
  if (stagger.count() <= 0) return {};
  return fmt::format("{:.6g}/s", 1e9 / static_cast<double>(stagger.count()));
}

void add_pace(std::map<std::string, std::string>& facts, const Pace& pace) {
  facts["--concurrency"] = std::to_string(pace.threads);
  facts["--time-limit"] = exact_duration(pace.time_limit);
  facts["--op-timeout"] = exact_duration(pace.operation_timeout);
  if (pace.stagger.count() > 0) facts["--rate"] = rate_text(pace.stagger);
  if (pace.fault_interval.count() > 0) {
    facts["--nemesis-interval"] = exact_duration(pace.fault_interval);
  }
}

void RunFlags::define(CLI::App& app) {
  app.add_option("TARGET", target, "what to test: see `assay list targets`")->required();
  app.add_option("--workload,-w", workload, "what to ask: see `assay list workloads`")
      ->capture_default_str();
  app.add_option("--nodes,-n", nodes, "nodes of the lab")
      ->check(CLI::Range(1, 9))
      ->capture_default_str();
  define_suite(app);
  app.add_option(
         "--hosts", hosts,
         "instead of a lab's nodes: machines of yours, comma separated, each user@host:port "
         "or a name of ~/.ssh/config")
      ->delimiter(',');
  app.add_flag("--sudo", sudo, "with --hosts: run commands by sudo");
  app.add_option("--sudo-password-file", sudo_password_file,
                 "what sudo asks for is the first line of this file, or typed (-); or set "
                 "ASSAY_SUDO_PASSWORD");
  app.add_flag("--allow", allow, "with --hosts: do what the preflight shows");
  app.add_option("--concurrency", concurrency, "client threads: a number, or 2n for two a node")
      ->capture_default_str();
  app.add_option("--time-limit", time_limit, "how long to run the workload")->capture_default_str();
  app.add_option("--rate", rate, "invocations in all, e.g. 1000/s; default: as fast as it goes");
  app.add_option("--op-timeout", operation_timeout, "then an operation is given up")
      ->capture_default_str();
  app.add_option("--model,-m", models, "model to check (repeat); default: the workload's")
      ->allow_extra_args(false);
  app.add_option("--nemesis", faults,
                 "faults and packages of faults, comma separated: see `assay list faults`; "
                 "kill:primaries, kill:n1+n3: of these nodes")
      ->delimiter(',');
  app.add_option("--nemesis-interval", fault_interval, "about how long a fault lasts")
      ->capture_default_str();
  app.add_option("--fault-schedule", fault_schedule,
                 "instead of --nemesis: the faults of this file, the faults.jsonl of a run, at the "
                 "same offsets");
  app.add_option("--topology", topology,
                 "a TOML file of zones and the latency between them: see docs/lab.md");
  app.add_flag("--capture", capture,
               "record the packets of every node, as logs/NODE/packets.pcap of the run");
  app.add_option("--seed", seed, "fixes every random choice of the plan; default: a random one");
  app.add_option("--store", store, "folder of the runs")->capture_default_str();
  app.add_option("--check", check,
                 "after: when the run is over; during: also while it goes, and the run stops at "
                 "the first violation")
      ->check(CLI::IsMember({"after", "during"}))
      ->capture_default_str();
  app.add_option("--check-timeout", check_timeout, "then the verdict is unknown");
  app.add_option("--campaign", campaign, "whose run this is in the store: set by assay campaign");
  app.add_option("--experiment", experiment, "… and of which of its experiments");
  app.add_flag("--keep-lab", keep_lab, "leave a lab that this run brought up");
  app.add_flag("--json", json, "the verdict as a JSON document on standard output");
  app.add_flag("--quiet,-q", quiet, "no progress");
  define_tables(app);
}

void RunFlags::define_suite(CLI::App& app) {
  app.add_option("--suite", suite,
                 "of Debian, from which a lab's nodes have the database: bookworm, trixie, sid, …; "
                 "else bookworm, or the one that has the target");
}

std::string RunFlags::lab_suite() const {
  return suite.empty() ? std::string(suite_of(target)) : suite;
}

void RunFlags::define_tables(CLI::App& app) {
  std::set<std::string> defined;
  define_options(app, targets(), "target", defined, options);
  define_options(app, workloads(), "workload", defined, options);
}

Result<RunSettings> RunSettings::from(const RunFlags& flags) {
  RunSettings settings;
  if (auto status = read_names(flags, settings); !status.ok()) return status.error();
  if (auto status = read_durations(flags, settings); !status.ok()) return status.error();
  if (!flags.sudo && !flags.sudo_password_file.empty()) {
    return Error{ErrorKind::usage, "--sudo-password-file: of use with --sudo only"};
  }
  auto hosts = parse_hosts(flags.hosts, flags.sudo);
  if (!hosts.ok()) return hosts.error();
  const int nodes = hosts->empty() ? flags.nodes : static_cast<int>(hosts->size());
  auto threads = parse_concurrency(flags.concurrency, nodes);
  if (!threads.ok()) return threads.error();
  auto stagger = parse_rate(flags.rate);
  if (!stagger.ok()) return stagger.error();
  auto seed = parse_seed(flags.seed);
  if (!seed.ok()) return seed.error();
  settings.nodes = nodes;
  settings.suite = flags.lab_suite();
  settings.host_words = flags.hosts;
  settings.hosts = std::move(*hosts);
  settings.sudo = flags.sudo;
  settings.sudo_password_file = flags.sudo_password_file;
  settings.threads = *threads;
  settings.capture = flags.capture;
  if (!flags.topology.empty()) {
    auto latencies = read_topology(flags.topology, nodes);
    if (!latencies.ok()) return latencies.error();
    settings.topology_file = flags.topology;
    settings.latencies = std::move(*latencies);
  }
  settings.stagger = *stagger;
  settings.seed = *seed;
  settings.store = flags.store;
  settings.campaign = flags.campaign;
  settings.experiment = flags.experiment;
  settings.given = flags.options;
  settings.models = flags.models;
  settings.target_options = with_fallbacks(settings.target->options, flags.options);
  settings.workload_options = with_fallbacks(settings.workload->options, flags.options);
  return settings;
}

std::vector<std::string> RunSettings::arguments() const {
  std::vector<std::string> words{"run", std::string(target->name)};
  const auto add = [&words](const std::string& flag, const std::string& value) {
    words.push_back("--" + flag);
    words.push_back(value);
  };
  add("workload", std::string(workload->name));
  if (hosts.empty()) add("nodes", std::to_string(nodes));
  if (suite != suite_of(target->name)) add("suite", suite);
  if (!hosts.empty()) add("hosts", fmt::format("{}", fmt::join(host_words, ",")));
  if (sudo) words.emplace_back("--sudo");
  if (!sudo_password_file.empty()) add("sudo-password-file", sudo_password_file);
  for (const auto& [name, value] : given) {
    if (!is_fallback(*target, name, value) && !is_fallback(*workload, name, value)) {
      add(name, value);
    }
  }
  add("concurrency", std::to_string(threads));
  add("time-limit", exact_duration(time_limit));
  for (const std::string& model : models) add("model", model);
  if (!fault_schedule.empty()) {
    add("fault-schedule", fault_schedule);
  } else if (!faults.empty()) {
    add("nemesis", fmt::format("{}", fmt::join(faults, ",")));
    add("nemesis-interval", exact_duration(fault_interval));
  }
  if (stagger.count() > 0) add("rate", rate_text(stagger));
  if (!topology_file.empty()) add("topology", topology_file);
  if (capture) words.emplace_back("--capture");
  add("op-timeout", exact_duration(operation_timeout));
  add("seed", std::to_string(seed));
  return words;
}

std::string RunSettings::command() const {
  std::string text = "assay";
  for (const std::string& word : arguments()) text += " " + shell_word(word);
  return text;
}

std::string plan_json(const RunSettings& settings, const RunStart& start) {
  const nlohmann::ordered_json document = {{"schema", plan_schema},
                                           {"assay", version},
                                           {"command", settings.command()},
                                           {"started", start.started},
                                           {"target", settings.target->name},
                                           {"target_options", settings.target_options},
                                           {"facts", start.facts},
                                           {"workload", settings.workload->name},
                                           {"workload_options", settings.workload_options},
                                           {"nodes", start.nodes},
                                           {"suite", settings.suite},
                                           {"hosts", settings.host_words},
                                           {"sudo", settings.sudo},
                                           {"sudo_password_file", settings.sudo_password_file},
                                           {"threads", settings.threads},
                                           {"time_limit_ns", settings.time_limit.count()},
                                           {"stagger_ns", settings.stagger.count()},
                                           {"op_timeout_ns", settings.operation_timeout.count()},
                                           {"models", settings.models},
                                           {"faults", settings.faults},
                                           {"fault_interval_ns", settings.fault_interval.count()},
                                           {"fault_schedule", settings.fault_schedule},
                                           {"topology", settings.topology_file},
                                           {"capture", settings.capture},
                                           {"seed", settings.seed},
                                           {"campaign", settings.campaign},
                                           {"experiment", settings.experiment}};
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Result<RunFlags> flags_from_plan(const std::string& json) {
  using Options = std::map<std::string, std::string>;
  try {
    const auto plan = nlohmann::json::parse(json);
    if (plan.at("schema") != plan_schema) {
      return Error{ErrorKind::bad_data, fmt::format("plan.json: expected schema {}", plan_schema)};
    }
    const auto duration = [&plan](const char* name) {
      return exact_duration(Nanos(plan.at(name).get<std::int64_t>()));
    };
    RunFlags flags;
    flags.target = plan.at("target").get<std::string>();
    flags.workload = plan.at("workload").get<std::string>();
    flags.options = plan.at("target_options").get<Options>();
    for (const auto& [name, value] : plan.at("workload_options").get<Options>()) {
      flags.options[name] = value;
    }
    flags.nodes = static_cast<int>(plan.at("nodes").size());
    flags.suite = plan.value("suite", default_suite);
    flags.hosts = plan.value("hosts", std::vector<std::string>{});
    flags.sudo = plan.value("sudo", false);
    flags.sudo_password_file = plan.value("sudo_password_file", "");
    flags.concurrency = std::to_string(plan.at("threads").get<int>());
    flags.time_limit = duration("time_limit_ns");
    flags.operation_timeout = duration("op_timeout_ns");
    flags.fault_interval = duration("fault_interval_ns");
    flags.models = plan.value("models", std::vector<std::string>{});
    flags.fault_schedule = plan.value("fault_schedule", "");
    flags.topology = plan.value("topology", "");
    flags.capture = plan.value("capture", false);
    if (flags.fault_schedule.empty()) {
      flags.faults = plan.at("faults").get<std::vector<std::string>>();
    }
    flags.seed = std::to_string(plan.at("seed").get<std::uint64_t>());
    flags.rate = rate_text(Nanos(plan.at("stagger_ns").get<std::int64_t>()));
    return flags;
  } catch (const nlohmann::json::exception& error) {
    return Error{ErrorKind::bad_data, std::string("plan.json: ") + error.what()};
  }
}

Result<RunSummary> summary_from_plan(const std::string& json, const std::string& folder) {
  try {
    const auto document = nlohmann::json::parse(json);
    if (document.at("schema") != plan_schema) {
      return Error{ErrorKind::bad_data, fmt::format("plan.json: expected schema {}", plan_schema)};
    }
    RunSummary run;
    run.target = document.at("target").get<std::string>();
    run.workload = document.at("workload").get<std::string>();
    run.title = run.target + " / " + run.workload;
    run.source = folder + "/history.assay";
    run.started = document.at("started").get<std::string>();
    run.seed = document.at("seed").get<std::uint64_t>();
    run.has_seed = true;
    run.nodes = document.at("nodes").get<std::vector<std::string>>();
    run.facts = document.at("facts").get<std::map<std::string, std::string>>();
    run.facts["assay"] = document.at("assay").get<std::string>();
    run.configuration = configuration_of(run.target, document.at("target_options"));
    run.faults_planned = document.at("faults").get<std::vector<std::string>>();
    run.campaign = document.value("campaign", "");
    run.experiment = document.value("experiment", "");
    for (const char* options : {"target_options", "workload_options"}) {
      for (const auto& [name, value] : document.at(options).items()) {
        run.facts["--" + name] = value.get<std::string>();
      }
    }
    const auto nanos = [&](const char* name) {
      return Nanos(document.at(name).get<std::int64_t>());
    };
    add_pace(run.facts, {document.at("threads").get<int>(), nanos("time_limit_ns"),
                         nanos("stagger_ns"), nanos("op_timeout_ns"),
                         run.faults_planned.empty() ? Nanos(0) : nanos("fault_interval_ns")});
    if (const auto topology = document.value("topology", ""); !topology.empty()) {
      run.facts["--topology"] = topology;
    }
    run.repeat_command = document.at("command").get<std::string>();
    run.check_command = "assay check " + shell_word(folder);
    return run;
  } catch (const nlohmann::json::exception& failure) {
    return Error{ErrorKind::bad_data, std::string("plan.json: ") + failure.what()};
  }
}

}  // namespace assay::cli
