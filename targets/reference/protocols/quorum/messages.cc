#include "targets/reference/protocols/quorum/messages.h"

namespace assay::reference {
namespace {

// A nil key and its stamp. Bounds what a length may claim.
constexpr std::size_t row_bytes_min = 1 + 12;

void put(ByteWriter& writer, const LamportStamp& stamp) {
  writer.u64(stamp.counter);
  writer.u32(static_cast<std::uint32_t>(stamp.node));
}

void get(ByteReader& reader, LamportStamp& stamp) {
  stamp.counter = reader.u64();
  stamp.node = reader.node();
}

void put(ByteWriter& writer, const StampedValue& version) {
  put(writer, version.stamp);
  writer.datum(version.value);
}

void get(ByteReader& reader, StampedValue& version) {
  get(reader, version.stamp);
  version.value = reader.datum();
}

}  // namespace

void put(ByteWriter& writer, const QuorumRead& message) {
  writer.u64(message.operation);
  writer.datum(message.key);
}

void get(ByteReader& reader, QuorumRead& message) {
  message.operation = reader.u64();
  message.key = reader.datum();
}

void put(ByteWriter& writer, const QuorumReadReply& message) {
  writer.u64(message.operation);
  put(writer, message.version);
}

void get(ByteReader& reader, QuorumReadReply& message) {
  message.operation = reader.u64();
  get(reader, message.version);
}

void put(ByteWriter& writer, const QuorumWrite& message) {
  writer.u64(message.operation);
  writer.datum(message.key);
  put(writer, message.version);
  writer.u8(static_cast<std::uint8_t>(message.reason));
  writer.u32(static_cast<std::uint32_t>(message.meant_for));
}

void get(ByteReader& reader, QuorumWrite& message) {
  message.operation = reader.u64();
  message.key = reader.datum();
  get(reader, message.version);
  const auto reason = reader.u8();
  if (reason > static_cast<std::uint8_t>(WriteReason::anti_entropy)) reader.fail();
  message.reason = static_cast<WriteReason>(reason);
  message.meant_for = reader.node();
}

void put(ByteWriter& writer, const QuorumWriteReply& message) { writer.u64(message.operation); }
void get(ByteReader& reader, QuorumWriteReply& message) { message.operation = reader.u64(); }

void put(ByteWriter& writer, const QuorumDigest& message) {
  writer.u32(message.bucket);
  writer.u32(static_cast<std::uint32_t>(message.rows.size()));
  for (const auto& row : message.rows) {
    writer.datum(row.key);
    put(writer, row.stamp);
  }
}

void get(ByteReader& reader, QuorumDigest& message) {
  message.bucket = reader.u32();
  const std::size_t count = reader.u32();
  if (count > reader.left() / row_bytes_min) {
    reader.fail();
    return;
  }
  message.rows.resize(count);
  for (auto& row : message.rows) {
    row.key = reader.datum();
    get(reader, row.stamp);
  }
}

}  // namespace assay::reference
