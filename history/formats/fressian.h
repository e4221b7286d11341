#pragma once
// Fressian, the binary form in which Jepsen stores its tests, as far as histories need it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "history/value.h"

namespace assay {

/// Reads values from bytes in memory. Functions that return bool return false after an error;
/// error() then says what and where. What the bytes claim is never believed: lengths, nesting and
/// what caches multiply are limited by the size of the input.
class FressianReader {
 public:
  /// `offset`: where `bytes` begin in the file, for errors.
  FressianReader(std::string_view bytes, std::uint64_t offset) : bytes_(bytes), offset_(offset) {}

  bool read(Value& value);
  bool at_end() const { return position_ == bytes_.size(); }
  const std::optional<Error>& error() const { return error_; }
  std::uint64_t offset() const { return offset_ + position_; }

  /// How the forms that Value does not have are told: a Tagged with one of these names whose
  /// content follows in the list [tagged, part, part, …].
  static constexpr std::string_view operation_tag = "jepsen.history.Op";
  static constexpr std::string_view entry_tag = "map-entry";
  static constexpr std::string_view block_tag = "block-ref";
  /// The parts behind the tag if `value` is such a form.
  static const Value::List* form(const Value& value, std::string_view tag);

 private:
  struct StructType {
    std::string tag;
    std::uint64_t fields;
  };
  struct Cached {
    Value value;
    std::uint64_t nodes;
  };

  bool fail(std::string_view what);
  bool byte(std::uint8_t& byte);
  bool raw(std::size_t bytes, std::uint64_t& number);
  bool count(std::uint64_t& count);
  bool read_code(std::uint8_t code, Value& value);
  bool read_number(std::uint8_t code, std::int64_t& number);
  bool read_double(std::uint8_t code, Value& value);
  bool read_string(std::uint8_t code, Value& value);
  bool read_binary(std::uint8_t code, Value& value);
  bool read_list(std::uint64_t count, Value& value);
  bool read_open_list(bool closed, Value& value);
  bool read_cached(std::uint64_t index, Value& value);
  bool read_into_cache(Value& value);
  bool read_struct(std::string_view tag, std::uint64_t fields, Value& value);
  bool read_cached_struct(std::uint64_t index, Value& value);
  bool take(std::uint64_t count, std::string& to);

  std::string_view bytes_;
  std::uint64_t offset_;
  std::size_t position_ = 0;
  int depth_ = 0;
  std::uint64_t nodes_ = 0;  ///< made since the latest outermost read()
  std::vector<std::optional<Cached>> cache_;
  std::vector<StructType> structs_;
  std::optional<Error> error_;
};

}  // namespace assay
