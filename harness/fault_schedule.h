#pragma once
// Recorded schedules of faults: what a run's nemesis was asked to do and when, read from its
// faults.jsonl, to be asked again at the same offsets.

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "harness/generator.h"
#include "history/value.h"

namespace assay {

struct FaultStep {
  Nanos at{0};    ///< since the run's start
  std::string f;  ///< start-NAME or stop-NAME
  Value value;    ///< the parameters of a start
  bool operator==(const FaultStep&) const = default;
};

/// The steps of a faults.jsonl, ascending by time: its lines of type invoke whose action is start
/// or stop. Error (bad_data): names the line that is none.
Result<std::vector<FaultStep>> parse_fault_schedule(const std::string& jsonl);
/// The same form, with what `parse_fault_schedule` reads and no more.
std::string format_fault_schedule(const std::vector<FaultStep>& steps);

/// The names of the faults that are started, each once, in the order of their first start.
std::vector<std::string> faults_of(const std::vector<FaultStep>& steps);

/// Asks for each step at its offset, or as soon after it as the nemesis is free.
GeneratorPtr replay_faults(std::vector<FaultStep> steps);

}  // namespace assay
