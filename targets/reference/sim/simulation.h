#pragma once
// One simulated run: a plan and a seed in, events out. The same settings and seed give the same
// events on any machine.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "harness/generator.h"
#include "harness/scheduler.h"
#include "targets/reference/protocols/catalogue.h"
#include "targets/reference/sim/world.h"

namespace assay::reference {

struct SimulationSettings {
  ProtocolSettings protocol;
  std::size_t members = 5;
  int threads = 10;
  Nanos operation_timeout = std::chrono::seconds(2);
  /// After all faults are healed every client must get an answer within this time.
  Nanos recovery = std::chrono::seconds(30);
  std::uint64_t seed = 0;
  bool convergence = false;  ///< at the end all members must answer alike
  bool swarm = true;         ///< draw the weather too; else it is calm
  /// In a second of virtual time, and more than any sane run needs: members that answer each other
  /// without end pass it.
  std::uint64_t steps_a_second_max = 100'000;
};

/// What a simulation is asked to do; virtual time.
struct SimulationPlan {
  std::vector<Invocation> set_up;  ///< see Plan::set_up
  GeneratorPtr clients;
  /// Whether `clients` never ends. Else what it leaves for after healing is done then, and nothing
  /// is said about progress.
  bool endless = true;
  GeneratorPtr faults;  ///< may be null
  GeneratorPtr last;    ///< once everybody has made progress at the end; may be null
  Nanos time_limit = std::chrono::seconds(20);
};

struct SimulationOutcome {
  Tally tally;
  std::uint64_t steps = 0;  ///< events of the simulated world
  Nanos virtual_time{0};
  /// Members whose clients got no answer after everything was healed: no progress. Empty: all did.
  std::vector<std::string> stuck;
  bool flooded = false;  ///< stopped, as a second had more than steps_a_second_max
  /// Keys that members read differently at the end, with what they read. Empty: all agree.
  std::vector<std::string> diverged;
};

/// `record` is called with each event. Errors: usage (settings), what `record` returned.
Result<SimulationOutcome> simulate(const SimulationSettings& settings, SimulationPlan plan,
                                   const Record& record);

}  // namespace assay::reference
