#pragma once
// A streaming reader of EDN: one form at a time, never the whole input in memory. It reads what
// Clojure prints, readable or not: an unknown tag, an object's address, a ratio become
// Value::Tagged instead of an error.

#include <cstdint>
#include <optional>
#include <streambuf>
#include <string>
#include <string_view>

#include "base/result.h"
#include "history/formats/text_buffer.h"
#include "history/value.h"

namespace assay {

/// Functions that return bool return false after an error; error() then says what and where, and
/// nothing more can be read.
class EdnReader {
 public:
  explicit EdnReader(std::streambuf& input) : input_(input) {}
  /// Text that stays where it is; `line`: the number of the line that it begins with.
  EdnReader(std::string_view text, std::uint64_t line) : input_(text), line_(line) {}

  static constexpr int end = -1;

  /// The character the next form begins with, after white space, comments, discarded forms and
  /// metadata; `end` at the end of the input or after an error. Not yet taken.
  int peek();
  /// Takes `c` if it comes next.
  bool take(char c);
  /// One form of any kind.
  bool read(Value& value);
  /// REQUIRES: peek() == ':'. The keyword's name is in token() until the next call.
  bool read_keyword();
  /// REQUIRES: peek() == '#'. The tag's name is in token() until the next call.
  bool read_tag();
  std::string_view token() const { return token_; }

  /// Nothing is left, not even white space.
  bool at_end() { return !hash_ && current() == end; }
  std::uint64_t line() const { return line_; }
  const std::optional<Error>& error() const { return error_; }
  /// Sets the error, unless there is one already: `what` at `line`. Returns false.
  bool fail(std::uint64_t line, const std::string& what);
  /// The error for a form that the input ends inside of.
  bool never_closed(std::uint64_t begin, std::string_view form);
  /// What comes next, for messages.
  std::string shown_next();

 private:
  int current() {
    if (input_.at() == input_.end() && !input_.more()) return end;
    return static_cast<unsigned char>(*input_.at());
  }
  int advance() {
    const int c = current();
    if (c == '\n') ++line_;
    if (c != end) input_.advance_to(input_.at() + 1);
    return c;
  }
  bool deeper();
  bool read_small_integer(Value& value);
  bool read_form(Value& value);
  bool read_hash(Value& value);
  bool read_symbolic(Value& value);
  bool read_tagged(Value& value);
  bool read_unreadable(Value& value);
  bool read_namespaced(Value& value);
  bool read_list(Value::List& list, char close, std::string_view form);
  bool read_map(Value::Map& map, std::uint64_t begin);
  bool read_string(std::string& text);
  bool read_escape(std::string& text);
  bool read_unicode(std::uint32_t& unit);
  bool read_character(Value& value);
  bool read_token();
  bool read_atom(Value& value);
  bool skip_discarded();

  TextBuffer input_;
  std::uint64_t line_ = 1;
  int depth_ = 0;
  bool hash_ = false;  ///< a '#' was consumed to look behind it; it counts as still there
  std::string token_;
  std::optional<Error> error_;
};

}  // namespace assay
