#include "targets/reference/protocols/causal/causal_store.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

namespace assay::reference {
namespace {
// More contexts than this are folded into one that covers them all.
constexpr std::size_t sessions_max = 10'000;
}  // namespace

CausalStore::CausalStore(CausalStoreConfig config, Random random)
    : config_(std::move(config)),
      random_(random),
      exchange_(config_.membership,
                {.unsynced = config_.bugs.on(CausalBug::acknowledge_before_sync)}),
      clock_(config_.membership.self) {}

void CausalStore::start(Nanos now, Recovered recovered) {
  exchange_.start(now, std::move(recovered));
  if (has(CausalBug::dependencies_lost_at_restart)) {
    for (const Update& update : exchange_.take_durable()) show(update);
  }
  take_durable();
  // Sessions outlive the member; what they have seen was visible and durable here.
  base_ = visible_;
}

void CausalStore::receive(Nanos /*now*/, NodeId from, Message message) {
  if (auto* batch = std::get_if<UpdateBatch>(&message)) exchange_.receive(from, *batch);
  if (const auto* digest = std::get_if<UpdateDigest>(&message)) exchange_.receive(from, *digest);
  if (auto* read = std::get_if<CausalRead>(&message)) on(from, *read);
  if (const auto* reply = std::get_if<CausalReadReply>(&message)) on(*reply);
}

void CausalStore::request(Nanos now, Command command) {
  const bool known = command.kind == CommandKind::read || command.kind == CommandKind::write;
  if (!known) {
    // Compare-and-set needs one order of all writes, which nobody here decides.
    replies_.push_back({command.id, Outcome::bad_request, {}});
  } else if (waiting_.size() >= config_.waiting_max) {
    replies_.push_back({command.id, Outcome::busy, {}});
  } else if (waiting_.contains(command.id)) {
    return;
  } else if (command.kind == CommandKind::write) {
    write(command);
  } else if (config_.reads_anywhere) {
    read_away(now, command);
  } else {
    const auto found = versions_.find(command.key);
    if (found != versions_.end()) has_read(command.id, found->second.context);
    replies_.push_back({command.id, Outcome::ok, read(command.key)});
  }
}

void CausalStore::write(const Command& command) {
  waiting_.insert(command.id);
  VersionVector& context = session(command.id);
  const Dot dot = exchange_.originate(clock_.tick().counter, command, context);
  context.raise(dot);
  unwritten_[dot] = {command.id, command.key};
}

void CausalStore::written(Nanos /*now*/, WriteToken token) {
  exchange_.written(token);
  take_durable();
}

void CausalStore::take_durable() {
  for (Update& update : exchange_.take_durable()) {
    pending_[update.dot.node].push_back(std::move(update));
  }
  show_pending();
}

void CausalStore::show_pending() {
  bool progress = true;
  while (progress) {
    progress = false;
    for (auto& [origin, updates] : pending_) {
      while (!updates.empty() &&
             (!config_.tracks_dependencies || visible_.covers(updates.front().context))) {
        show(updates.front());
        updates.pop_front();
        progress = true;
      }
    }
  }
}

void CausalStore::show(const Update& update) {
  const bool own = update.dot.node == config_.membership.self;
  if (own || !has(CausalBug::clock_not_advanced)) clock_.observe(update.clock);
  visible_.raise(update.dot);
  auto& version = versions_[update.key];
  if (update.stamp() > version.stamp) {
    VersionVector context = update.context;
    context.raise(update.dot);
    version = {update.stamp(), update.value, std::move(context)};
  }
  const auto unwritten = unwritten_.extract(update.dot);
  if (unwritten.empty()) return;
  waiting_.erase(unwritten.mapped().id);
  replies_.push_back({unwritten.mapped().id, Outcome::ok, {}});
}

VersionVector& CausalStore::session(const RequestId& id) {
  if (sessions_.size() >= sessions_max && !sessions_.contains(id.client)) {
    for (const auto& [client, context] : sessions_) base_.merge(context);
    sessions_.clear();
  }
  return sessions_.try_emplace(id.client, base_).first->second;
}

void CausalStore::has_read(const RequestId& id, const VersionVector& context) {
  if (has(CausalBug::own_writes_only)) return;
  if (has(CausalBug::last_read_only)) {
    session(id) = context;
  } else {
    session(id).merge(context);
  }
}

void CausalStore::tick(Nanos now) {
  exchange_.tick(now);
  for (auto it = reads_away_.begin(); it != reads_away_.end();) {
    ReadAway& read = it->second;
    if (now - read.arrived >= config_.give_up) {
      waiting_.erase(it->first);
      replies_.push_back({it->first, Outcome::in_doubt, {}});
      it = reads_away_.erase(it);
      continue;
    }
    if (!read.answered && now - read.asked >= config_.patience) ask(now, read);
    ++it;
  }
}

Nanos CausalStore::deadline() const {
  Nanos due = exchange_.deadline();
  for (const auto& [id, read] : reads_away_) {
    due = std::min(due, read.arrived + config_.give_up);
    if (!read.answered) due = std::min(due, read.asked + config_.patience);
  }
  return due;
}

void CausalStore::flush(Nanos /*now*/, Effects& out) {
  if (has(CausalBug::acknowledge_before_sync)) take_durable();
  serve_visits();
  serve_reads_away();
  exchange_.flush(out);
  for (auto& send : std::exchange(outbox_, {})) out.messages.push_back(std::move(send));
  out.replies.insert(out.replies.end(), std::make_move_iterator(replies_.begin()),
                     std::make_move_iterator(replies_.end()));
  replies_.clear();
}

Datum CausalStore::read(const Datum& key) const {
  const auto found = versions_.find(key);
  return found == versions_.end() ? Datum{} : found->second.value;
}

StatusReport CausalStore::status() const {
  StatusReport report;  // all are equal: none is the one to aim faults at
  report.self = config_.membership.self;
  report.last = exchange_.size();
  for (const auto& [node, counter] : visible_.counters()) report.applied += counter;
  report.commit = report.applied;
  report.protocol = name();
  return report;
}

}  // namespace assay::reference
