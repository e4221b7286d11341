// Clock: the wall clock of server processes is off by milliseconds up to minutes, in either
// direction. Only those processes see it: neither the machine's clock nor the monotonic one moves.

#include <cmath>

#include "base/clock.h"
#include "nemesis/fault.h"
#include "nemesis/selector.h"

namespace assay {
namespace {

constexpr double offset_ms_min = 10;
constexpr double offset_ms_max = 300'000;

/// Every order of magnitude is as likely as any other: small offsets find other bugs than large.
std::int64_t draw_offset_ms(Random& random) {
  const double size = offset_ms_min * std::pow(offset_ms_max / offset_ms_min, random.unit());
  const std::int64_t offset = std::llround(size);
  return random.chance(0.5) ? offset : -offset;
}

Value draw(std::size_t n, Random& random) {
  Value selection = draw_selection(n, random);
  selection.get_if<Value::Map>()->emplace_back("offset_ms", draw_offset_ms(random));
  return selection;
}

Result<Injection> plan(const Value& parameters, const Cluster& cluster) {
  const ProcessControl* control = cluster.target.process_control();
  if (control == nullptr) {
    return Error{ErrorKind::configuration, "clock: this target has no process control"};
  }
  const auto nodes = select_nodes(parameters, cluster);
  if (!nodes) return nodes.error().in("clock");
  const Value* value = find(parameters, "offset_ms");
  const auto* offset_ms = value == nullptr ? nullptr : value->get_if<std::int64_t>();
  constexpr std::int64_t limit = 1'000'000'000'000;  // about 31 years; in nanoseconds it still fits
  if (offset_ms == nullptr || *offset_ms > limit || *offset_ms < -limit) {
    return Error{ErrorKind::bad_data, "clock: expected offset_ms, a number of milliseconds"};
  }
  const Nanos offset = std::chrono::milliseconds(*offset_ms);
  Injection injection;
  injection.words.resize(cluster.nodes.size());
  for (const std::size_t at : *nodes) {
    injection.words[at] = {"clock", control->pid_file(at), std::to_string(offset.count())};
  }
  injection.what = std::string("clock ") + (offset < Nanos::zero() ? "-" : "+") +
                   format_duration(offset < Nanos::zero() ? -offset : offset) + " on " +
                   names_of(*nodes, cluster);
  return injection;
}

}  // namespace

FaultEntry clock_fault() {
  return {"clock", "skews the wall clock of server processes by up to five minutes",
          FaultNeeds::process_control, draw, plan};
}

}  // namespace assay
