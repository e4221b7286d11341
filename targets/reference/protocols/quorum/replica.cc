// Quorum replication: what a member does as a replica. Versions count once they are on its disk.
#include <algorithm>

#include "targets/reference/protocols/quorum/quorum.h"

namespace assay::reference {
namespace {
constexpr std::uint32_t buckets = 8;
constexpr std::size_t hints_at_a_time = 64;
}  // namespace

void Quorum::answer(NodeId from, const QuorumRead& message) {
  send(from, QuorumReadReply{message.operation, version(message.key)});
}

void Quorum::store(Nanos now, NodeId from, const QuorumWrite& message) {
  clock_.observe(message.version.stamp.counter);
  const bool forced =
      (message.reason == WriteReason::repair && has(QuorumBug::repair_writes_old)) ||
      (message.reason == WriteReason::hint && has(QuorumBug::hint_overwrites));
  auto& logged = logged_[message.key];
  const bool news = message.version.stamp > logged;
  const auto kept = hints_.find({message.meant_for, message.key});
  const bool hint = message.meant_for != NodeId::none &&
                    (kept == hints_.end() || message.version.stamp > kept->second.version.stamp);
  if (news || forced || hint) {
    logged = std::max(logged, message.version.stamp);
    Entry entry;
    entry.term = message.version.stamp.counter;
    entry.command.kind = CommandKind::write;
    entry.command.id = {static_cast<std::uint64_t>(message.version.stamp.node),
                        static_cast<std::uint64_t>(message.meant_for)};
    entry.command.key = message.key;
    entry.command.value = message.version.value;
    const LogIndex index = log_.append(std::move(entry));
    if (forced) forced_.insert(index);
  }
  const QuorumWriteReply done{message.operation};
  if (has(QuorumBug::acknowledge_before_sync)) {
    while (applied_ < log_.last()) apply(++applied_);
    send(from, done);
  } else if (from != self()) {
    log_.send_when_durable(from, done);
  } else {
    own_writes_.emplace_back(log_.last(), message.operation);
    take_durable(now);
  }
}

void Quorum::take_durable(Nanos now) {
  while (applied_ < log_.durable()) apply(++applied_);
  while (!own_writes_.empty() && own_writes_.front().first <= log_.durable()) {
    const auto operation = own_writes_.front().second;
    own_writes_.pop_front();
    on_acknowledged(now, self(), {operation});
  }
}

void Quorum::apply(LogIndex index) {
  const Entry& entry = log_.at(index);
  const Command& command = entry.command;
  const StampedValue found{{entry.term, NodeId{static_cast<std::uint32_t>(command.id.client)}},
                           command.value};
  const NodeId meant_for{static_cast<std::uint32_t>(command.id.sequence)};
  clock_.observe(found.stamp.counter);
  if (meant_for != NodeId::none) {
    Hint& hint = hints_[{meant_for, command.key}];
    hint_keys_.erase(hint.number);
    hint = {next_operation_++, found};
    hint_keys_[hint.number] = {meant_for, command.key};
  }
  auto& logged = logged_[command.key];
  logged = std::max(logged, found.stamp);
  auto& held = versions_[command.key];
  if (found.stamp > held.stamp || forced_.contains(index)) held = found;
}

void Quorum::keep_hint(NodeId meant_for, const Datum& key, const StampedValue& version) {
  send(self(), QuorumWrite{0, key, version, WriteReason::hint, meant_for});
}

/// Hints are sent again and again until they are acknowledged; after a restart all of them are.
void Quorum::deliver_hints() {
  std::size_t sent = 0;
  for (const auto& [key, hint] : hints_) {
    if (sent++ == hints_at_a_time) break;
    send(key.meant_for,
         QuorumWrite{hint.number, key.key, hint.version, WriteReason::hint, NodeId::none});
  }
}

void Quorum::send_digests() {
  bucket_ = (bucket_ + 1) % buckets;
  for (const NodeId peer : config_.membership.members) {
    if (peer == self()) continue;
    QuorumDigest digest{bucket_, {}};
    for (const auto& [key, held] : versions_) {
      if (place_of(key) / config_.membership.members.size() % buckets != bucket_) continue;
      if (ring_.holds(peer, key)) digest.rows.push_back({key, held.stamp});
    }
    send(peer, std::move(digest));
  }
}

/// Sends what the other lacks of its own keys; what we lack comes when it gets our digest.
void Quorum::on_digest(NodeId from, const QuorumDigest& message) {
  std::map<Datum, LamportStamp> theirs;
  for (const auto& row : message.rows) theirs[row.key] = row.stamp;
  for (const auto& [key, held] : versions_) {
    if (place_of(key) / config_.membership.members.size() % buckets != message.bucket) continue;
    if (!ring_.holds(from, key)) continue;
    const auto known = theirs.find(key);
    if (known != theirs.end() && known->second >= held.stamp) continue;
    send(from, QuorumWrite{0, key, held, WriteReason::anti_entropy, NodeId::none});
  }
}

}  // namespace assay::reference
