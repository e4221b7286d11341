#pragma once
// Witnesses that are refuted by counting or by comparing positions, whatever their size.

#include "base/result.h"
#include "checker/certificate/closure.h"

namespace assay {

/// The witness spans a window of time. It has more acquires than there are permits, and releases
/// that touch the window; or more releases than there are permits, and acquires that touch it; or
/// more releases than acquires that began before its end.
Status refute_permits(const EachAct& each, Evidence& evidence);

/// One or two reads of a counter whose amounts all have one sign: no sum between what was certainly
/// added and what may have been is what they read. False: that does not refute it.
bool refute_counter(const EachAct& each, Evidence& evidence);

/// Two operations on a log put different elements at one offset, or must come in one order by their
/// offsets and came in the other; or an element was never sent.
Status refute_log(const EachAct& each, Evidence& evidence);

}  // namespace assay
