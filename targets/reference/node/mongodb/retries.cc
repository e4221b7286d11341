#include "targets/reference/node/mongodb/retries.h"

#include <algorithm>
#include <set>
#include <utility>

#include "targets/reference/node/mongodb/bson.h"

namespace assay::mongodb_front {
namespace {

constexpr const char* writes_field = "$writes";

/// As the store keeps it: session, number, statement, matched, upserted, modified, value.
Datum::List kept_form(const WriteNumber& number, const Effect& effect) {
  return {Datum(number.session), Datum(number.number),   Datum(number.statement),
          Datum(effect.matched), Datum(effect.upserted), Datum(effect.modified),
          effect.value};
}
constexpr std::size_t identity_size = 3;

const Datum::List& parts_of(const Datum& kept) { return *kept.get_if<Datum::List>(); }

}  // namespace

StoredDocument StoredDocument::from(const Datum& value) {
  StoredDocument stored;
  const Datum* writes = find(value, writes_field);
  if (writes == nullptr) {
    stored.document = value;
    return stored;
  }
  stored.writes = *writes->get_if<Datum::List>();
  Datum::Map fields = *value.get_if<Datum::Map>();
  fields.pop_back();
  if (!fields.empty()) stored.document = std::move(fields);
  return stored;
}

Datum StoredDocument::to_value() const {
  if (writes.empty()) return document;
  Datum::Map fields;
  if (const auto* map = document.get_if<Datum::Map>()) fields = *map;
  fields.emplace_back(std::string(writes_field), writes);
  return fields;
}

std::optional<Effect> StoredDocument::effect_of(const WriteNumber& number) const {
  const auto wanted = kept_form(number, {});
  const auto kept = std::find_if(writes.begin(), writes.end(), [&](const Datum& each) {
    return std::equal(wanted.begin(), wanted.begin() + identity_size, parts_of(each).begin());
  });
  if (kept == writes.end()) return std::nullopt;
  const Datum::List& parts = parts_of(*kept);
  return Effect{*parts[3].get_if<bool>(), *parts[4].get_if<bool>(), *parts[5].get_if<bool>(),
                parts[6]};
}

void StoredDocument::remember(const WriteNumber& number, const Effect& effect) {
  const Datum session(number.session);
  std::set<Datum> others;
  // A session that sends its next command has had the answer to the last.
  std::erase_if(writes, [&](const Datum& each) {
    const auto& parts = parts_of(each);
    if (parts[0] == session) return !(parts[1] == Datum(number.number));
    others.insert(parts[0]);
    return false;
  });
  if (others.size() >= sessions_max) {
    const Datum oldest = parts_of(writes.front())[0];
    std::erase_if(writes, [&](const Datum& each) { return parts_of(each)[0] == oldest; });
  }
  writes.emplace_back(kept_form(number, effect));
}

bool names_writes(const Datum& document) { return find(document, writes_field) != nullptr; }

}  // namespace assay::mongodb_front
