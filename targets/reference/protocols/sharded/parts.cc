#include "targets/reference/protocols/sharded/parts.h"

#include <algorithm>
#include <utility>

#include "targets/reference/protocols/commands.h"
#include "targets/reference/protocols/quorum/ring.h"

namespace assay::reference {
namespace {

/// Null: there is no such map or entry.
template <class Map>
auto find(Map* map, const Datum& key) -> decltype(&map->front().second) {
  if (map == nullptr) return nullptr;
  const auto at =
      std::find_if(map->begin(), map->end(), [&](const auto& entry) { return entry.first == key; });
  return at == map->end() ? nullptr : &at->second;
}

/// An order {from to amount}; null pointers if it is malformed.
struct Order {
  explicit Order(const Datum& argument) {
    const auto* map = argument.get_if<Datum::Map>();
    from = find(map, std::string("from"));
    to = find(map, std::string("to"));
    const Datum* sum = find(map, std::string("amount"));
    amount = sum == nullptr ? nullptr : sum->get_if<std::int64_t>();
  }
  bool is_whole() const {
    return from != nullptr && to != nullptr && amount != nullptr && *amount >= 0;
  }
  const Datum* from = nullptr;
  const Datum* to = nullptr;
  const std::int64_t* amount = nullptr;
};

Parts divide_transaction(const Command& command, const std::vector<NodeId>& members) {
  Parts parts;
  std::size_t place = 0;
  for (const Datum& datum : *command.value.get_if<Datum::List>()) {
    const auto step = step_of(datum);
    Part& part = parts[shard_of(*step->key, members)];
    part.steps.push_back({step->entry->kind, command.id, *step->key, *step->value, {}});
    part.places.push_back(place++);
  }
  return parts;
}

/// Each shard opens its own accounts; those without any still take part, so that a bank is opened
/// everywhere or nowhere.
Parts divide_opening(const Command& command, const std::vector<NodeId>& members) {
  Parts parts;
  const auto* accounts = command.value.get_if<Datum::Map>();
  if (accounts == nullptr || !command.expected.is_nil()) return parts;
  for (const NodeId member : members) {
    Datum::Map own;
    for (const auto& account : *accounts) {
      if (shard_of(account.first, members) == member) own.push_back(account);
    }
    parts[member].steps = {{CommandKind::cas, command.id, {}, std::move(own), {}}};
  }
  return parts;
}

Answer transfer(const Command& step, NodeId self, const std::vector<NodeId>& members,
                Datum& object) {
  const Order order(step.value);
  auto* accounts = object.get_if<Datum::Map>();
  if (accounts == nullptr || !order.is_whole()) return {Outcome::mismatch, {}};
  for (const bool gives : {true, false}) {
    const Datum& account = gives ? *order.from : *order.to;
    if (shard_of(account, members) != self) continue;
    Datum* balance = find(accounts, account);
    auto* sum = balance == nullptr ? nullptr : balance->get_if<std::int64_t>();
    if (sum == nullptr || (gives && *sum < *order.amount)) return {Outcome::mismatch, {}};
    *sum += gives ? -*order.amount : *order.amount;
  }
  return {};
}

}  // namespace

Datum list_of(const std::vector<NodeId>& nodes) {
  Datum::List list;
  for (const NodeId node : nodes) list.emplace_back(static_cast<std::int64_t>(node));
  return list;
}

NodeId shard_of(const Datum& key, const std::vector<NodeId>& members) {
  return members[place_of(key) % members.size()];
}

Parts divide(const Command& command, const std::vector<NodeId>& members) {
  if (command.kind == CommandKind::txn) return divide_transaction(command, members);
  Parts parts;
  if (!command.key.is_nil()) {
    parts[shard_of(command.key, members)].steps = {command};
  } else if (command.kind == CommandKind::cas) {
    parts = divide_opening(command, members);
  } else if (command.kind == CommandKind::transfer) {
    const Order order(command.value);
    if (order.is_whole()) {
      parts[shard_of(*order.from, members)].steps = {command};
      parts[shard_of(*order.to, members)].steps = {command};
    }
  } else if (command.kind == CommandKind::read) {
    for (const NodeId member : members) parts[member].steps = {command};
  }
  return parts;
}

Datum combine(const Command& command, const Parts& parts) {
  if (command.kind == CommandKind::txn) {
    Datum::List steps = *command.value.get_if<Datum::List>();
    for (const auto& [member, part] : parts) {
      for (std::size_t i = 0; i < part.steps.size() && i < part.results.size(); ++i) {
        const CommandEntry* entry = entry_of(part.steps[i].kind);
        if (!entry->returns) continue;
        (*steps[part.places[i]].get_if<Datum::List>())[2] = part.results[i];
      }
    }
    return steps;
  }
  if (command.key.is_nil() && command.kind == CommandKind::read) {
    Datum::Map all;
    bool opened = false;
    for (const auto& [member, part] : parts) {
      const auto* own = part.results.empty() ? nullptr : part.results[0].get_if<Datum::Map>();
      if (own == nullptr) continue;
      opened = true;
      all.insert(all.end(), own->begin(), own->end());
    }
    std::sort(all.begin(), all.end());
    return opened ? Datum(std::move(all)) : Datum();
  }
  const auto& results = parts.begin()->second.results;
  return results.empty() ? Datum() : results.front();
}

void transfer_back(const Command& step, NodeId self, const std::vector<NodeId>& members,
                   Datum& object) {
  const Order order(step.value);
  auto* accounts = object.get_if<Datum::Map>();
  if (accounts == nullptr || !order.is_whole()) return;
  for (const bool gave : {true, false}) {
    const Datum& account = gave ? *order.from : *order.to;
    if (shard_of(account, members) != self) continue;
    Datum* balance = find(accounts, account);
    auto* sum = balance == nullptr ? nullptr : balance->get_if<std::int64_t>();
    if (sum != nullptr) *sum += gave ? *order.amount : -*order.amount;
  }
}

Answer perform_step(const Command& step, NodeId self, const std::vector<NodeId>& members,
                    Datum& object) {
  if (step.kind == CommandKind::transfer && step.key.is_nil()) {
    return transfer(step, self, members, object);
  }
  return perform(step, object);
}

}  // namespace assay::reference
