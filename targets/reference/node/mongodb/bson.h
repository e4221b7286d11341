#pragma once
// BSON, the bytes of MongoDB's documents, as data of the store and back.

#include <optional>
#include <string>
#include <string_view>

#include "targets/reference/protocols/datum.h"
#include "targets/reference/protocols/protocol.h"

namespace assay::mongodb_front {

using reference::Datum;

/// Untrusted bytes. What the store has no kind for is a map of one name, as in MongoDB's extended
/// JSON: {"$oid":hex}, {"$binary":bytes}, {"$date":ms}, {"$timestamp":[t,i]}; a double that is
/// whole is an integer. Nothing: not one document, nested too deeply, or of other kinds.
std::optional<Datum> from_bson(std::string_view bytes);
/// REQUIRES: a map whose names are texts. A small integer takes 32 bits, as drivers send it.
std::string to_bson(const Datum& document);

/// A position in the log as MongoDB's times are told: the leader's term in place of the seconds.
/// Such times ascend along the log as MongoDB's do.
Datum timestamp(const reference::Position& position);
/// Nothing: no timestamp.
std::optional<reference::Position> position_of(const Datum& timestamp);

/// Null: no map, or the map has no such name.
const Datum* find(const Datum& map, std::string_view name);
bool is_text(const Datum* datum, std::string_view text);

}  // namespace assay::mongodb_front
