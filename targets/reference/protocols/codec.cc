#include "targets/reference/protocols/codec.h"

#include <algorithm>

#include "targets/reference/protocols/commands.h"

namespace assay::reference {

void ByteWriter::fixed(std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) {
    out_.push_back(static_cast<char>(static_cast<unsigned char>(value >> (8 * i))));
  }
}

void ByteWriter::text(std::string_view value) {
  u32(static_cast<std::uint32_t>(value.size()));
  out_.append(value);
}

void ByteWriter::datum(const Datum& value) {
  u8(static_cast<std::uint8_t>(value.index()));
  if (const auto* truth = value.get_if<bool>()) {
    boolean(*truth);
  } else if (const auto* number = value.get_if<std::int64_t>()) {
    u64(static_cast<std::uint64_t>(*number));
  } else if (const auto* string = value.get_if<std::string>()) {
    text(*string);
  } else if (const auto* list = value.get_if<Datum::List>()) {
    u32(static_cast<std::uint32_t>(list->size()));
    for (const Datum& element : *list) datum(element);
  } else if (const auto* map = value.get_if<Datum::Map>()) {
    u32(static_cast<std::uint32_t>(map->size()));
    for (const auto& [key, element] : *map) {
      datum(key);
      datum(element);
    }
  }
}

void ByteWriter::command(const Command& value) {
  u8(static_cast<std::uint8_t>(value.kind));
  u64(value.id.client);
  u64(value.id.sequence);
  datum(value.key);
  datum(value.value);
  datum(value.expected);
}

void ByteWriter::entry(const Entry& value) {
  u64(value.term);
  command(value.command);
}

void ByteWriter::reply(const Reply& value) {
  u64(value.id.client);
  u64(value.id.sequence);
  u8(static_cast<std::uint8_t>(value.outcome));
  datum(value.value);
}

void ByteWriter::nodes(const std::vector<NodeId>& value) {
  u32(static_cast<std::uint32_t>(value.size()));
  for (const NodeId node : value) u32(static_cast<std::uint32_t>(node));
}

std::uint64_t ByteReader::fixed(std::size_t bytes) {
  if (!ok_ || input_.size() < bytes) {
    ok_ = false;
    return 0;
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(input_[i])) << (8 * i);
  }
  input_.remove_prefix(bytes);
  return value;
}

bool ByteReader::boolean() {
  const auto value = u8();
  if (value > 1) fail();
  return value == 1;
}

std::string ByteReader::text(std::size_t bytes_max) {
  const auto size = u32();
  if (!ok_ || size > bytes_max || size > input_.size()) {
    ok_ = false;
    return {};
  }
  std::string value(input_.substr(0, size));
  input_.remove_prefix(size);
  return value;
}

std::size_t ByteReader::count(std::size_t weight_left) {
  const std::size_t claimed = u32();
  if (claimed > weight_left / datum_weight || claimed > left()) fail();
  return ok_ ? claimed : 0;
}

Datum ByteReader::datum(std::size_t weight_max) { return datum(0, weight_max); }

Datum ByteReader::datum(int depth, std::size_t& weight_left) {
  if (depth > datum_depth_max || weight_left < datum_weight) fail();
  if (!ok_) return {};
  weight_left -= datum_weight;
  switch (u8()) {
    case 0:
      return {};
    case 1:
      return boolean();
    case 2:
      return static_cast<std::int64_t>(u64());
    case 3: {
      std::string value = text(std::min(datum_bytes_max, weight_left));
      weight_left -= value.size();
      return value;
    }
    case 4: {
      Datum::List list(count(weight_left));
      for (Datum& element : list) element = datum(depth + 1, weight_left);
      return list;
    }
    case 5: {
      Datum::Map map(count(weight_left));
      for (auto& [key, value] : map) {
        key = datum(depth + 1, weight_left);
        value = datum(depth + 1, weight_left);
      }
      return map;
    }
    default:
      fail();
      return {};
  }
}

Command ByteReader::command() {
  Command value;
  const auto kind = u8();
  value.kind = static_cast<CommandKind>(kind);
  if (value.kind != CommandKind::noop && entry_of(value.kind) == nullptr) fail();
  value.id.client = u64();
  value.id.sequence = u64();
  value.key = datum(argument_weight_max);
  value.value = datum(argument_weight_max);
  value.expected = datum(argument_weight_max);
  return ok_ ? value : Command{};
}

std::vector<NodeId> ByteReader::nodes() {
  const std::size_t claimed = u32();
  if (claimed > left() / sizeof(std::uint32_t)) fail();
  std::vector<NodeId> value(ok_ ? claimed : 0);
  for (NodeId& each : value) each = node();
  return value;
}

Entry ByteReader::entry() {
  Entry value;
  value.term = u64();
  value.command = command();
  return value;
}

Reply ByteReader::reply() {
  Reply value;
  value.id.client = u64();
  value.id.sequence = u64();
  const auto outcome = u8();
  if (outcome > static_cast<std::uint8_t>(Outcome::unavailable)) fail();
  value.outcome = static_cast<Outcome>(outcome);
  value.value = datum();
  return ok_ ? value : Reply{};
}

}  // namespace assay::reference
