#include "targets/reference/node/mongodb/answers.h"

#include <utility>

#include "targets/reference/node/mongodb/bson.h"

namespace assay::mongodb_front {

Datum text(const char* value) { return std::string(value); }

Datum number(std::int64_t value) { return value; }

Datum document(std::initializer_list<Field> fields) {
  Datum::Map map;
  for (const Field& field : fields) map.emplace_back(std::string(field.name), field.value);
  return map;
}

void add_field(Datum& document, const char* name, Datum value) {
  document.get_if<Datum::Map>()->emplace_back(std::string(name), std::move(value));
}

Datum refusal(const Refusal& why) {
  return document({{"ok", number(0)},
                   {"code", number(why.code)},
                   {"codeName", why.name},
                   {"errmsg", why.message}});
}

Datum write_error(std::size_t index, const Refusal& why) {
  return document({{"index", number(static_cast<std::int64_t>(index))},
                   {"code", number(why.code)},
                   {"errmsg", why.message}});
}

void add_times(Datum& reply, const reference::Position& position) {
  add_field(reply, "operationTime", timestamp(position));
  // Signed by nobody, as by a server without logins.
  constexpr std::size_t hash_bytes = 20;
  const Datum hash = document({{"$binary", std::string(hash_bytes, '\0')}});
  add_field(reply, "$clusterTime",
            document({{"clusterTime", timestamp(position)},
                      {"signature", document({{"hash", hash}, {"keyId", number(0)}})}}));
}

}  // namespace assay::mongodb_front
