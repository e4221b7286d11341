#pragma once
// Workload: what to ask (a generator) and how the answers are judged (check options). One file
// each; registry.cc is the table.

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "checker/checker.h"
#include "harness/generator.h"
#include "history/history.h"

namespace assay {

struct Workload {
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
};

struct WorkloadEntry {
  std::string_view name;
  std::string_view summary;
  std::span<const WorkloadOption> options;
  Result<Workload> (*make)(const WorkloadSettings& settings);
};
std::span<const WorkloadEntry> workloads();

}  // namespace assay
