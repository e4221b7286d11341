#pragma once
// Retryable writes: a driver that heard no answer sends a write again, with the same number of the
// same session. What the first did is kept beside the document, in the same step of the store, so
// that whoever leads by then answers the second with it and writes nothing.

#include <cstdint>
#include <optional>
#include <string>

#include "targets/reference/protocols/datum.h"

namespace assay::mongodb_front {

using reference::Datum;

/// Which write it is: the same for all attempts at it, and for no other.
struct WriteNumber {
  std::string session;
  std::int64_t number = 0;     ///< of the session's commands
  std::int64_t statement = 0;  ///< of the command's writes
};

/// What a write did to its document, as replies tell it.
struct Effect {
  bool matched = false;   ///< there was a document for it
  bool upserted = false;  ///< it made one
  bool modified = false;  ///< the document is another one
  Datum value;            ///< what findAndModify shows
};

/// A document as the store holds it, with the numbered writes that it went through last: one
/// command of each of so many sessions.
struct StoredDocument {
  static constexpr std::size_t sessions_max = 32;

  Datum document;      ///< nil: there is none
  Datum::List writes;  ///< the oldest first

  /// Any value of the store.
  static StoredDocument from(const Datum& value);
  /// Nil if there is nothing to keep.
  Datum to_value() const;

  /// What this write did, if it is one of those.
  std::optional<Effect> effect_of(const WriteNumber& number) const;
  void remember(const WriteNumber& number, const Effect& effect);
};

/// Whether a document is one that only the store can have made.
bool names_writes(const Datum& document);

}  // namespace assay::mongodb_front
