#pragma once
// The disk layer: a file system of ours (FUSE) over a server's data folder, mounted on the folder
// itself. It hands everything on to what lies below, remembers what was not synced, and fails as it
// is told. It is spoken to through attributes of the folder, so whoever can reach the folder can
// see what it does: no socket, no memory shared.
//   user.assay.set     "eio=5 full=1 slow=20ms flip=1" (percent; all others off); counts begin anew
//   user.assay.lose    "all" or "torn": what was not synced goes, the answer is in user.assay.lost
//   user.assay.counts  "failed 3 full 0 slow 12 flipped 0 of 412"

#include <cstdint>
#include <string>

#include "base/result.h"

namespace assay::agent {

inline constexpr const char* disk_setting = "user.assay.set";
inline constexpr const char* disk_lose = "user.assay.lose";
inline constexpr const char* disk_lost = "user.assay.lost";
inline constexpr const char* disk_counts = "user.assay.counts";

/// Mounts itself on the folder and serves until it is unmounted. Gives the exit status.
int run_disk_layer(const std::string& folder);

/// Whether the layer is mounted there and answers.
bool disk_layer_answers(const std::string& folder);

/// Error (unavailable): no layer there.
Status set_disk_attribute(const std::string& folder, const char* name, const std::string& value);
Result<std::string> disk_attribute(const std::string& folder, const char* name);

}  // namespace assay::agent
