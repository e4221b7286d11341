#pragma once
// Shrinking what a run in the lab found: which of its faults were needed? Real servers do not
// repeat themselves, so every candidate is run several times, and what is reported is a rate.

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "harness/fault_schedule.h"

namespace assay::cli {

struct Reproduction {
  int shown = 0;
  int runs = 0;
};

/// The rate's interval of 95 % confidence by Wilson's score; {0, 1} if nothing was run. Source:
/// Wilson, "Probable inference", 1927.
struct Interval {
  double low = 0;
  double high = 1;
};
Interval interval_of(const Reproduction& reproduction);

/// A fault from its start to its stop, or to the end of the run.
struct FaultSpan {
  FaultStep start;
  FaultStep stop;  ///< its `f` is empty if there was none
};
/// Starts without a stop, and stops of nothing, are kept and dropped, in this order.
std::vector<FaultSpan> spans_of(const std::vector<FaultStep>& steps);
std::vector<FaultStep> steps_of(const std::vector<FaultSpan>& spans);

struct OnlineShrinkOptions {
  Nanos budget = std::chrono::minutes(10);
  int runs = 3;  ///< how often a candidate may be run before it is taken to show nothing
  std::function<void(const std::string&)> progress;
  /// Runs this schedule once: did the same finding return? Error: the run could not be made.
  std::function<Result<bool>(const std::vector<FaultStep>&)> shows;
};

struct OnlineShrink {
  std::vector<FaultSpan> smallest;
  Reproduction before;    ///< of the whole schedule
  Reproduction after;     ///< of the smallest one
  int runs = 0;           ///< in all
  bool finished = false;  ///< every single fault was tried without; false: the time was up
};

/// Leaves out faults, halves first and then one by one, and then shortens each that is left. Error:
/// no_input if the finding does not return at all.
Result<OnlineShrink> shrink_online(const std::vector<FaultStep>& steps,
                                   const OnlineShrinkOptions& options);

}  // namespace assay::cli
