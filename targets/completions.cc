#include "targets/completions.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

namespace assay {

Completion done(Value value) { return {EventType::ok, std::move(value), {}}; }

Completion unmet() { return {EventType::fail, {}, std::string(unmet_precondition)}; }

Completion unsupported() { return {EventType::fail, {}, "unsupported operation"}; }

void pause_after_failure(const Completion& completion, Nanos start, Nanos timeout) {
  if (completion.type == EventType::ok || completion.error == unmet_precondition) return;
  const Nanos until = start + std::min(failure_pause, timeout);
  if (const Nanos now = monotonic_now(); now < until) std::this_thread::sleep_for(until - now);
}

}  // namespace assay
