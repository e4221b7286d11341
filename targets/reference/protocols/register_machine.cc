#include "targets/reference/protocols/register_machine.h"

namespace assay::reference {

Reply RegisterMachine::apply(const Command& command) {
  Reply reply{command.id, Outcome::ok, {}};
  if (command.kind == CommandKind::noop) return reply;
  if (!has_sessions_) {
    reply.outcome = change(command);
    return reply;
  }
  auto& session = sessions_[command.id.client];
  if (command.id.sequence < session.sequence) {
    reply.outcome = Outcome::in_doubt;
    return reply;
  }
  if (command.id.sequence > session.sequence) {
    session = {command.id.sequence, change(command)};
  }
  reply.outcome = session.outcome;
  return reply;
}

Outcome RegisterMachine::change(const Command& command) {
  if (command.kind == CommandKind::cas && read(command.key) != command.expected) {
    return Outcome::mismatch;
  }
  if (command.kind == CommandKind::write || command.kind == CommandKind::cas) {
    registers_[command.key] = command.value;
  }
  return Outcome::ok;
}

Datum RegisterMachine::read(const Datum& key) const {
  const auto found = registers_.find(key);
  return found == registers_.end() ? Datum{} : found->second;
}

}  // namespace assay::reference
