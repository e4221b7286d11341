#pragma once
// What commands say beside the document they are about: fields, collections, concerns, deadlines.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "targets/reference/node/mongodb/documents.h"

namespace assay::mongodb_front {

/// Empty: there is no such field, or it is no text.
std::string text_in(const Datum& map, std::string_view name);
std::optional<std::int64_t> number_in(const Datum& map, std::string_view name);
bool is_true(const Datum& map, std::string_view name);
/// Null: there is no such field, or it is no list.
const Datum::List* list_in(const Datum& map, std::string_view name);

/// database.collection. REQUIRES: a map whose first field is the command's.
std::string namespace_of(const Datum& command);
/// Of a document of the command's collection, in the store.
Datum key_of(const Datum& command, const Datum& id);

/// So many milliseconds from now as the field says, else ten seconds.
Nanos deadline_of(const Datum& options, std::string_view name);

/// Until when a majority is waited for, by `writeConcern`; nothing: the primary's disk is enough.
/// A server's default is the majority.
std::variant<std::optional<Nanos>, Refusal> concern_of(const Datum& command);

bool allows_secondaries(const Datum& command);

/// Of the command's write at this place, if the driver may send it again.
std::optional<WriteNumber> number_of(const Datum& command, std::size_t place);

/// Of a command that lacks what it needs.
Refusal malformed(std::string message);

}  // namespace assay::mongodb_front
