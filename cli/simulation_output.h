#pragma once
// What a person and a script learn of a simulated run, and the folder that keeps it.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"
#include "cli/simulation_run.h"
#include "reports/report.h"

namespace assay::cli {

enum class Printing : std::uint8_t { text, json, nothing };

struct SimulationOutput {
  std::string out;  ///< folder for plan, history, verdict, certificate and report; may be empty
  Printing printing = Printing::text;  ///< on standard output; json: assay.sim/1
  std::string command;                 ///< repeats the run
};

/// What reports say of the run. `source`: the path of its history.
RunSummary summary_of(const SimulationRun& run, const std::string& command,
                      const std::string& source);

/// Why it failed, or is unknown; empty if it passed.
std::string words_of(const SimulationResult& result);

/// The exit code.
int code_of(const SimulationResult& result);

nlohmann::ordered_json json_of(const SimulationRun& run, const SimulationResult& result);

/// Runs, checks, prints, and writes the folder. Errors: usage, cannot_write.
Result<SimulationResult> run_and_report(const SimulationRun& run, const SimulationOutput& output);

}  // namespace assay::cli
