#pragma once
// Untrusted text on its way out. Everything that comes from a history (values, keys, node names,
// errors, what a fault did) or from a path may contain anything: markup, control characters,
// invisible characters that turn the reading direction, bytes that are no UTF-8 at all.

#include <cstddef>
#include <string>
#include <string_view>

namespace assay {

/// Valid UTF-8 in which nothing is hidden: bad bytes become U+FFFD; control characters, line and
/// paragraph separators and direction marks become their \uXXXX spelling. Newlines are kept only
/// if `newlines`. O(n).
std::string visible(std::string_view text, bool newlines = false);

/// Text for HTML and SVG, as content or inside a double-quoted attribute: visible, then escaped.
std::string escape_html(std::string_view text);

/// The same of at most `limit` code points, for where one text must not fill the page.
std::string short_html(std::string_view text, std::size_t limit = 400);

/// Text for XML 1.0, as content or attribute: visible (so no forbidden character is left), escaped.
std::string escape_xml(std::string_view text, bool newlines = false);

/// Text for Markdown, visible, in which no character is markup and nobody is mentioned.
std::string escape_markdown(std::string_view text);

/// The same as a span of code, clipped to `limit` code points. Not for tables, where a bar would
/// end the cell even here.
std::string code_markdown(std::string_view text, std::size_t limit = 400);

/// Appends a JSON string with quotes, made from visible text, that may stand inside <script>.
void append_json_string(std::string& out, std::string_view text);

/// At most `limit` code points of valid UTF-8; what is cut is replaced by an ellipsis.
std::string clip(std::string_view text, std::size_t limit);

/// Number of code points of valid UTF-8.
std::size_t code_points(std::string_view text);

std::string base64(std::string_view bytes);

}  // namespace assay
