#pragma once
// Clock skew of one process. Programs read the clock through the vDSO, a page of code that the
// kernel maps into each of them; here its three clock functions are replaced, in one process only,
// by jumps to a stub that asks the kernel and reckons the skew. It lies in the unused bytes after
// the vDSO's image, so nothing is mapped or allocated. This works on any x86-64 program, statically
// linked ones and Go included. The monotonic clocks stay as they are. A process forked later
// inherits the skew, exec loses it. Not shifted: callers of the bare system call.

#include <sys/types.h>

#include "base/clock.h"
#include "base/result.h"

namespace assay::agent {

/// How far a wall clock is off. All zero: it is true.
struct ClockSkew {
  Nanos offset{0};
  double drift = 0;  ///< seconds that it gains in each true one: 0.5 for a clock 1.5 times as fast
  Nanos strobe{0};   ///< about so long it is off, then so long true, and so on; 0: off all the time
  bool operator==(const ClockSkew&) const = default;
};

/// The span that a strobe really has: the nearest power of two of nanoseconds.
Nanos strobe_span(Nanos wanted);

/// Makes CLOCK_REALTIME, CLOCK_REALTIME_COARSE, CLOCK_TAI, gettimeofday and time of the process
/// differ from the machine's clock; a drift begins now. All threads are held while the code is
/// first replaced; afterwards only words are written, each atomically. No skew heals: the stub
/// stays and adds nothing. Errors: not_permitted, unavailable (gone), configuration (this kernel's
/// vDSO or this processor cannot be patched).
Status set_clock(pid_t pid, const ClockSkew& skew);

/// Whether the process reads its clock through the stub, and it differs from the machine's.
bool is_skewed(pid_t pid);

}  // namespace assay::agent
