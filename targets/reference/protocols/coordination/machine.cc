#include "targets/reference/protocols/coordination/machine.h"

#include <algorithm>
#include <utility>

#include "targets/reference/protocols/commands.h"

namespace assay::reference {
namespace {

bool is_true(const Datum& datum) { return datum == Datum(true); }

Datum stat_of(const Znode& node) {
  return Datum::Map{
      {std::string("data"), node.data},
      {std::string("version"), node.version},
      {std::string("created"), node.created},
      {std::string("modified"), node.modified},
      {std::string("owner"),
       node.owner == 0 ? Datum() : Datum(static_cast<std::int64_t>(node.owner))},
  };
}

}  // namespace

Datum field(const Datum& map, std::string_view name) {
  const auto* entries = map.get_if<Datum::Map>();
  if (entries == nullptr) return {};
  for (const auto& [key, value] : *entries) {
    const auto* text = key.get_if<std::string>();
    if (text != nullptr && *text == name) return value;
  }
  return {};
}

Reply CoordinationMachine::apply(const Command& command) {
  // The protocol's own entries are none of the machine's.
  if (command.kind == CommandKind::noop || command.kind == CommandKind::reconfigure) {
    return {command.id, Outcome::ok, {}};
  }
  Last& last = requests_[command.id.client];
  if (command.id.sequence < last.sequence) return {command.id, Outcome::in_doubt, {}};
  if (command.id.sequence > last.sequence) {
    last = {command.id.sequence, run(command)};
    tree_.seal();
  }
  return {command.id, last.answer.outcome, last.answer.value};
}

Answer CoordinationMachine::run(const Command& command) {
  switch (command.kind) {
    case CommandKind::sync:
      return {};
    case CommandKind::commit:
      return commit(command.value);
    case CommandKind::compare:
      return compare(command.value);
    case CommandKind::close_session:
      end_session(command.id.client);
      return {};
    case CommandKind::expire: {
      const auto* list = command.value.get_if<Datum::List>();
      std::map<std::uint64_t, std::uint64_t> ended;
      for (const Datum& each : list == nullptr ? Datum::List{} : *list) {
        const auto* pair = each.get_if<Datum::List>();
        const auto* client =
            pair == nullptr || pair->size() != 2 ? nullptr : pair->front().get_if<std::int64_t>();
        const auto* sequence = client == nullptr ? nullptr : pair->back().get_if<std::int64_t>();
        if (sequence == nullptr) return misfit;
        ended[static_cast<std::uint64_t>(*client)] = static_cast<std::uint64_t>(*sequence);
      }
      expire(ended);
      return {};
    }
    default: {
      const auto path = path_of(command.key);
      return path ? on_node(command, *path) : misfit;
    }
  }
}

Answer CoordinationMachine::on_node(const Command& command, const std::string& path) {
  const std::uint64_t client = command.id.client;
  switch (command.kind) {
    case CommandKind::write:
      return put(path, command.value);
    case CommandKind::cas:
      return read(command.key) == command.expected ? put(path, command.value) : refused;
    case CommandKind::create:
      return create(path, command.value, client);
    case CommandKind::remove:
      return remove(path, command.value);
    case CommandKind::set:
      return set(path, command.expected, command.value);
    case CommandKind::acquire:
      return acquire(path, client);
    case CommandKind::release:
      return release(path, client);
    case CommandKind::renew:
      return renew(path, client);
    case CommandKind::use:
      return use(path, command.value);
    case CommandKind::elect:
      return elect(path, client);
    default:
      return misfit;
  }
}

Reply CoordinationMachine::query(const Command& command) const {
  Answer answer = look(command);
  if (weight_of(answer.value) > datum_weight_max) answer = misfit;
  return {command.id, answer.outcome, std::move(answer.value)};
}

Answer CoordinationMachine::look(const Command& command) const {
  if (command.kind == CommandKind::children && command.key.is_nil()) {
    Datum::List names;
    for (auto& name : tree_.children("")) names.emplace_back(std::move(name));
    return {Outcome::ok, std::move(names)};
  }
  const auto path = path_of(command.key);
  if (!path) return {Outcome::bad_request, {}};
  const Znode* node = tree_.find(*path);
  switch (command.kind) {
    case CommandKind::read:
      return {Outcome::ok, node == nullptr ? Datum() : node->data};
    case CommandKind::get:
      return {Outcome::ok, node == nullptr ? Datum() : stat_of(*node)};
    case CommandKind::exists:
      return {Outcome::ok, node != nullptr};
    case CommandKind::leader:
      return {Outcome::ok, leader_of(tree_, *path)};
    case CommandKind::children: {
      if (node == nullptr) return {Outcome::mismatch, {}};
      Datum::List names;
      for (auto& name : tree_.children(*path)) names.emplace_back(std::move(name));
      return {Outcome::ok, std::move(names)};
    }
    default:
      return {Outcome::bad_request, {}};
  }
}

Datum CoordinationMachine::read(const Datum& key) const {
  const auto path = path_of(key);
  const Znode* node = path ? tree_.find(*path) : nullptr;
  return node == nullptr ? Datum() : node->data;
}

Answer CoordinationMachine::put(const std::string& path, const Datum& data) {
  if (tree_.find(path) != nullptr) {
    tree_.set(path, data);
  } else if (tree_.has_place(path)) {
    tree_.create(path, data, 0);
  } else {
    return refused;
  }
  return {};
}

Answer CoordinationMachine::create(const std::string& path, const Datum& argument,
                                   std::uint64_t client) {
  const bool sequential = is_true(field(argument, "sequential"));
  std::string name = path;
  if (!tree_.has_place(path)) return refused;
  if (sequential) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return misfit;  // The root counts nothing.
    name = sequential_child(path.substr(0, slash), path.substr(slash + 1));
  }
  if (name.size() > path_bytes_max) return misfit;
  if (tree_.find(name) != nullptr) return refused;
  tree_.create(name, field(argument, "data"), is_true(field(argument, "ephemeral")) ? client : 0);
  return {Outcome::ok, name};
}

