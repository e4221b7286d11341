#include "targets/reference/protocols/progress.h"

#include <algorithm>

namespace assay::reference {
namespace {
constexpr std::size_t in_flight_max = 4;
}

void Progress::reset(LogIndex last) {
  *this = Progress();
  next_ = last + 1;
}

std::optional<AppendRequest> Progress::next_request(const DurableLog& log, LogIndex limit,
                                                    Nanos now) {
  if (in_flight_ >= (probing_ ? 1 : in_flight_max)) return std::nullopt;
  // While the place where the logs agree is not known, an empty request asks for it.
  const bool ask = probing_ && match_ < limit;
  if (next_ > limit && !ask) return std::nullopt;
  AppendRequest request;
  request.prev_index = next_ - 1;
  request.prev_term = log.term_at(request.prev_index);
  request.entries = log.batch(next_, limit);
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

void Progress::back_up(const AppendReply& reply, const DurableLog& log) {
  LogIndex next = reply.conflict_index;
  if (reply.conflict_term != 0) {
    // If this log has that term too, the logs may agree up to its last entry here.
    LogIndex index = std::min(reply.prev_index, log.last());
    while (index > match_ && log.term_at(index) > reply.conflict_term) --index;
    if (index > match_ && log.term_at(index) == reply.conflict_term) next = index + 1;
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
