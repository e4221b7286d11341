#pragma once
// The nemesis as the engine sees it: an actor with one thread of its own that carries out fault
// events. What the faults are is the room nemesis/.

#include <string>
#include <vector>

#include "base/result.h"
#include "harness/client.h"

namespace assay {

/// A fault that ended.
struct StoppedFault {
  std::string f;  ///< stop-NAME; or topology, of which it is told what it did
  Completion completion;
};

class Nemesis {
 public:
  virtual ~Nemesis() = default;
  /// Carries out start-… or stop-…; returns ok with what was done as its value, or info.
  virtual Completion invoke(const Invocation& invocation) = 0;
  /// Undoes everything that is still in force, and tells of each fault what invoking its stop would
  /// have. Called at the end of every run, also after errors. Error: something stays in force.
  virtual Result<std::vector<StoppedFault>> heal_all() = 0;
};

}  // namespace assay
