#include "reports/block.h"

#include <fmt/format.h>
#include <zlib.h>

#include <iterator>

#include "base/assert.h"
#include "reports/escape.h"

namespace assay {
namespace {

std::string gzip(const std::string& text) {
  z_stream stream{};
  constexpr int gzip_window = 15 + 16;
  const int made = deflateInit2(&stream, 6, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY);
  ASSAY_ASSERT(made == Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  // zlib reads through a pointer to non-const but does not write.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // NOLINT
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());  // NOLINT
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = deflate(&stream, Z_FINISH);
  ASSAY_ASSERT(done == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

void NumberColumn::add(std::uint64_t number) {
  for (; number >= 0x80; number >>= 7U) bytes_ += static_cast<char>((number & 0x7FU) | 0x80U);
  bytes_ += static_cast<char>(number);
}

void TextColumn::add(std::string_view text) {
  const auto [at, added] = known_.try_emplace(std::string(text), known_.size());
  if (added) {
    if (at->second > 0) texts_ += '\n';
    texts_ += at->first;
    ids_.add(0);
  } else {
    ids_.add(known_.size() - at->second);
  }
}

void BlockWriter::add(std::string_view name, const NumberColumn& column) {
  sections_.emplace_back(name, column.bytes().size());
  bytes_ += column.bytes();
}

void BlockWriter::add(std::string_view name, const TextColumn& column) {
  sections_.emplace_back(name, column.bytes().size());
  bytes_ += column.bytes();
  sections_.emplace_back(std::string(name) + "-texts", column.texts().size());
  bytes_ += column.texts();
}

std::string BlockWriter::finish(std::string_view fields) const {
  std::string header = fmt::format("{{{}\"sections\":[", fields);
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    fmt::format_to(std::back_inserter(header), "{}[\"{}\",{}]", i > 0 ? "," : "",
                   sections_[i].first, sections_[i].second);
  }
  return base64(gzip(header + "]}\n" + bytes_));
}

}  // namespace assay
