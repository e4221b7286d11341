#pragma once
// RunRecord: what is worth knowing of a run without opening its history. The harness keeps it
// (harness/run_record.h), the reports and the gate are about many of them.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace assay {

/// An anomaly as it is recognised in another run (reports/findings.h makes it).
struct Finding {
  /// 12 hexadecimal digits over target, configuration, workload, datatype, type, model and `shape`.
  /// Keys, values, times, processes and nodes are left out, and so is the seed.
  std::string fingerprint;
  /// The same without the shape: all anomalies of this type here.
  std::string family;
  std::string type;
  std::string model;
  /// "missed real-time": the cycle of the steps as what was missed and the kinds of paths between,
  /// from its smallest place; without steps, the functions of the witness.
  std::string shape;
  std::uint64_t witness = 0;  ///< operations of the smallest witness; 0: not known
  std::string claim;          ///< of the anomaly with that witness, in a sentence
  /// Why that one contradicts itself: "write 1 comes before read → 1, because …".
  std::vector<std::string> steps;
  /// The faults in force while it began, comma separated; empty: none was.
  std::string faults;
  std::uint64_t count = 0;  ///< anomalies of this run
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
  std::map<std::string, std::string> models;  ///< the verdict about each that was checked
  std::uint64_t operations = 0;
  std::uint64_t anomalies = 0;
  std::string campaign;    ///< the id of the campaign that made it; may be empty
  std::string experiment;  ///< … and its experiment
  std::string command;     ///< repeats the plan
  std::vector<Finding> findings;
  std::map<std::string, double> measures;             ///< by name (reports/measures.h)
  std::map<std::string, std::uint64_t> in_flight;     ///< operations under each kind of fault
  std::map<std::string, std::uint64_t> acknowledged;  ///< operations of each function
};

inline constexpr const char* unfinished = "unfinished";

/// Target and configuration.
inline std::string system_of(const RunRecord& record) {
  const std::string& configuration = record.configuration;
  return configuration.empty() ? record.target : record.target + " " + configuration;
}

}  // namespace assay
