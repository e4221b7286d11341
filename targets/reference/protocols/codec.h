#pragma once
// Bytes in and out: little-endian fixed-width integers and length-prefixed strings. The reader
// never throws and never reads past its input: after the first malformed field it stays failed and
// returns zeros, so a decoder checks once, at its end.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "targets/reference/protocols/types.h"

namespace assay::reference {

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}
  void u8(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void u32(std::uint32_t value) { fixed(value, 4); }
  void u64(std::uint64_t value) { fixed(value, 8); }
  void boolean(bool value) { u8(value ? 1 : 0); }
  void text(std::string_view value);
  void datum(const Datum& value);
  void command(const Command& value);
  void entry(const Entry& value);
  void reply(const Reply& value);
  void nodes(const std::vector<NodeId>& value);

 private:
  void fixed(std::uint64_t value, int bytes);
  std::string& out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view input) : input_(input) {}
  std::uint8_t u8() { return static_cast<std::uint8_t>(fixed(1)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(fixed(4)); }
  std::uint64_t u64() { return fixed(8); }
  bool boolean();
  std::string text(std::size_t bytes_max);
  NodeId node() { return NodeId{u32()}; }
  /// Fails beyond datum_depth_max and that weight, so that no length claims more than it brings.
  Datum datum(std::size_t weight_max = datum_weight_max);
  Command command();
  Entry entry();
  Reply reply();
  std::vector<NodeId> nodes();

  std::size_t left() const { return input_.size(); }
  bool ok() const { return ok_; }
  /// True if everything was well-formed and nothing is left over.
  bool done() const { return ok_ && input_.empty(); }
  void fail() { ok_ = false; }

 private:
  std::uint64_t fixed(std::size_t bytes);
  Datum datum(int depth, std::size_t& weight_left);
  /// How many elements follow.
  std::size_t count(std::size_t weight_left);
  std::string_view input_;
  bool ok_ = true;
};

}  // namespace assay::reference
