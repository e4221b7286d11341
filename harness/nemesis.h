#pragma once
// The nemesis as the engine sees it: an actor with one thread of its own that carries out fault
// events. What the faults are is the room nemesis/.

#include <string>

#include "base/result.h"
#include "harness/client.h"

namespace assay {

class Nemesis {
 public:
  virtual ~Nemesis() = default;
  /// Carries out start-… or stop-…; returns ok with what was done as its value, or info.
  virtual Completion invoke(const Invocation& invocation) = 0;
  /// Undoes everything that is still in force. Called at the end of every run, also after errors.
  virtual Status heal_all() = 0;
};

}  // namespace assay
