#include "targets/reference/protocols/progress.h"

#include <algorithm>

namespace assay::reference {
namespace {
constexpr std::size_t in_flight_max = 4;
constexpr std::size_t part_bytes_max = 1024 * 1024;
}  // namespace

void Progress::reset(LogIndex last) {
  *this = Progress();
  next_ = last + 1;
}

std::optional<AppendRequest> Progress::next_request(const DurableLog& log, LogIndex limit,
                                                    Nanos now, std::size_t entries_max) {
  if (in_flight_ >= (probing_ ? 1 : in_flight_max)) return std::nullopt;
  // While the place where the logs agree is not known, an empty request asks for it.
  const bool ask = probing_ && match_ < limit;
  if (next_ > limit && !ask) return std::nullopt;
  // A network that repeats replies makes the count too small: what is known to agree bounds how far
  // ahead is sent, or each repetition would add a request that is under way for good.
  if (!probing_ && next_ > match_ + in_flight_max * entries_max) return std::nullopt;
  AppendRequest request;
  request.prev_index = next_ - 1;
  request.prev_term = log.term_at(request.prev_index);
  request.entries = log.batch(next_, limit, entries_max);
  if (!probing_) next_ += request.entries.size();
  if (in_flight_ == 0) last_activity_ = now;
  ++in_flight_;
  return request;
}

void Progress::on_reply(const AppendReply& reply, const DurableLog& log, Nanos now) {
  last_activity_ = now;
  if (in_flight_ > 0) --in_flight_;
  if (reply.success) {
    match_ = std::max(match_, std::min(reply.match, log.last()));
    next_ = std::max(next_, match_ + 1);
    probing_ = false;
    return;
  }
  // A refusal of something the follower has accepted since, or that was not asked last, is old.
  const bool old = reply.prev_index <= match_ || reply.prev_index >= next_ ||
                   (probing_ && reply.prev_index != next_ - 1);
  if (!old) back_up(reply, log);
}

std::optional<InstallSnapshot> Progress::next_part(const DurableLog& log, Nanos now) {
  if (in_flight_ > 0) return std::nullopt;
  const Snapshot& snapshot = log.snapshot();
  if (snapshot_ != snapshot.index) {
    snapshot_ = snapshot.index;
    received_ = 0;
  }
  InstallSnapshot part;
  part.index = snapshot.index;
  part.index_term = snapshot.term;
  part.members = snapshot.members;
  part.offset = std::min(received_, snapshot.state.size());
  part.bytes = snapshot.state.substr(part.offset, part_bytes_max);
  part.last = part.offset + part.bytes.size() == snapshot.state.size();
  in_flight_ = 1;
  last_activity_ = now;
  return part;
}

void Progress::on_reply(const InstallSnapshotReply& reply, Nanos now) {
  if (reply.installed) {
    match_ = std::max(match_, reply.index);
    next_ = std::max(next_, match_ + 1);
  }
  if (reply.index != snapshot_) return;
  last_activity_ = now;
  in_flight_ = 0;
  received_ = reply.received;
  if (reply.installed) probing_ = false;
}

void Progress::back_up(const AppendReply& reply, const DurableLog& log) {
  LogIndex next = reply.conflict_index;
  if (reply.conflict_term != 0) {
    // If this log has that term too, the logs may agree up to its last entry here.
    const LogIndex low = std::max(match_, log.base());
    LogIndex index = std::min(reply.prev_index, log.last());
    while (index > low && log.term_at(index) > reply.conflict_term) --index;
    if (index > low && log.term_at(index) == reply.conflict_term) next = index + 1;
  }
  next_ = std::clamp(next, match_ + 1, std::max(match_ + 1, reply.prev_index));
  probing_ = true;
  in_flight_ = 0;
}

void Progress::expire(Nanos now, Nanos silence) {
  // Repeated replies may have emptied the count of what is under way: ask what is missing too.
  const bool waits = in_flight_ > 0 || (!probing_ && next_ > match_ + 1);
  if (!waits || now - last_activity_ < silence) return;
  if (!probing_) next_ = match_ + 1;
  probing_ = true;
  in_flight_ = 0;
}

}  // namespace assay::reference
