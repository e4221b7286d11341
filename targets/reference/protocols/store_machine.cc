#include "targets/reference/protocols/store_machine.h"

#include <limits>
#include <utility>

#include "targets/reference/protocols/codec.h"
#include "targets/reference/protocols/commands.h"

namespace assay::reference {

Reply StoreMachine::apply(const Command& command) {
  // The protocol's own entries are none of the machine's.
  if (command.kind == CommandKind::noop || command.kind == CommandKind::reconfigure) {
    return {command.id, Outcome::ok, {}};
  }
  Answer answer;
  if (!has_sessions_) {
    answer = run(command);
    return {command.id, answer.outcome, std::move(answer.value)};
  }
  auto& session = sessions_[command.id.client];
  if (command.id.sequence < session.sequence) return {command.id, Outcome::in_doubt, {}};
  if (command.id.sequence > session.sequence) session = {command.id.sequence, run(command)};
  return {command.id, session.answer.outcome, session.answer.value};
}

Reply StoreMachine::query(const Command& command) const {
  Objects changed;
  Answer answer;
  if (command.kind == CommandKind::txn) {
    answer = transact(command, changed);
  } else {
    Datum object = read(command.key);
    answer = perform(command, object);
  }
  if (weight_of(answer.value) > datum_weight_max) answer = {Outcome::bad_request, {}};
  return {command.id, answer.outcome, std::move(answer.value)};
}

bool StoreMachine::has_applied(const RequestId& id) const {
  const auto session = sessions_.find(id.client);
  return !has_sessions_ || (session != sessions_.end() && session->second.sequence >= id.sequence);
}

Datum StoreMachine::read(const Datum& key) const {
  const auto found = objects_.find(key);
  return found == objects_.end() ? Datum{} : found->second;
}

std::string StoreMachine::encode(bool with_sessions) const {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.u64(objects_.size());
  for (const auto& [key, object] : objects_) {
    writer.datum(key);
    writer.datum(object);
  }
  writer.u64(with_sessions ? sessions_.size() : 0);
  if (!with_sessions) return bytes;
  for (const auto& [client, session] : sessions_) {
    writer.reply({{client, session.sequence}, session.answer.outcome, session.answer.value});
  }
  return bytes;
}

bool StoreMachine::decode(std::string_view bytes) {
  constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();
  ByteReader reader(bytes);
  Objects objects;
  std::map<std::uint64_t, Session> sessions;
  for (auto left = reader.u64(); left > 0 && reader.ok(); --left) {
    Datum key = reader.datum();
    objects[std::move(key)] = reader.datum(unbounded);
  }
  for (auto left = reader.u64(); left > 0 && reader.ok(); --left) {
    Reply reply = reader.reply();
    sessions[reply.id.client] = {reply.id.sequence, {reply.outcome, std::move(reply.value)}};
  }
  if (!reader.done()) return false;
  objects_ = std::move(objects);
  sessions_ = std::move(sessions);
  return true;
}

Answer StoreMachine::run(const Command& command) {
  if (command.kind != CommandKind::txn) {
    const auto [object, fresh] = objects_.try_emplace(command.key);
    Answer answer = perform(command, object->second);
    if (fresh && object->second.is_nil()) objects_.erase(object);
    return answer;
  }
  Objects changed;
  Answer answer = transact(command, changed);
  if (answer.outcome == Outcome::ok) {
    for (auto& [key, object] : changed) objects_[key] = std::move(object);
  }
  return answer;
}

Answer StoreMachine::transact(const Command& command, Objects& changed) const {
  const auto* steps = command.value.get_if<Datum::List>();
  if (steps == nullptr) return {Outcome::bad_request, {}};
  Datum::List done;
  for (const Datum& datum : *steps) {
    const auto step = step_of(datum);
    if (!step) return {Outcome::bad_request, {}};
    const auto [object, fresh] = changed.try_emplace(*step->key);
    if (fresh) object->second = read(*step->key);
    Answer answer =
        perform({step->entry->kind, command.id, *step->key, *step->value, {}}, object->second);
    if (answer.outcome != Outcome::ok) return answer;
    const Datum& name = datum.get_if<Datum::List>()->front();
    done.push_back(Datum::List{name, *step->key,
                               step->entry->returns ? std::move(answer.value) : *step->value});
  }
  Answer answer{Outcome::ok, std::move(done)};
  if (weight_of(answer.value) > datum_weight_max) return {Outcome::bad_request, {}};
  return answer;
}

}  // namespace assay::reference
