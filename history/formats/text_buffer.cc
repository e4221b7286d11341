#include "history/formats/text_buffer.h"

#include <algorithm>
#include <cstring>

namespace assay {

TextBuffer::TextBuffer(std::streambuf& input)
    : input_(&input), source_(dynamic_cast<ByteSource*>(&input)) {}

/// Waits for at least one byte; then whatever else is there is taken without waiting.
std::size_t TextBuffer::read_some(char* to, std::size_t count) {
  if (source_ != nullptr) return source_->read_some(to, count);
  if (input_->sgetc() == std::streambuf::traits_type::eof()) return 0;
  const std::streamsize there = std::max<std::streamsize>(input_->in_avail(), 1);
  const auto wanted = std::min(static_cast<std::streamsize>(count), there);
  return static_cast<std::size_t>(input_->sgetn(to, wanted));
}

bool TextBuffer::more() {
  if (input_ == nullptr) return false;
  const auto kept = static_cast<std::size_t>(end_ - at_);
  if (bytes_.empty()) bytes_.resize(bytes_at_first);
  if (kept > 0) std::memmove(bytes_.data(), at_, kept);
  if (kept + 1 >= bytes_.size()) bytes_.resize(bytes_.size() * 2);
  at_ = bytes_.data();
  const std::size_t got = read_some(bytes_.data() + kept, bytes_.size() - kept - 1);
  end_ = at_ + kept + got;
  bytes_[kept + got] = '\0';
  return got > 0;
}

}  // namespace assay
