#pragma once
// Everything that decides a run: read from flags, validated before anything is started, written
// to plan.json, and printed as the command that repeats it.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "harness/fault_schedule.h"
#include "harness/lab/site.h"
#include "harness/target.h"
#include "nemesis/registry.h"
#include "reports/report.h"
#include "workloads/workload.h"

// Forward: every file that sees all of CLI11 pays seconds for its global validators.
namespace CLI {
class App;
}  // namespace CLI

namespace assay::cli {

/// As typed; strings that still have to be read.
struct RunFlags {
  std::string target;
  std::string workload = "register";
  std::map<std::string, std::string> options;  ///< of target and workload; only those given
  int nodes = 5;
  std::string suite;  ///< empty: the target's own
  std::vector<std::string> hosts;
  bool sudo = false;
  std::string sudo_password_file;
  bool allow = false;
  std::string concurrency = "2n";
  std::string time_limit = "60s";
  std::string rate;
  std::string operation_timeout = "2s";
  std::vector<std::string> models;
  std::vector<std::string> faults;
  std::string fault_interval = "5s";
  std::string fault_schedule;  ///< a file
  std::string seed;
  std::string store = "runs";
  std::string check_timeout;
  std::string check = "after";
  std::string campaign;  ///< whose run this is, and of which experiment
  std::string experiment;
  bool keep_lab = false;
  bool capture = false;
  std::string topology;  ///< a file
  bool json = false;
  bool quiet = false;

  /// Adds the flags, and one for each option of every target and workload.
  void define(CLI::App& app);
  /// The latter alone.
  void define_tables(CLI::App& app);
  /// --suite alone.
  void define_suite(CLI::App& app);
  /// The suite that was asked for, or the target's own.
  std::string lab_suite() const;
};

/// Resolved and checked.
struct RunSettings {
  const TargetEntry* target = nullptr;
  const WorkloadEntry* workload = nullptr;
  std::map<std::string, std::string> target_options;  ///< with fallbacks
  std::map<std::string, std::string> workload_options;
  std::map<std::string, std::string> given;  ///< the options that were typed
  int nodes = 5;
  std::string suite;                    ///< of Debian, of the lab's nodes
  std::vector<std::string> host_words;  ///< as typed
  std::vector<NodeAddress> hosts;       ///< machines of the user's; empty: nodes of a lab
  bool sudo = false;
  std::string sudo_password_file;
  int threads = 10;
  Nanos time_limit{0};
  Nanos stagger{0};  ///< mean time between invocations; 0: as fast as it goes
  Nanos operation_timeout{0};
  std::vector<std::string> models;  ///< empty: the workload's
  std::vector<std::string> faults;
  Nanos fault_interval{0};
  std::string fault_schedule;          ///< the file that the steps are from; empty: drawn ones
  std::vector<FaultStep> fault_steps;  ///< of that file
  bool capture = false;                ///< packets of the nodes
  std::string topology_file;           ///< empty: all nodes are near
  Latencies latencies;                 ///< of that file
  std::uint64_t seed = 0;
  std::string store;
  std::optional<Nanos> check_timeout;
  bool check_during = false;
  std::string campaign;
  std::string experiment;

  /// Errors: usage (unknown names; lists the known ones), configuration (values), no_input and
  /// bad_data (the schedule of faults).
  static Result<RunSettings> from(const RunFlags& flags);
  /// What to give `assay` to repeat this plan, with its seed.
  std::vector<std::string> arguments() const;
  /// The same as a command for a shell.
  std::string command() const;
};

/// "1000/s" to the mean time between invocations; empty: none. Error: usage.
Result<Nanos> parse_rate(const std::string& text);
/// The other way round; no time between them is no text.
std::string rate_text(Nanos stagger);

/// How hard a run tries, whatever its target and workload are.
struct Pace {
  int threads = 0;
  Nanos time_limit{0};
  Nanos stagger{0};  ///< 0: as fast as it goes
  Nanos operation_timeout{0};
  Nanos fault_interval{0};  ///< 0: there are no faults
};
/// Adds it to the facts of a report, under the names of the flags.
void add_pace(std::map<std::string, std::string>& facts, const Pace& pace);

/// What was known when the run began; with the settings it makes plan.json (assay.plan/1), from
/// which the run can be repeated and its report written again.
struct RunStart {
  std::string started;  ///< UTC, ISO 8601
  std::vector<std::string> nodes;
  std::map<std::string, std::string> facts;
};
std::string plan_json(const RunSettings& settings, const RunStart& start);
/// The flags that make the same plan again; a schedule of faults is found where it was. Error
/// (bad_data): no plan, or one of another schema.
Result<RunFlags> flags_from_plan(const std::string& json);
/// Error (bad_data): no plan, or one of another schema.
Result<RunSummary> summary_from_plan(const std::string& json, const std::string& folder);

}  // namespace assay::cli
