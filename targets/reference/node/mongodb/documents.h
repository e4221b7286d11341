#pragma once
// What an update makes of one document, as MongoDB's manual says of its operators. Pure; a document
// is nil while there is none.

#include <optional>
#include <string>
#include <variant>

#include "targets/reference/protocols/datum.h"

namespace assay::mongodb_front {

using reference::Datum;

/// Why a command was refused.
struct Refusal {
  int code = 0;
  std::string name;  ///< of the code, as MongoDB has it
  std::string message;
};

/// A write of the document with one _id.
struct Change {
  enum class Kind : std::uint8_t { insert, update };
  Kind kind = Kind::update;
  Datum id;
  Datum filter;  ///< update: fields with values, {"$eq":…} or {"$exists":…}
  Datum update;  ///< operators, or the whole document; insert: the document
  bool upsert = false;
};

struct Changed {
  bool matched = false;   ///< update: there was a document for it
  bool upserted = false;  ///< it made one
  Datum after;            ///< as it was, if nothing changes
};

/// What the change makes of a document.
std::variant<Changed, Refusal> change_document(const Change& change, const Datum& before);

/// The _id that a filter asks for. Refusal: it names none, or more.
std::variant<Datum, Refusal> id_in(const Datum& filter);
/// Whether the document is one of those. Nothing: an operator that is not known here.
std::optional<bool> matches(const Datum& filter, const Datum& document);

}  // namespace assay::mongodb_front
