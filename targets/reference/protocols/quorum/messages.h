#pragma once
// What members of a leaderless store say to each other.

#include <cstdint>
#include <vector>

#include "targets/reference/protocols/clocks/lamport.h"
#include "targets/reference/protocols/codec.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// A value with the stamp that orders it among all writes of its key. Counter 0: nobody wrote it.
struct StampedValue {
  LamportStamp stamp;
  Datum value;
  bool operator==(const StampedValue&) const = default;
};

/// `operation` numbers what the sender is doing; the answer repeats it.
struct QuorumRead {
  std::uint64_t operation = 0;
  Datum key;
  bool operator==(const QuorumRead&) const = default;
};
struct QuorumReadReply {
  std::uint64_t operation = 0;
  StampedValue version;
  bool operator==(const QuorumReadReply&) const = default;
};
/// Why a version is sent.
enum class WriteReason : std::uint8_t { write = 0, repair = 1, hint = 2, anti_entropy = 3 };
struct QuorumWrite {
  std::uint64_t operation = 0;
  Datum key;
  StampedValue version;
  WriteReason reason = WriteReason::write;
  NodeId meant_for = NodeId::none;  ///< else the receiver stands in for this member
  bool operator==(const QuorumWrite&) const = default;
};
/// The version, or a newer one, is on the sender's disk.
struct QuorumWriteReply {
  std::uint64_t operation = 0;
  bool operator==(const QuorumWriteReply&) const = default;
};
/// Which versions the sender has of those keys of one bucket that both hold.
struct QuorumDigest {
  struct Row {
    Datum key;
    LamportStamp stamp;
    bool operator==(const Row&) const = default;
  };
  std::uint32_t bucket = 0;
  std::vector<Row> rows;
  bool operator==(const QuorumDigest&) const = default;
};

void put(ByteWriter& writer, const QuorumRead& message);
void get(ByteReader& reader, QuorumRead& message);
void put(ByteWriter& writer, const QuorumReadReply& message);
void get(ByteReader& reader, QuorumReadReply& message);
void put(ByteWriter& writer, const QuorumWrite& message);
void get(ByteReader& reader, QuorumWrite& message);
void put(ByteWriter& writer, const QuorumWriteReply& message);
void get(ByteReader& reader, QuorumWriteReply& message);
void put(ByteWriter& writer, const QuorumDigest& message);
void get(ByteReader& reader, QuorumDigest& message);

}  // namespace assay::reference
