#pragma once
// Replies to commands, as MongoDB's drivers expect them.

#include <functional>
#include <string>

#include "targets/reference/node/mongodb/documents.h"
#include "targets/reference/protocols/protocol.h"

namespace assay::mongodb_front {

/// Takes the reply; called once.
using Respond = std::function<void(Datum reply)>;

/// Names to values: fields({{"ok", 1}}) is a document.
Datum text(const char* value);
Datum number(std::int64_t value);
struct Field {
  const char* name;
  Datum value;
};
Datum document(std::initializer_list<Field> fields);
void add_field(Datum& document, const char* name, Datum value);

/// {"ok":0,"code":…,"codeName":…,"errmsg":…}
Datum refusal(const Refusal& why);
/// Of one document of a bulk: {"index":0,"code":…,"errmsg":…}
Datum write_error(std::size_t index, const Refusal& why);

/// Adds to a reply as of when it is and how far the cluster is: operationTime, $clusterTime.
void add_times(Datum& reply, const reference::Position& position);

}  // namespace assay::mongodb_front
