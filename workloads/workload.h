#pragma once
// Workload: what to ask (a generator) and how the answers are judged (check options). One file
// each; registry.cc is the table.

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "checker/checker.h"
#include "harness/generator.h"
#include "history/history.h"

namespace assay {

struct Workload {
  /// Before anything is recorded; see Plan::set_up.
  std::vector<Invocation> set_up;
  GeneratorPtr generator;        ///< until the time limit
  GeneratorPtr final_generator;  ///< after all faults are healed; may be null
  HistoryInfo history;           ///< datatype and initial value, written into the journal
  CheckOptions check;
};

struct WorkloadSettings {
  int threads = 1;  ///< worker threads of the run
  int nodes = 1;
  std::map<std::string, std::string> options;  ///< every option of the entry, fallbacks filled in
};

struct WorkloadOption {
  std::string_view name;
  std::string_view fallback;
  std::string_view values;
  std::string_view summary;
  std::string_view swarm = {};  ///< "0.1|0.35": what a simulated seed may draw; empty: the fallback
};

struct WorkloadEntry {
  std::string_view name;
  std::string_view summary;
  std::string_view functions;  ///< what its clients must be able to do, separated by spaces
  std::span<const WorkloadOption> options;
  Result<Workload> (*make)(const WorkloadSettings& settings);
};
std::span<const WorkloadEntry> workloads();

/// Error (usage): a function that the workload asks for and `performs` denies; names them all.
/// `who`: the system under test, in words.
Status check_functions(const WorkloadEntry& workload, std::string_view who,
                       const std::function<bool(std::string_view)>& performs);

}  // namespace assay
