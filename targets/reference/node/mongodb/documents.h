#pragma once
// What an update makes of one document, as MongoDB's manual says of its operators. Pure; a document
// is nil while there is none.

#include <optional>
#include <string>
#include <variant>

#include "targets/reference/node/mongodb/retries.h"

namespace assay::mongodb_front {

/// Why a command was refused.
struct Refusal {
  int code = 0;
  std::string name;  ///< of the code, as MongoDB has it
  std::string message;
};

/// A write of the document with one _id.
struct Change {
  enum class Kind : std::uint8_t { insert, update, remove };
  Kind kind = Kind::update;
  Datum id;
  Datum filter;  ///< update, remove: fields with values, {"$eq":…} or {"$exists":…}
  Datum update;  ///< operators, or the whole document; insert: the document
  bool upsert = false;
  enum class Shows : std::uint8_t { nothing, before, after };
  Shows shows = Shows::nothing;
  std::optional<WriteNumber> number{};  ///< of a write that may be sent again
};

struct Changed {
  bool matched = false;   ///< update, remove: there was a document for it
  bool upserted = false;  ///< it made one
  Datum after;            ///< as it was, if nothing changes; nil: removed
};

/// What the change makes of a document.
std::variant<Changed, Refusal> change_document(const Change& change, const Datum& before);

/// The _id that a filter asks for. Refusal: it names none, or more.
std::variant<Datum, Refusal> id_in(const Datum& filter);
/// Whether the document is one of those. Nothing: an operator that is not known here.
std::optional<bool> matches(const Datum& filter, const Datum& document);

}  // namespace assay::mongodb_front
