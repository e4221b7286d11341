// Multi-Paxos: the acceptor. It promises to take part in no ballot below one that it was asked to
// prepare, and accepts what is proposed in a ballot that is not below its promise. Both are on disk
// before it says so.
#include <utility>

#include "targets/reference/protocols/paxos/paxos.h"

namespace assay::reference {

void Paxos::promise(Term ballot) {
  if (ballot > promised()) log_.set_hard_state({ballot, NodeId::none});
}

/// What is known to be chosen stays: no higher ballot proposes anything else.
void Paxos::store(LogIndex first, std::span<Entry> entries) {
  while (!entries.empty() && (first <= chosen_ || has_accepted(first, entries.front()))) {
    entries = entries.subspan(1);
    ++first;
  }
  if (entries.empty()) return;
  while (log_.last() + 1 < first) log_.append({});
  // The decrees after them stay as they are.
  std::vector<Entry> rest;
  for (LogIndex index = first + entries.size(); index <= log_.last(); ++index) {
    rest.push_back(log_.at(index));
  }
  log_.truncate_from(first);
  for (Entry& entry : entries) log_.append(std::move(entry));
  for (Entry& entry : rest) log_.append(std::move(entry));
}

bool Paxos::has_accepted(LogIndex index, const Entry& entry) const {
  return index <= log_.last() && log_.at(index) == entry;
}

void Paxos::on(Nanos now, NodeId from, const PaxosPrepare& message) {
  // A leader of a higher ballot may be known that was promised nothing: it has a majority without
  // this member, which would take part in vain.
  if (message.ballot < highest()) {
    answer_acceptor(from, PaxosPromise{message.ballot, highest(), message.first, 0, {}});
    return;
  }
  if (message.ballot > ballot_) step_back(now, message.ballot, NodeId::none);
  promise(message.ballot);
  draw_silence(now);
  PaxosPromise reply{message.ballot, promised(), message.first, log_.last(), {}};
  if (message.first <= log_.last())
    reply.entries = log_.batch(message.first, log_.last(), batch_entries_max);
  if (has(PaxosBug::promise_not_persisted)) {
    outbox_.push_back({from, std::move(reply)});
    return;
  }
  answer_acceptor(from, std::move(reply));
}

void Paxos::on(Nanos now, NodeId from, PaxosAccept& message) {
  if (message.ballot < promised() && !has(PaxosBug::accept_below_promise)) {
    answer_acceptor(from, PaxosAccepted{message.ballot, promised(), message.first, 0});
    return;
  }
  follow(now, from, message.ballot);
  promise(message.ballot);
  for (Entry& entry : message.entries) entry.term = message.ballot;
  store(message.first, message.entries);
  const PaxosAccepted reply{message.ballot, message.ballot, message.first, message.entries.size()};
  if (has(PaxosBug::accept_before_sync)) {
    outbox_.push_back({from, reply});
  } else {
    log_.send_when_durable(from, reply);
  }
}

void Paxos::answer_acceptor(NodeId to, Message message) {
  log_.send_when_state_durable(to, std::move(message));
}

}  // namespace assay::reference
