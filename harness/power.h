#pragma once
// Power: the mains switches of the nodes, where somebody has them (a lab does).

#include <cstddef>

#include "base/result.h"

namespace assay {

/// Capability of the place where the nodes are. Nodes count from 0. Not thread-safe.
class Power {
 public:
  virtual ~Power() = default;
  /// Off at once; what the node had written to its disk stays. Fine if it is off.
  virtual Status off(std::size_t node) = 0;
  /// On again; returns when it answers SSH. Fine if it is on.
  virtual Status on(std::size_t node) = 0;
};

}  // namespace assay
