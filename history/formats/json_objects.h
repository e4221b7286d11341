#pragma once
// JSON objects one after the other, out of one array or simply in a row (a line each, or printed
// over many lines), so that only one object at a time is in memory.

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <streambuf>
#include <string>
#include <string_view>

#include "base/result.h"
#include "history/value.h"

namespace assay {

class JsonObjects {
 public:
  explicit JsonObjects(std::streambuf& input) : input_(input) {}

  /// The next object, valid until the next call; nothing at the end or after an error.
  std::optional<simdjson::dom::object> next();
  /// The line that the object begins at.
  std::uint64_t line() const { return begin_; }
  const std::optional<Error>& error() const { return error_; }
  /// bad_data: "line N: what", for the latest object.
  Error bad(std::string_view what) const;

 private:
  int skip_space();
  int take();
  bool scan_object();
  bool start();
  void fail(std::uint64_t line, std::string_view what);

  std::streambuf& input_;
  simdjson::dom::parser parser_;
  std::string text_;
  std::uint64_t line_ = 1;
  std::uint64_t begin_ = 1;
  std::optional<Error> error_;
  bool started_ = false;
  bool array_ = false;
  bool first_ = true;
};

/// Any JSON as a value: strings stay strings, object keys that spell an integer become integers,
/// integers that need 64 unsigned bits become their text. Error (bad_data): nested too deeply.
Result<Value> json_value(const simdjson::dom::element& json);

}  // namespace assay
