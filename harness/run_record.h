#pragma once
// RunRecord: what is worth knowing of a run without opening its history. It is the file
// summary.json (assay.run/1) in the run's folder, written last: a folder without one is of a run
// that still goes on or was killed.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace assay {

/// An anomaly by its fingerprint (reports/findings.h says how that is made).
struct RunFinding {
  std::string fingerprint;
  std::string family;
  std::string type;
  std::string model;
  std::string shape;
  std::string claim;
  std::vector<std::string> steps;
  std::string faults;
  std::uint64_t count = 0;
};

/// All text is untrusted: it comes from histories, and from files that others wrote.
struct RunRecord {
  std::string folder;         ///< relative to the store's root; not in the file
  std::string target;         ///< of the table of targets; sim: in the simulated world
  std::string configuration;  ///< how the target differs from its defaults
  std::string workload;
  std::string model;                ///< that the verdict is about
  std::vector<std::string> faults;  ///< planned
  std::uint64_t seed = 0;
  std::string started;  ///< UTC, ISO 8601
  double duration_s = 0;
  std::string verdict;  ///< pass, violation, unknown; unfinished: there is none (yet)
  std::string unknown_because;
  std::uint64_t operations = 0;
  std::uint64_t anomalies = 0;
  std::string campaign;    ///< the id of the campaign that made it; may be empty
  std::string experiment;  ///< … and its experiment
  std::string command;     ///< repeats the plan
  std::vector<RunFinding> findings;
  std::map<std::string, double> measures;             ///< by name (reports/measures.h)
  std::map<std::string, std::uint64_t> in_flight;     ///< operations under each kind of fault
  std::map<std::string, std::uint64_t> acknowledged;  ///< operations of each function
};

inline constexpr const char* unfinished = "unfinished";

/// One line of JSON.
std::string to_json(const RunRecord& record);
/// Error (bad_data): what is missing or of the wrong type.
Result<RunRecord> run_record_from_json(const std::string& text);

/// The record of the run in `root`/`folder`: its summary.json, or what its plan.json says of a run
/// that is unfinished. Errors: no_input (no run is there), bad_data.
Result<RunRecord> read_run_record(const std::string& root, const std::string& folder);

}  // namespace assay
