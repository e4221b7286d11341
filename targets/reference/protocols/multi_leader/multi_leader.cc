#include "targets/reference/protocols/multi_leader/multi_leader.h"

#include <iterator>
#include <utility>
#include <variant>

namespace assay::reference {

MultiLeader::MultiLeader(MultiLeaderConfig config)
    : config_(std::move(config)),
      exchange_(config_.membership,
                {.unsynced = config_.bugs.on(MultiLeaderBug::acknowledge_before_sync),
                 .skips_gap = config_.bugs.on(MultiLeaderBug::skip_gap)}),
      clock_(config_.membership.self) {}

void MultiLeader::start(Nanos now, Recovered recovered) {
  exchange_.start(now, std::move(recovered));
  apply_durable();
  if (has(MultiLeaderBug::clock_not_recovered)) clock_ = LamportClock(config_.membership.self);
}

void MultiLeader::receive(Nanos /*now*/, NodeId from, Message message) {
  if (auto* batch = std::get_if<UpdateBatch>(&message)) exchange_.receive(from, *batch);
  if (const auto* digest = std::get_if<UpdateDigest>(&message)) exchange_.receive(from, *digest);
}

void MultiLeader::request(Nanos now, Command command) {
  if (command.kind == CommandKind::read) {
    replies_.push_back({command.id, Outcome::ok, read(command.key)});
  } else if (command.kind != CommandKind::write) {
    // Compare-and-set needs one order of all writes, which nobody here decides.
    replies_.push_back({command.id, Outcome::bad_request, {}});
  } else if (waiting_.size() >= config_.waiting_max) {
    replies_.push_back({command.id, Outcome::busy, {}});
  } else if (waiting_.insert(command.id).second) {
    write(now, command);
  }
}

void MultiLeader::write(Nanos now, const Command& command) {
  const auto clock = has(MultiLeaderBug::wall_clock_stamps)
                         ? static_cast<std::uint64_t>(now.count())
                         : clock_.tick().counter;
  VersionVector context;
  if (config_.conflict == ConflictRule::siblings) context = siblings_[command.key].context();
  unwritten_[exchange_.originate(clock, command, std::move(context))] = command.id;
}

void MultiLeader::written(Nanos /*now*/, WriteToken token) {
  exchange_.written(token);
  apply_durable();
}

void MultiLeader::flush(Nanos /*now*/, Effects& out) {
  if (has(MultiLeaderBug::acknowledge_before_sync)) apply_durable();
  exchange_.flush(out);
  out.replies.insert(out.replies.end(), std::make_move_iterator(replies_.begin()),
                     std::make_move_iterator(replies_.end()));
  replies_.clear();
}

void MultiLeader::apply_durable() {
  for (const Update& update : exchange_.take_durable()) {
    apply(update);
    ++applied_;
    const auto unwritten = unwritten_.extract(update.dot);
    if (unwritten.empty()) continue;
    waiting_.erase(unwritten.mapped());
    replies_.push_back({unwritten.mapped(), Outcome::ok, {}});
  }
}

void MultiLeader::apply(const Update& update) {
  clock_.observe(update.clock);
  if (config_.conflict == ConflictRule::siblings) {
    const bool keep = !has(MultiLeaderBug::siblings_lost);
    auto& siblings = siblings_[update.key];
    siblings.write(update.dot, update.value, keep ? update.context : siblings.context());
    return;
  }
  auto& version = versions_[update.key];
  if (wins(update.stamp(), version.stamp)) version = {update.stamp(), update.value};
}

bool MultiLeader::wins(const LamportStamp& stamp, const LamportStamp& held) const {
  if (has(MultiLeaderBug::tie_by_arrival)) return stamp.counter >= held.counter;
  return stamp > held;
}

Datum MultiLeader::read(const Datum& key) const {
  if (config_.conflict == ConflictRule::last_writer_wins) {
    const auto found = versions_.find(key);
    return found == versions_.end() ? Datum{} : found->second.value;
  }
  const auto found = siblings_.find(key);
  if (found == siblings_.end() || found->second.values().empty()) return {};
  const auto& values = found->second.values();
  if (values.size() == 1) return values.begin()->second;
  Datum::List list;
  for (const auto& [dot, value] : values) list.push_back(value);
  return list;
}

StatusReport MultiLeader::status() const {
  StatusReport report;  // all are equal: none is the one to aim faults at
  report.self = config_.membership.self;
  report.last = exchange_.size();
  report.commit = applied_;
  report.applied = applied_;
  report.protocol = name();
  return report;
}

}  // namespace assay::reference
