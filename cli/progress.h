#pragma once
// Progress of a run on standard error: one line rewritten on a terminal, a line every ten seconds
// elsewhere.

#include <string>

#include "base/clock.h"
#include "harness/scheduler.h"

namespace assay::cli {

class Progress {
 public:
  Progress(bool quiet, Nanos time_limit);
  ~Progress();  ///< ends the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// One sentence of talk: "starting 5 nodes".
  void say(const std::string& text);
  /// A fault began or ended; shown until the next one.
  void fault(const std::string& text) { fault_ = text; }
  void show(Nanos now, const Tally& tally);

 private:
  void end_line();

  bool quiet_;
  bool rewrite_;
  bool open_line_ = false;
  Nanos time_limit_;
  Nanos next_{0};
  std::string fault_;
};

}  // namespace assay::cli
