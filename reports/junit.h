#pragma once
// What the two writers of JUnit XML share. Its two schemas, that of Ant's JUnit task and that of
// Jenkins' xunit plugin, do not agree on what may be there; what is written is valid by both.

#include <string>
#include <string_view>

namespace assay {

/// "2026-11-28T12:00:00" of "2026-11-28T12:00:00Z": Ant's schema wants the moment and refuses its
/// zone. Of what is no such moment (a history that does not tell when it was recorded) the epoch.
std::string junit_moment(std::string_view utc);

}  // namespace assay
