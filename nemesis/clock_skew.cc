// Clocks: what server processes read as the time of day is off, by milliseconds up to minutes, or
// runs too fast or too slow, or jumps to and fro. Only those processes see it: neither the
// machine's clock nor the monotonic ones change.

#include <fmt/format.h>

#include <cmath>

#include "nemesis/fault.h"
#include "nemesis/parameters.h"
#include "nemesis/selector.h"

namespace assay {
namespace {

constexpr double offset_ms_min = 10;
constexpr double offset_ms_max = 300'000;
constexpr std::int64_t offset_ms_limit = 1'000'000'000'000;  // about 31 years

/// Every order of magnitude is as likely as any other: small offsets find other bugs than large.
std::int64_t draw_offset_ms(Random& random) {
  const double size = offset_ms_min * std::pow(offset_ms_max / offset_ms_min, random.unit());
  const std::int64_t offset = std::llround(size);
  return random.chance(0.5) ? offset : -offset;
}

Value draw_bump(std::size_t n, Random& random) {
  Value selection = draw_selection(n, random);
  add_parameter(selection, "offset_ms", draw_offset_ms(random));
  return selection;
}

/// From half to twice the true speed.
Value draw_drift(std::size_t n, Random& random) {
  Value selection = draw_selection(n, random);
  const double speed = std::pow(2.0, 2 * random.unit() - 1);
  add_parameter(selection, "drift_ppm", std::llround((speed - 1) * 1e6));
  return selection;
}

Value draw_strobe(std::size_t n, Random& random) {
  Value selection = draw_selection(n, random);
  add_parameter(selection, "offset_ms", draw_offset_ms(random));
  add_parameter(selection, "strobe_ms", std::llround(std::pow(1000.0, random.unit())));
  return selection;
}

/// A number that may be missing; 0 then.
Result<std::int64_t> optional_number(const Value& parameters, const char* name, std::int64_t least,
                                     std::int64_t most) {
  if (find(parameters, name) == nullptr) return std::int64_t{0};
  return number_of(parameters, name, least, most);
}

std::string signed_duration(Nanos offset) {
  const bool behind = offset < Nanos::zero();
  return (behind ? "-" : "+") + format_duration(behind ? -offset : offset);
}

Result<Injection> plan(const Value& parameters, const Cluster& cluster) {
  const ProcessControl* control = cluster.target.process_control();
  if (control == nullptr) {
    return Error{ErrorKind::configuration, "clock: this target has no process control"};
  }
  const auto nodes = select_nodes(parameters, cluster);
  if (!nodes) return nodes.error().in("clock");
  const auto offset_ms =
      optional_number(parameters, "offset_ms", -offset_ms_limit, offset_ms_limit);
  if (!offset_ms) return offset_ms.error().in("clock");
  const auto drift_ppm = optional_number(parameters, "drift_ppm", -999'999, 100'000'000);
  if (!drift_ppm) return drift_ppm.error().in("clock");
  const auto strobe_ms = optional_number(parameters, "strobe_ms", 0, 60'000);
  if (!strobe_ms) return strobe_ms.error().in("clock");
  if (*offset_ms == 0 && *drift_ppm == 0) {
    return Error{ErrorKind::bad_data, "clock: expected offset_ms or drift_ppm"};
  }
  const Nanos offset = std::chrono::milliseconds(*offset_ms);
  const Nanos strobe = std::chrono::milliseconds(*strobe_ms);
  Injection injection;
  injection.words.resize(cluster.nodes.size());
  for (const std::size_t at : *nodes) {
    injection.words[at] = {"clock", control->pid_file(at), std::to_string(offset.count()),
                           std::to_string(*drift_ppm), std::to_string(strobe.count())};
  }
  injection.what = "clock";
  if (*offset_ms != 0) injection.what += " " + signed_duration(offset);
  if (*drift_ppm != 0) {
    injection.what +=
        fmt::format(" at {:.3f} times the speed", 1 + static_cast<double>(*drift_ppm) / 1e6);
  }
  if (*strobe_ms != 0) injection.what += " to and fro every " + format_duration(strobe);
  injection.what += " on " + names_of(*nodes, cluster);
  return injection;
}

}  // namespace

FaultEntry clock_fault() {
  return {"clock", "skews the wall clock of server processes by up to five minutes",
          FaultNeeds::process_control, draw_bump, plan};
}
FaultEntry clock_drift_fault() {
  return {"clock-drift", "the wall clock of server processes runs at half to twice its speed",
          FaultNeeds::process_control, draw_drift, plan};
}
FaultEntry clock_strobe_fault() {
  return {"clock-strobe", "the wall clock of server processes jumps to and fro every 1 to 1000 ms",
          FaultNeeds::process_control, draw_strobe, plan};
}

}  // namespace assay
