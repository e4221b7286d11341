#pragma once
// The fast path of the JSON lines: an event of the plain kind, which nearly all are.

#include <cstdint>
#include <string>
#include <string_view>

#include "history/event.h"

namespace assay {

/// Takes apart one event a line. Plain are strings of printable ASCII without escapes, integers of
/// up to 18 digits, true, false, null and arrays of these, in the known fields, each at most once.
/// All else, errors included, is the full parser's, which says the same of plain lines.
class JsonScanner {
 public:
  /// Fills all of `event` but the index, which stays if the line says none. False: the line is not
  /// plain, and the event's contents mean nothing. REQUIRES: the byte behind `line` can be read
  /// and is below 0x20.
  bool scan(std::string_view line, Event& event);

 private:
  void skip_space() {
    while (*at_ == ' ' || *at_ == '\t') ++at_;
  }
  bool take(char c) {
    if (*at_ != c) return false;
    ++at_;
    return true;
  }
  bool take_word(const char* word);
  bool text(std::string_view& text);
  bool integer(std::int64_t& number);
  bool value(Value& value, int depth);
  bool array(Value& value, int depth);
  bool field(Event& event);
  bool process(Event& event);
  bool optional_text(std::string& out);
  bool first(unsigned field);

  const char* at_ = nullptr;
  unsigned seen_ = 0;
};

}  // namespace assay
