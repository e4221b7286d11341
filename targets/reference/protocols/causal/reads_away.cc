// The causal store: reads that another member answers, as when a balancer sends each request of a
// session elsewhere. The session's context goes along, and what comes back is handed on only when
// it is visible here too: so whatever a session has seen, its own member has.
#include <utility>

#include "targets/reference/protocols/causal/causal_store.h"

namespace assay::reference {

void CausalStore::read_away(Nanos now, const Command& command) {
  waiting_.insert(command.id);
  ReadAway& read = reads_away_[command.id];
  read.command = command;
  read.arrived = now;
  ask(now, read);
}

void CausalStore::ask(Nanos now, ReadAway& read) {
  read.asked = now;
  CausalRead question{read.command.id, read.command.key, session(read.command.id)};
  const auto& members = config_.membership.members;
  const NodeId to = members[random_.below(members.size())];
  if (to == config_.membership.self) {
    on(to, question);
  } else {
    outbox_.push_back({to, std::move(question)});
  }
}

void CausalStore::on(NodeId from, CausalRead& message) {
  visits_.push_back({from, std::move(message)});
}

void CausalStore::serve_visits() {
  std::vector<Visit> early;
  for (Visit& visit : std::exchange(visits_, {})) {
    if (!visible_.covers(visit.read.context) && !has(CausalBug::session_without_context)) {
      // Its member asks another one in time; what waits here must not pile up.
      if (early.size() < config_.waiting_max) early.push_back(std::move(visit));
      continue;
    }
    CausalReadReply reply{visit.read.id, {}, {}};
    const auto found = versions_.find(visit.read.key);
    if (found != versions_.end()) {
      reply.value = found->second.value;
      reply.context = found->second.context;
    }
    if (visit.from == config_.membership.self) {
      on(reply);
    } else {
      outbox_.push_back({visit.from, std::move(reply)});
    }
  }
  visits_ = std::move(early);
}

void CausalStore::on(const CausalReadReply& message) {
  const auto found = reads_away_.find(message.id);
  if (found == reads_away_.end() || found->second.answered) return;
  found->second.answered = true;
  found->second.value = message.value;
  found->second.context = message.context;
}

void CausalStore::serve_reads_away() {
  for (auto it = reads_away_.begin(); it != reads_away_.end();) {
    const auto& [id, read] = *it;
    const bool ready =
        read.answered && (!config_.tracks_dependencies || has(CausalBug::session_without_context) ||
                          visible_.covers(read.context));
    if (!ready) {
      ++it;
      continue;
    }
    has_read(id, read.context);
    waiting_.erase(id);
    replies_.push_back({id, Outcome::ok, read.value});
    it = reads_away_.erase(it);
  }
}

}  // namespace assay::reference
