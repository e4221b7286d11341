#include "targets/reference/protocols/updates/exchange.h"

#include <algorithm>
#include <utility>

namespace assay::reference {
namespace {

constexpr Nanos digest_interval = std::chrono::milliseconds(200);
constexpr std::size_t batch_updates_max = 256;

}  // namespace

UpdateExchange::UpdateExchange(const Membership& membership, ExchangeBugs bugs)
    : self_(membership.self), bugs_(bugs) {
  for (const NodeId member : membership.members) {
    if (member != self_) peers_.push_back(member);
  }
}

void UpdateExchange::start(Nanos now, Recovered recovered) {
  log_.recover(std::move(recovered));
  for (LogIndex index = 1; index <= log_.last(); ++index) {
    const Dot dot = to_update(log_.at(index)).dot;
    places_[dot.node][dot.counter] = index;
    known_.raise(dot);
  }
  digest_due_ = now;
}

Dot UpdateExchange::originate(std::uint64_t clock, const Command& command, VersionVector context) {
  const Update update{
      {self_, known_.at(self_) + 1}, clock, command.key, command.value, std::move(context)};
  store(update);
  return update.dot;
}

void UpdateExchange::store(const Update& update) {
  places_[update.dot.node][update.dot.counter] = log_.append(to_entry(update));
  known_.raise(update.dot);
}

void UpdateExchange::receive(NodeId /*from*/, UpdateBatch& message) {
  for (const auto& update : message.updates) {
    const std::uint64_t known = known_.at(update.dot.node);
    const bool next = update.dot.counter == known + 1;
    if (next || (bugs_.skips_gap && update.dot.counter > known)) store(update);
  }
}

void UpdateExchange::receive(NodeId from, const UpdateDigest& message) {
  UpdateBatch batch;
  for (const auto& [node, places] : places_) {
    auto place = places.upper_bound(message.known.at(node));
    for (; place != places.end() && place->second <= usable(); ++place) {
      if (batch.updates.size() == batch_updates_max) break;
      batch.updates.push_back(to_update(log_.at(place->second)));
    }
  }
  if (!batch.updates.empty()) outbox_.push_back({from, std::move(batch)});
}

void UpdateExchange::tick(Nanos now) {
  if (now < digest_due_) return;
  digest_due_ = now + digest_interval;
  send_to_all(UpdateDigest{known_});
}

std::vector<Update> UpdateExchange::take_durable() {
  std::vector<Update> updates;
  UpdateBatch news;
  while (taken_ < usable()) {
    updates.push_back(to_update(log_.at(++taken_)));
    if (updates.back().dot.node == self_) news.updates.push_back(updates.back());
  }
  // After a restart all of them look new; the digest asks for what is lacking.
  if (news.updates.size() <= batch_updates_max && !news.updates.empty()) {
    send_to_all(std::move(news));
  }
  return updates;
}

void UpdateExchange::send_to_all(const Message& message) {
  for (const NodeId peer : peers_) outbox_.push_back({peer, message});
}

void UpdateExchange::flush(Effects& out) {
  for (auto& send : std::exchange(outbox_, {})) out.messages.push_back(std::move(send));
  log_.flush(out);
}

}  // namespace assay::reference
