#include "targets/reference/protocols/store_machine.h"

#include <utility>

#include "targets/reference/protocols/commands.h"

namespace assay::reference {

Reply StoreMachine::apply(const Command& command) {
  if (command.kind == CommandKind::noop) return {command.id, Outcome::ok, {}};
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
