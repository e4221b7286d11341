#include "targets/reference/node/mongodb/documents.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "targets/reference/node/mongodb/bson.h"

namespace assay::mongodb_front {
namespace {

Refusal bad_value(std::string message) { return {2, "BadValue", std::move(message)}; }

Refusal reserved_name() {
  return {52, "DollarPrefixedFieldName", "a field's name cannot begin with $ here"};
}

bool is_operator(const Datum& name) {
  const auto* text = name.get_if<std::string>();
  return text != nullptr && text->starts_with('$');
}

/// {"$eq":5} and the like; timestamps and object ids are values.
bool has_operators(const Datum& value) {
  const auto* map = value.get_if<Datum::Map>();
  if (map == nullptr || map->empty()) return false;
  const auto* name = map->front().first.get_if<std::string>();
  return name != nullptr && (*name == "$eq" || *name == "$exists");
}

Datum& field_of(Datum& document, const Datum& name) {
  auto& fields = *document.get_if<Datum::Map>();
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const auto& field) { return field.first == name; });
  if (found != fields.end()) return found->second;
  return fields.emplace_back(name, Datum()).second;
}

/// Null: it is something else than a list.
Datum::List* list_in(Datum& field) {
  if (field.is_nil()) field = Datum::List{};
  return field.get_if<Datum::List>();
}

// False: the field is of another type than the operator needs.
bool set(Datum& field, const Datum& value) {
  field = value;
  return true;
}
bool increment(Datum& field, const Datum& value) {
  if (field.is_nil()) field = std::int64_t{0};
  auto* number = field.get_if<std::int64_t>();
  const auto* by = value.get_if<std::int64_t>();
  if (number == nullptr || by == nullptr) return false;
  return !__builtin_add_overflow(*number, *by, number);
}
bool push(Datum& field, const Datum& value) {
  auto* list = list_in(field);
  if (list != nullptr) list->push_back(value);
  return list != nullptr;
}
bool add_to_set(Datum& field, const Datum& value) {
  auto* list = list_in(field);
  if (list == nullptr) return false;
  if (std::find(list->begin(), list->end(), value) == list->end()) list->push_back(value);
  return true;
}

struct Operator {
  std::string_view name;
  bool (*apply)(Datum& field, const Datum& value);
};
constexpr std::array operators{Operator{"$set", set}, Operator{"$inc", increment},
                               Operator{"$push", push}, Operator{"$addToSet", add_to_set}};

std::optional<Refusal> apply(const Datum::Map& update, Datum& document) {
  for (const auto& [name, fields] : update) {
    const auto row = std::find_if(operators.begin(), operators.end(),
                                  [&](const Operator& each) { return is_text(&name, each.name); });
    const auto* changes = fields.get_if<Datum::Map>();
    if (row == operators.end() || changes == nullptr) {
      return Refusal{9, "FailedToParse",
                     "updates are documents, or $set, $inc, $push and $addToSet of fields"};
    }
    for (const auto& [field, value] : *changes) {
      const auto* text = field.get_if<std::string>();
      if (text == nullptr || text->find('.') != std::string::npos || *text == "_id") {
        return bad_value("fields of fields and _id cannot be updated here");
      }
      if (!row->apply(field_of(document, field), value)) {
        return Refusal{14, "TypeMismatch",
                       std::string(row->name) + " does not fit what " + *text + " holds"};
      }
    }
  }
  return std::nullopt;
}

/// What an upsert begins with: the filter's fields that have a value.
Datum seed_of(const Change& change) {
  Datum::Map fields{{Datum(std::string("_id")), change.id}};
  if (const auto* filter = change.filter.get_if<Datum::Map>()) {
    for (const auto& [name, value] : *filter) {
      if (!has_operators(value) && !is_text(&name, "_id")) fields.emplace_back(name, value);
    }
  }
  return fields;
}

}  // namespace

std::variant<Changed, Refusal> change_document(const Change& change, const Datum& before) {
  const Refusal taken{11000, "DuplicateKey", "E11000 duplicate key error: _id"};
  if (change.kind == Change::Kind::insert) {
    if (!before.is_nil()) return taken;
    if (names_writes(change.update)) return reserved_name();
    return Changed{false, true, change.update};
  }
  const auto matched = before.is_nil() ? false : matches(change.filter, before);
  if (change.kind == Change::Kind::remove && matched) {
    return Changed{*matched, false, *matched ? Datum() : before};
  }
  const auto* update = change.update.get_if<Datum::Map>();
  if (update == nullptr || !matched) return bad_value("filters compare with $eq or ask $exists");
  if (!*matched && !change.upsert) return Changed{false, false, before};
  if (!*matched && !before.is_nil()) return taken;
  Changed changed{*matched, !*matched, *matched ? before : seed_of(change)};
  if (!update->empty() && is_operator(update->front().first)) {
    if (auto refusal = apply(*update, changed.after)) return *std::move(refusal);
  } else {
    Datum::Map whole{{Datum(std::string("_id")), change.id}};
    for (const auto& field : *update) {
      if (!is_text(&field.first, "_id")) whole.push_back(field);
    }
    changed.after = std::move(whole);
  }
  if (names_writes(changed.after)) return reserved_name();
  return changed;
}

std::variant<Datum, Refusal> id_in(const Datum& filter) {
  const Datum* id = find(filter, "_id");
  if (id != nullptr && has_operators(*id)) id = find(*id, "$eq");
  if (id == nullptr) return bad_value("documents are found by their _id only");
  return *id;
}

std::optional<bool> matches(const Datum& filter, const Datum& document) {
  const auto* wanted = filter.get_if<Datum::Map>();
  if (wanted == nullptr) return std::nullopt;
  for (const auto& [name, value] : *wanted) {
    if (is_operator(name)) return std::nullopt;
    const auto* text = name.get_if<std::string>();
    const Datum* held = text == nullptr ? nullptr : find(document, *text);
    bool fits = held != nullptr ? *held == value : value.is_nil();
    if (has_operators(value)) {
      const Datum* equal = find(value, "$eq");
      const Datum* exists = find(value, "$exists");
      if (value.get_if<Datum::Map>()->size() != 1) return std::nullopt;
      fits = equal != nullptr ? held != nullptr && *held == *equal
                              : exists != nullptr && *exists == Datum(held != nullptr);
    }
    if (!fits) return false;
  }
  return true;
}

}  // namespace assay::mongodb_front
