#include "targets/reference/node/mongodb/wire.h"

#include <cstring>
#include <initializer_list>
#include <utility>

namespace assay::mongodb_front {
namespace {

constexpr std::int32_t op_reply = 1;
constexpr std::int32_t op_query = 2004;
constexpr std::int32_t op_msg = 2013;
constexpr std::uint32_t has_checksum = 1;
constexpr std::uint32_t more_to_come = 2;
constexpr std::size_t checksum_bytes = 4;
constexpr std::size_t document_bytes_min = 5;

/// Takes what it reads off the front; once something lacks, it stays broken.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}
  bool ok() const { return ok_; }
  bool at_end() const { return left_.empty(); }
  std::size_t left() const { return left_.size(); }

  std::string_view take(std::size_t count) {
    if (count > left_.size()) {
      ok_ = false;
      left_ = {};
      return {};
    }
    const auto taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }
  // Little-endian, like this machine and every other that Debian builds for.
  std::int32_t number() {
    std::int32_t value = 0;
    if (const auto bytes = take(sizeof value); ok_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string_view text() {
    const auto end = left_.find('\0');
    const auto taken = take(end == std::string_view::npos ? left_.size() + 1 : end + 1);
    return ok_ ? taken.substr(0, taken.size() - 1) : std::string_view();
  }
  std::string_view document() {
    std::int32_t length = 0;
    if (left_.size() >= sizeof length) std::memcpy(&length, left_.data(), sizeof length);
    const bool possible = length >= static_cast<std::int32_t>(document_bytes_min);
    return take(possible ? static_cast<std::size_t>(length) : left_.size() + 1);
  }

 private:
  std::string_view left_;
  bool ok_ = true;
};

void put(std::string& bytes, std::int32_t number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

/// A section behind the first kind: the command itself, or a sequence of documents.
bool parse_section(Reader& reader, WireRequest& request) {
  const auto kind = reader.take(1);
  if (!reader.ok()) return false;
  if (kind.front() == 0) {
    const bool first = request.document.empty();
    request.document = reader.document();
    return first && reader.ok();
  }
  if (kind.front() != 1) return false;
  const std::int32_t size = reader.number();
  if (size < static_cast<std::int32_t>(sizeof size)) return false;
  Reader section(reader.take(static_cast<std::size_t>(size) - sizeof size));
  WireRequest::Sequence sequence{section.text(), {}};
  while (section.ok() && !section.at_end()) sequence.documents.push_back(section.document());
  request.sequences.push_back(std::move(sequence));
  return section.ok() && reader.ok();
}

}  // namespace

std::size_t wire_frame_length(std::string_view begin) {
  const auto length = Reader(begin).number();
  if (length < static_cast<std::int32_t>(wire_header_bytes)) return 0;
  const auto bytes = static_cast<std::size_t>(length);
  return bytes <= wire_frame_bytes_max ? bytes : 0;
}

std::optional<WireRequest> parse_wire_request(std::string_view frame) {
  if (frame.size() < wire_header_bytes || wire_frame_length(frame) != frame.size()) {
    return std::nullopt;
  }
  Reader reader(frame);
  WireRequest request;
  reader.number();
  request.id = reader.number();
  reader.number();
  const std::int32_t kind = reader.number();
  const auto flags = static_cast<std::uint32_t>(reader.number());
  if (kind == op_query) {
    request.legacy = true;
    reader.text();
    reader.number();
    reader.number();
    request.document = reader.document();
    return reader.ok() ? std::optional(std::move(request)) : std::nullopt;
  }
  if (kind != op_msg) return std::nullopt;
  request.silent = (flags & more_to_come) != 0;
  const std::size_t behind = (flags & has_checksum) != 0 ? checksum_bytes : 0;
  while (reader.ok() && reader.left() > behind) {
    if (!parse_section(reader, request)) return std::nullopt;
  }
  const bool whole = reader.ok() && !request.document.empty();
  return whole ? std::optional(std::move(request)) : std::nullopt;
}

std::string wire_reply(std::int32_t id, bool legacy, std::string_view document) {
  std::string body;
  if (legacy) {
    // Flags (it may be asked to await), cursor of two halves, first document, their count.
    for (const std::int32_t number : {8, 0, 0, 0, 1}) put(body, number);
  } else {
    put(body, 0);
    body += '\0';
  }
  body += document;
  std::string frame;
  put(frame, static_cast<std::int32_t>(wire_header_bytes + body.size()));
  put(frame, id);
  put(frame, id);
  put(frame, legacy ? op_reply : op_msg);
  return frame + body;
}

}  // namespace assay::mongodb_front
