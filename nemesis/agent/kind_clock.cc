// Clocks: what the wall clock of a server's processes reads.

#include <algorithm>
#include <set>
#include <vector>

#include "nemesis/agent/kinds.h"
#include "nemesis/agent/vdso.h"

namespace assay::agent {
namespace {

constexpr const char* skew_mark = "skew";
constexpr std::int64_t nanoseconds_max = 1'000'000'000'000'000'000;  // about 31 years

Result<ClockSkew> parse_skew(const Words& words) {
  constexpr std::int64_t ppm_max = 100'000'000;
  constexpr std::int64_t strobe_max = 60'000'000'000;
  const auto offset = parse_number(words[1], -nanoseconds_max, nanoseconds_max);
  if (!offset) return offset.error();
  const auto rate = parse_number(words[2], -999'999, ppm_max);
  if (!rate) return rate.error();
  const auto strobe = parse_number(words[3], 0, strobe_max);
  if (!strobe) return strobe.error();
  return ClockSkew{Nanos(*offset), static_cast<double>(*rate) / 1e6, Nanos(*strobe)};
}

Result<Armed> arm(Host& /*host*/, const Words& words) {
  if (words.size() != 4) return Error{ErrorKind::usage, "clock: wrong number of words"};
  if (const auto skew = parse_skew(words); !skew) return skew.error();
  auto armed = arm_server(words[0]);
  // The skew stands behind the processes: it counts again when a later one on the same server ends.
  if (armed.ok() && !armed->undo.empty()) {
    armed->undo.insert(armed->undo.end(), {skew_mark, words[1], words[2], words[3]});
  }
  return armed;
}

/// What else is in force for the process: of several faults the one that began last.
ClockSkew remaining_skew(const Host& host, const Process& process) {
  ClockSkew skew;
  for (const Record& record : host.in_force) {
    const std::string word = to_word(process);
    const auto mark = std::find(record.undo.begin(), record.undo.end(), skew_mark);
    if (record.kind != "clock" || record.undo.end() - mark != 4) continue;
    if (std::find(record.undo.begin(), mark, word) == mark) continue;
    if (const auto other = parse_skew(Words(mark, record.undo.end()))) skew = *other;
  }
  return skew;
}

Result<std::string> inject(Host& /*host*/, const Record& record, const Words& words) {
  const auto skew = parse_skew(words);
  if (!skew) return skew.error();
  for (const Process& process : processes_of(record)) {
    const Status done = set_clock(process.pid, *skew);
    if (!done.ok() && state_of(process)) return done.error();
  }
  return std::string();
}

Result<std::string> undo(Host& host, const Record& record) {
  Status first;
  std::size_t skewed = 0;
  std::set<pid_t> seen;
  std::vector<Process> roots = processes_of(record);
  // The server itself last: what is left for it is left for all that it has forked.
  std::reverse(roots.begin(), roots.end());
  for (const Process& root : roots) {
    if (!state_of(root)) continue;
    const ClockSkew remaining = remaining_skew(host, root);
    // Processes forked meanwhile have inherited it.
    for (const Process& process : process_tree(root)) {
      if (seen.insert(process.pid).second && is_skewed(process.pid)) ++skewed;
      const Status done = set_clock(process.pid, remaining);
      if (!done.ok() && state_of(process) && first.ok()) first = done;
    }
  }
  if (!first.ok()) return first.error();
  if (skewed == 0) return std::string(no_effect) + "the server has been started again since";
  return "clock was off in " + std::to_string(skewed) + (skewed == 1 ? " process" : " processes");
}

}  // namespace

Kind clock_kind() {
  return {"clock", "PID_FILE OFFSET_NS DRIFT_PPM STROBE_NS", true, arm, inject, undo};
}

}  // namespace assay::agent
