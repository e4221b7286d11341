#include "targets/reference/node/mongodb/writes.h"

#include <utility>

namespace assay::mongodb_front {
namespace {

constexpr int attempts_max = 10;

/// Of a command that had no effect.
Refusal refusal_of(reference::Outcome outcome) {
  switch (outcome) {
    case reference::Outcome::no_leader:
    case reference::Outcome::unavailable:
      return not_primary();
    case reference::Outcome::bad_request:
      return {10334, "BSONObjectTooLarge",
              "the document is larger or nested deeper than the store takes"};
    case reference::Outcome::mismatch:
    case reference::Outcome::busy:
      return {112, "WriteConflict", "too many writes at one time; try again"};
    case reference::Outcome::ok:
    case reference::Outcome::in_doubt:
      break;
  }
  return stepped_down();
}

Effect effect_of(const Change& change, const Datum& before, const Changed& changed) {
  Effect effect{
      changed.matched, changed.upserted, changed.matched && !(changed.after == before), {}};
  if (change.shows == Change::Shows::before && changed.matched) effect.value = before;
  const bool any = changed.matched || changed.upserted;
  if (change.shows == Change::Shows::after && any) effect.value = changed.after;
  return effect;
}

}  // namespace

Refusal not_primary() { return {10107, "NotWritablePrimary", "not primary"}; }

Refusal stepped_down() {
  return {189, "PrimarySteppedDown", "the primary stepped down while it worked on this"};
}

void Writes::write(const Datum& key, Change change, OnDone done) {
  auto job = std::make_shared<Job>(Job{key, std::move(change), std::move(done)});
  auto& queue = queues_[key];
  queue.push_back(job);
  if (queue.size() == 1) attempt(job);
}

void Writes::attempt(const std::shared_ptr<Job>& job) {
  const auto status = member_.status();
  if (status.role != reference::Role::leader) {
    finish(job, not_primary());
    return;
  }
  const Change& change = job->change;
  const Datum value = member_.read(job->key);
  StoredDocument stored = StoredDocument::from(value);
  if (change.number) {
    if (auto known = stored.effect_of(*change.number)) {
      finish(job, Written{*std::move(known), member_.copy().applied()});
      return;
    }
  }
  auto result = change_document(change, stored.document);
  if (auto* refusal = std::get_if<Refusal>(&result)) {
    finish(job, std::move(*refusal));
    return;
  }
  auto& changed = std::get<Changed>(result);
  Written written{effect_of(change, stored.document, changed), {}};
  if (changed.after == stored.document) {
    written.position = member_.copy().applied();
    finish(job, std::move(written));
    return;
  }
  stored.document = std::move(changed.after);
  if (change.number) stored.remember(*change.number, written.effect);
  reference::Command command;
  command.kind = reference::CommandKind::cas;
  command.key = job->key;
  command.expected = value;
  command.value = stored.to_value();
  member_.ask(std::move(command),
              [this, job, written = std::move(written), term = status.term](
                  const reference::Reply& reply) { answered(job, written, term, reply); });
}

void Writes::answered(const std::shared_ptr<Job>& job, Written written, reference::Term term,
                      const reference::Reply& reply) {
  if (reply.outcome == reference::Outcome::mismatch && ++job->attempts < attempts_max) {
    attempt(job);
  } else if (reply.outcome != reference::Outcome::ok) {
    finish(job, refusal_of(reply.outcome));
  } else if (const auto status = member_.status();
             status.role != reference::Role::leader || status.term != term) {
    // Another primary may have answered, and how far its log is nobody here knows.
    finish(job, stepped_down());
  } else {
    written.position = member_.copy().applied();
    finish(job, std::move(written));
  }
}

void Writes::finish(const std::shared_ptr<Job>& job, std::variant<Written, Refusal> outcome) {
  job->done(std::move(outcome));
  const auto queue = queues_.find(job->key);
  queue->second.pop_front();
  if (queue->second.empty()) {
    queues_.erase(queue);
    return;
  }
  // Not from here: each of many refusals would lie upon the one before.
  member_.later([this, next = queue->second.front()] { attempt(next); });
}

}  // namespace assay::mongodb_front
