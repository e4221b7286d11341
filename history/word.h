#pragma once
// The names of functions and fields in a history's values.

#include <string_view>

#include "history/value.h"

namespace assay {

/// What a value names: the text of a string, a keyword or a symbol (formats write names as any of
/// the three). Empty if it is none of them. It is valid as long as the value is.
inline std::string_view word_of(const Value& value) {
  if (const auto* text = value.get_if<std::string>()) return *text;
  if (const auto* keyword = value.get_if<Value::Keyword>()) return keyword->name;
  const auto* symbol = value.get_if<Value::Tagged>();
  return symbol != nullptr && symbol->tag.empty() ? std::string_view(symbol->text)
                                                  : std::string_view();
}

}  // namespace assay
