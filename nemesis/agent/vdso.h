#pragma once
// Clock skew of one process. Programs read the clock through the vDSO, a page of code that the
// kernel maps into each of them; here its three clock functions are replaced, in one process only,
// by jumps to a stub that asks the kernel and adds an offset. It lies in the unused bytes after the
// vDSO's image, so nothing is mapped or allocated. This works on any x86-64 program, statically
// linked ones and Go included. The monotonic clocks stay as they are. A process forked later
// inherits the skew, exec loses it. Not shifted: callers of the bare system call.

#include <sys/types.h>

#include "base/clock.h"
#include "base/result.h"

namespace assay::agent {

/// Makes CLOCK_REALTIME, CLOCK_REALTIME_COARSE, CLOCK_TAI, gettimeofday and time of the process
/// read `offset` more than the machine's clock. All threads are held while the code is first
/// replaced; afterwards only the offset is written, atomically. Offset 0 heals: the stub stays and
/// adds nothing. Errors: not_permitted, unavailable (gone), configuration (this kernel's vDSO or
/// this processor cannot be patched).
Status set_clock_offset(pid_t pid, Nanos offset);

}  // namespace assay::agent
