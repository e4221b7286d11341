#pragma once
// Values and strings as text, appended to a buffer: what to_text and the writers of the text
// formats share.

#include <cstdint>
#include <string>
#include <string_view>

#include "history/value.h"

namespace assay {

/// A double-quoted string with the escapes of JSON. Bytes that are no UTF-8 become U+FFFD, so the
/// result is valid JSON and valid EDN.
void append_quoted(std::string_view text, std::string& out);

void append_integer(std::int64_t number, std::string& out);

/// The shortest text that reads back as the same double; always with a point or an exponent.
/// REQUIRES: finite.
void append_double(double number, std::string& out);

/// EDN. Keywords and tags are written as they were read.
void append_edn(const Value& value, std::string& out);

/// JSON. What JSON cannot say is written as the nearest thing it can: keywords as strings, sets as
/// arrays, map keys as strings, tagged forms as their text, NaN and infinities as strings.
void append_json(const Value& value, std::string& out);

}  // namespace assay
