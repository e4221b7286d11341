#pragma once
// Change feeds of etcd: commits of several keys at one revision, and watches that deliver them.

#include <cstdint>
#include <string>

#include "harness/client.h"
#include "targets/etcd/gateway.h"

namespace assay::etcd {

/// How long a watch listens.
inline constexpr Nanos watch_time = std::chrono::milliseconds(300);

/// [[put key value] [delete key] …] below `prefix`, at once. Ok: the revision; nil: nothing
/// changed.
Completion commit(Gateway& gateway, const std::string& prefix, const Value& changes,
                  Nanos deadline);

struct WatchSettings {
  std::int64_t first_revision = 1;  ///< what was before is none of ours
  bool ask_progress = false;        ///< asks how far the feed has come, once, after asking for it
};

/// {key prefix revision prev-kv} below `prefix`. Ok: its responses.
Completion watch(Gateway& gateway, const std::string& prefix, const Value& what,
                 const WatchSettings& settings, Nanos deadline);

}  // namespace assay::etcd
