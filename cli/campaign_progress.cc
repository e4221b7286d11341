#include "cli/campaign_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "cli/output.h"
#include "reports/escape.h"

namespace assay::cli {

using namespace std::chrono_literals;

namespace {
constexpr std::size_t rows_max = 12;
}  // namespace

CampaignProgress::CampaignProgress(bool quiet)
    : quiet_(quiet), rewrite_(progress_line_wanted()), start_(monotonic_now()) {}

CampaignProgress::~CampaignProgress() { clear(); }

void CampaignProgress::add(const Experiment& experiment, std::uint64_t runs) {
  lines_.push_back({&experiment, runs});
}

CampaignProgress::Line& CampaignProgress::line_of(const Experiment& experiment) {
  return *std::find_if(lines_.begin(), lines_.end(),
                       [&](const Line& line) { return line.experiment == &experiment; });
}

void CampaignProgress::begun(const Experiment& experiment) {
  ++line_of(experiment).running;
  draw();
}

void CampaignProgress::ended(const Experiment& experiment, const std::string& verdict) {
  Line& line = line_of(experiment);
  if (line.running > 0) --line.running;
  ++line.ended;
  ++(verdict == "pass" ? line.pass : verdict == "violation" ? line.violation : line.other);
  draw();
}

void CampaignProgress::closed(const Experiment& experiment) { line_of(experiment).closed = true; }

std::string CampaignProgress::words_of(const Line& line) const {
  std::string text = fmt::format("{:40} {:>4}/{:<4} {:>4} pass {:>4} violation",
                                 clip(visible(line.experiment->name), 40), line.ended, line.runs,
                                 line.pass, line.violation);
  if (line.other > 0) text += fmt::format(" {:>4} other", line.other);
  return text;
}

std::string CampaignProgress::total() const {
  std::uint64_t ended = 0;
  std::uint64_t left = 0;
  std::uint64_t violations = 0;
  std::uint64_t other = 0;
  for (const Line& line : lines_) {
    ended += line.ended;
    violations += line.violation;
    other += line.other;
    if (!line.closed) left += line.runs - std::min(line.runs, line.ended);
  }
  const double seconds = static_cast<double>((monotonic_now() - start_).count()) / 1e9;
  const double rest =
      ended == 0 ? 0 : seconds * static_cast<double>(left) / static_cast<double>(ended);
  std::string text = fmt::format("{:.0f} s: {} runs ended, {} to go", seconds, ended, left);
  if (violations > 0) text += fmt::format(", {} violations", violations);
  if (other > 0) text += fmt::format(", {} without pass or violation", other);
  if (ended > 0 && left > 0) text += fmt::format(", about {:.0f} s", rest);
  return text;
}

void CampaignProgress::clear() {
  if (drawn_ > 0) fmt::print(stderr, "\x1b[{}A\x1b[J", drawn_);
  drawn_ = 0;
}

void CampaignProgress::draw() {
  const Nanos moment = monotonic_now();
  if (quiet_ || moment < next_) return;
  const bool first = next_ == 0ns;
  next_ = moment + (rewrite_ ? Nanos(250ms) : Nanos(10s));
  if (!rewrite_) {
    if (!first) fmt::print(stderr, "assay: {}\n", total());
    return;
  }
  clear();
  // What is being run comes first, then what waits.
  for (const bool running : {true, false}) {
    for (const Line& line : lines_) {
      if (drawn_ == rows_max) break;
      if (line.closed || (line.running > 0) != running) continue;
      fmt::print(stderr, "{}\n", words_of(line));
      ++drawn_;
    }
  }
  fmt::print(stderr, "{}\n", total());
  ++drawn_;
}

}  // namespace assay::cli
