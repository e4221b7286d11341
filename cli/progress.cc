#include "cli/progress.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/output.h"

namespace assay::cli {

using namespace std::chrono_literals;

Progress::Progress(bool quiet, Nanos time_limit)
    : quiet_(quiet), rewrite_(progress_line_wanted()), time_limit_(time_limit) {}

Progress::~Progress() { end_line(); }

void Progress::end_line() {
  if (open_line_) fmt::print(stderr, "\n");
  open_line_ = false;
}

void Progress::say(const std::string& text) {
  if (quiet_) return;
  end_line();
  fmt::print(stderr, "assay: {}\n", text);
}

void Progress::show(Nanos now, const Tally& tally) {
  if (quiet_ || now < next_) return;
  next_ = now + (rewrite_ ? Nanos(500ms) : Nanos(10s));
  const double seconds = static_cast<double>(now.count()) / 1e9;
  const std::string line =
      fmt::format("{:.0f}/{:.0f} s, {} ok, {} fail, {} info, {:.0f}/s{}{}", seconds,
                  static_cast<double>(time_limit_.count()) / 1e9, tally.ok, tally.fail, tally.info,
                  seconds > 0 ? static_cast<double>(tally.ok) / seconds : 0.0,
                  fault_.empty() ? "" : "; ", fault_);
  if (rewrite_) {
    fmt::print(stderr, "\r\x1b[K{}", line);
    open_line_ = true;
  } else {
    fmt::print(stderr, "assay: {}\n", line);
  }
}

}  // namespace assay::cli