Answer CoordinationMachine::remove(const std::string& path, const Datum& version) {
  const Znode* node = tree_.find(path);
  if (node == nullptr || tree_.has_children(path)) return refused;
  if (!version.is_nil() && !(version == Datum(node->version))) return refused;
  tree_.erase(path);
  return {};
}

Answer CoordinationMachine::set(const std::string& path, const Datum& version, const Datum& data) {
  const Znode* node = tree_.find(path);
  if (node == nullptr) return refused;
  if (!version.is_nil() && !(version == Datum(node->version))) return refused;
  tree_.set(path, data);
  return {Outcome::ok, node->version};
}

std::map<std::uint64_t, std::uint64_t> CoordinationMachine::sessions() const {
  std::map<std::uint64_t, std::uint64_t> found;
  for (const std::uint64_t client : tree_.owners()) {
    const auto last = requests_.find(client);
    found[client] = last == requests_.end() ? 0 : last->second.sequence;
  }
  return found;
}

void CoordinationMachine::expire(const std::map<std::uint64_t, std::uint64_t>& sessions) {
  if (has(CoordinationBug::ephemeral_outlives_session)) return;
  const auto now = this->sessions();
  for (const auto& [client, sequence] : sessions) {
    const auto last = now.find(client);
    const bool silent = last != now.end() && last->second == sequence;
    if (silent || has(CoordinationBug::expire_after_renewal)) end_session(client);
  }
}

void CoordinationMachine::end_session(std::uint64_t client) {
  for (const std::string& path : tree_.owned_by(client)) tree_.erase(path);
}

std::string CoordinationMachine::encode(bool with_sessions) const {
  std::string bytes;
  ByteWriter writer(bytes);
  tree_.encode(writer, !has(CoordinationBug::snapshot_without_sequences));
  writer.u64(with_sessions ? requests_.size() : 0);
  if (!with_sessions) return bytes;
  for (const auto& [client, last] : requests_) {
    writer.reply({{client, last.sequence}, last.answer.outcome, last.answer.value});
  }
  return bytes;
}

bool CoordinationMachine::decode(std::string_view bytes) {
  ByteReader reader(bytes);
  Tree tree = tree_;
  if (!tree.decode(reader)) return false;
  std::map<std::uint64_t, Last> requests;
  for (auto left = reader.u64(); left > 0 && reader.ok(); --left) {
    Reply reply = reader.reply();
    requests[reply.id.client] = {reply.id.sequence, {reply.outcome, std::move(reply.value)}};
  }
  if (!reader.done()) return false;
  tree_ = std::move(tree);
  requests_ = std::move(requests);
  return true;
}

}  // namespace assay::reference
