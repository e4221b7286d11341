#pragma once
// The bytes of a stream in a buffer of one's own, so that a reader sees many at a time instead of
// asking for each.

#include <cstddef>
#include <streambuf>
#include <string_view>
#include <vector>

#include "history/formats/streams.h"

namespace assay {

/// A window from at() to end() that moves over the input. What comes from a pipe is in the window
/// as soon as it has arrived.
class TextBuffer {
 public:
  explicit TextBuffer(std::streambuf& input);
  /// Text that stays where it is.
  explicit TextBuffer(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}
  TextBuffer(const TextBuffer&) = delete;
  TextBuffer& operator=(const TextBuffer&) = delete;

  const char* at() const { return at_; }
  const char* end() const { return end_; }
  void advance_to(const char* at) { at_ = at; }
  /// Gets more bytes behind end(); what lies from at() on stays in the window, but may move. False
  /// if the input ends. Over a stream, a zero byte lies behind the window.
  bool more();

 private:
  static constexpr std::size_t bytes_at_first = std::size_t{64} << 10U;

  std::size_t read_some(char* to, std::size_t count);

  std::streambuf* input_ = nullptr;
  ByteSource* source_ = nullptr;  ///< input_, if it is one: it spares a copy
  std::vector<char> bytes_;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
};

}  // namespace assay
