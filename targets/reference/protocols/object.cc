#include "targets/reference/protocols/object.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace assay::reference {
namespace {

/// The list that the object is, or becomes if it is nil. Null: it is something else, or full.
Datum::List* growing(Datum& object) {
  if (object.is_nil()) object = Datum::List{};
  auto* list = object.get_if<Datum::List>();
  return list == nullptr || list->size() >= object_elements_max ? nullptr : list;
}

Answer add_to_set(const Datum& element, Datum& object) {
  auto* list = growing(object);
  if (list == nullptr) return misfit;
  const auto at = std::lower_bound(list->begin(), list->end(), element);
  if (at == list->end() || !(*at == element)) list->insert(at, element);
  return {};
}

Answer increment(const Datum& amount, Datum& object) {
  const auto* by = amount.get_if<std::int64_t>();
  const auto* before = object.get_if<std::int64_t>();
  if (by == nullptr || (before == nullptr && !object.is_nil())) return misfit;
  const auto sum =
      static_cast<std::uint64_t>(before == nullptr ? 0 : *before) + static_cast<std::uint64_t>(*by);
  object = static_cast<std::int64_t>(sum);
  return {};
}

/// The position of the new element.
Answer append(const Datum& element, Datum& object) {
  auto* list = growing(object);
  if (list == nullptr) return misfit;
  list->push_back(element);
  return {Outcome::ok, static_cast<std::int64_t>(list->size() - 1)};
}

Answer dequeue(Datum& object) {
  if (object.is_nil()) return {};
  auto* list = object.get_if<Datum::List>();
  if (list == nullptr) return misfit;
  if (list->empty()) return {};
  Answer result{Outcome::ok, std::move(list->front())};
  list->erase(list->begin());
  return result;
}

Answer poll(const Datum& from, const Datum& object) {
  const auto* offset = from.get_if<std::int64_t>();
  const auto* list = object.get_if<Datum::List>();
  if (offset == nullptr || *offset < 0 || (list == nullptr && !object.is_nil())) return misfit;
  Datum::List tail;
  if (list != nullptr && static_cast<std::uint64_t>(*offset) < list->size()) {
    tail.assign(list->begin() + *offset, list->end());
  }
  return {Outcome::ok, std::move(tail)};
}

/// A lock: nil before its first acquire, then [token holder]; the holder is nil while it is free.
Answer acquire(std::uint64_t client, Datum& object) {
  std::int64_t token = 0;
  if (!object.is_nil()) {
    const auto* lock = object.get_if<Datum::List>();
    const auto* last =
        lock == nullptr || lock->size() != 2 ? nullptr : lock->front().get_if<std::int64_t>();
    if (last == nullptr) return misfit;
    if (!lock->back().is_nil()) return refused;
    token = *last;
  }
  object = Datum::List{token + 1, static_cast<std::int64_t>(client)};
  return {Outcome::ok, token + 1};
}

Answer release(std::uint64_t client, Datum& object) {
  if (object.is_nil()) return refused;
  auto* lock = object.get_if<Datum::List>();
  if (lock == nullptr || lock->size() != 2) return misfit;
  if (!(lock->back() == Datum(static_cast<std::int64_t>(client)))) return refused;
  lock->back() = Datum();
  return {};
}

Datum* find(Datum::Map& map, const Datum& key) {
  const auto at =
      std::find_if(map.begin(), map.end(), [&](const auto& entry) { return entry.first == key; });
  return at == map.end() ? nullptr : &at->second;
}

/// {from to amount}, by name; refused if an account is missing or would fall below zero.
Answer transfer(Datum argument, Datum& object) {
  auto* order = argument.get_if<Datum::Map>();
  auto* accounts = object.get_if<Datum::Map>();
  if (accounts == nullptr && object.is_nil()) return refused;
  if (order == nullptr || accounts == nullptr) return misfit;
  const auto* from = find(*order, std::string("from"));
  const auto* to = find(*order, std::string("to"));
  const auto* amount = find(*order, std::string("amount"));
  const auto* sum = amount == nullptr ? nullptr : amount->get_if<std::int64_t>();
  if (from == nullptr || to == nullptr || sum == nullptr || *sum < 0) return misfit;
  Datum* source = find(*accounts, *from);
  Datum* sink = find(*accounts, *to);
  auto* balance = source == nullptr ? nullptr : source->get_if<std::int64_t>();
  auto* other = sink == nullptr ? nullptr : sink->get_if<std::int64_t>();
  if (balance == nullptr || other == nullptr || *balance < *sum) return refused;
  if (*other > std::numeric_limits<std::int64_t>::max() - *sum) return refused;
  *balance -= *sum;
  *other += *sum;
  return {};
}

}  // namespace

Answer perform(const Command& command, Datum& object) {
  switch (command.kind) {
    case CommandKind::read:
      return {Outcome::ok, object};
    case CommandKind::write:
      object = command.value;
      return {};
    case CommandKind::cas:
      if (!(object == command.expected)) return refused;
      object = command.value;
      return {};
    case CommandKind::add:
      return add_to_set(command.value, object);
    case CommandKind::increment:
      return increment(command.value, object);
    case CommandKind::append:
    case CommandKind::enqueue:
    case CommandKind::send:
      return append(command.value, object);
    case CommandKind::dequeue:
      return dequeue(object);
    case CommandKind::acquire:
      return acquire(command.id.client, object);
    case CommandKind::release:
      return release(command.id.client, object);
    case CommandKind::poll:
      return poll(command.value, object);
    case CommandKind::transfer:
      return transfer(command.value, object);
    default:  // Not about one object, or of another machine.
      break;
  }
  return misfit;
}

}  // namespace assay::reference
