#pragma once
// A campaign file (TOML, assay.campaign/1): experiments, each with what must come out of it.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace assay::cli {

/// What an experiment's runs must come to.
enum class Expected : std::uint8_t {
  pass,         ///< every run passes
  violation,    ///< some run shows a violation
  no_progress,  ///< in some run the cluster stays stuck after everything was healed
  measured,     ///< there are no runs, but a study: its measures lie within their bounds
};
std::string_view name_of(Expected expected);

/// A quantity that every run has, and where it must lie in the run in which it is most extreme.
struct MeasureBound {
  std::string name;  ///< of the table of measures (reports/measures.h), or one of the study's
  std::optional<double> above;
  std::optional<double> below;
};

/// What of a run is left in the store.
enum class Keep : std::uint8_t {
  nothing,
  summary,  ///< the plan and what is worth knowing without the history
  history,  ///< also the history, its verdict and its certificate
  all,      ///< also the report and the logs
};

struct Retention {
  Keep passing = Keep::summary;
  Keep failing = Keep::all;  ///< violations, and what is unknown
};

/// Whichever is used up first ends the campaign.
struct Budget {
  std::optional<Nanos> time;
  std::optional<std::uint64_t> runs;
};

/// How one executor differs from what the experiment says.
struct Execution {
  bool wanted = true;
  std::optional<std::uint64_t> seeds;
  std::optional<Nanos> time_limit;
  std::optional<std::vector<std::string>> faults;
  std::optional<Nanos> fault_interval;
  std::optional<std::string> rate;
};

struct Experiment {
  std::string name;
  std::string claim;   ///< a sentence
  std::string source;  ///< where it is made, e.g. a heading of the chapter
  std::string study;   ///< what is measured instead of a history (sim/study.h); empty: a run
  std::string target = "reference";
  std::map<std::string, std::string> options;  ///< of target and protocol, or of the study
  std::vector<std::string> bugs;
  std::string workload = "register";
  std::map<std::string, std::string> workload_options;
  std::vector<std::string> models;  ///< empty: the workload's
  std::vector<std::string> faults;
  std::optional<Nanos> fault_interval;
  std::string rate;
  std::string weather = "calm";  ///< of the simulated world: calm, or drawn from the seed
  std::size_t nodes = 3;
  std::string suite;    ///< of Debian, of the lab's nodes; empty: as for `assay run`
  int concurrency = 0;  ///< 0: two a node
  Nanos time_limit = std::chrono::seconds(10);
  std::uint64_t seed = 1;    ///< the first
  std::uint64_t seeds = 20;  ///< how many at most
  Expected expected = Expected::pass;
  std::vector<std::string> anomalies;  ///< of a violation: one of these types; empty: any
  std::uint64_t witness = 0;       ///< … shown by at most so many operations; 0: by any number
  std::vector<std::string> holds;  ///< models that hold in the run that shows it
  std::vector<MeasureBound> measures;
  Execution sim;
  Execution lab;
  std::optional<Nanos> check_timeout;  ///< of a run's check; then its verdict is unknown
  std::uint64_t retries = 1;           ///< of a run in the lab that ended without a verdict
  Retention retention;
  std::string file;  ///< where it stands
  std::uint32_t line = 0;
};

struct Campaign {
  std::string name;
  std::string about;
  std::vector<Experiment> experiments;  ///< of the file, of its matrix, and its canaries
  Budget budget;
  bool retains = false;  ///< the file says what is kept of its runs
  std::string policy;    ///< of its gate: a file; may be empty
  std::string baseline;
  std::string text;  ///< of the whole file
};

/// Errors: no_input, bad_data (with file, line and what was expected).
Result<Campaign> read_campaign(const std::string& path);

/// The files that `path` names: itself, or the *.toml of a folder by name. Error: no_input.
Result<std::vector<std::string>> campaign_files(const std::string& path);

}  // namespace assay::cli
