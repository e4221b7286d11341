#include "targets/reference/protocols/coordination/session_clock.h"

#include <utility>

namespace assay::reference {

std::map<std::uint64_t, std::uint64_t> SessionClock::look(
    Nanos now, Nanos unseen_since, const std::map<std::uint64_t, std::uint64_t>& sessions) {
  std::map<std::uint64_t, std::uint64_t> silent;
  std::map<std::uint64_t, Heard> heard;
  for (const auto& [client, sequence] : sessions) {
    const auto before = heard_.find(client);
    const bool known = before != heard_.end();
    const bool same = known && before->second.sequence == sequence;
    const Nanos at = same ? before->second.at : known ? now : unseen_since;
    heard[client] = {sequence, at};
    if (now - at >= timeout_) silent[client] = sequence;
  }
  heard_ = std::move(heard);
  return silent;
}

}  // namespace assay::reference
