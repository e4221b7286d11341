#include "base/urgency.h"

#include <sys/resource.h>

namespace assay {
namespace {

constexpr int nice_value = -10;

}  // namespace

// On Linux a nice value belongs to a thread, and 0 means the calling one.
Urgency::Urgency() : before_(::getpriority(PRIO_PROCESS, 0)) {
  ::setpriority(PRIO_PROCESS, 0, nice_value);
}

Urgency::~Urgency() { ::setpriority(PRIO_PROCESS, 0, before_); }

}  // namespace assay
