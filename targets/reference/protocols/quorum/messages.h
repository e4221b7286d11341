#pragma once
// What members of a leaderless store say to each other.

#include <cstdint>
#include <tuple>
#include <vector>

#include "targets/reference/protocols/clocks/lamport.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// A value with the stamp that orders it among all writes of its key. Counter 0: nobody wrote it.
struct StampedValue {
  LamportStamp stamp;
  Datum value;
  static auto fields(auto& m) { return std::tie(m.stamp, m.value); }
  bool operator==(const StampedValue&) const = default;
};

/// `operation` numbers what the sender is doing; the answer repeats it.
struct QuorumRead {
  std::uint64_t operation = 0;
  Datum key;
  static auto fields(auto& m) { return std::tie(m.operation, m.key); }
  bool operator==(const QuorumRead&) const = default;
};
struct QuorumReadReply {
  std::uint64_t operation = 0;
  StampedValue version;
  static auto fields(auto& m) { return std::tie(m.operation, m.version); }
  bool operator==(const QuorumReadReply&) const = default;
};
/// Why a version is sent.
enum class WriteReason : std::uint8_t { write = 0, repair = 1, hint = 2, anti_entropy = 3 };
constexpr WriteReason last_of(WriteReason) { return WriteReason::anti_entropy; }
struct QuorumWrite {
  std::uint64_t operation = 0;
  Datum key;
  StampedValue version;
  WriteReason reason = WriteReason::write;
  NodeId meant_for = NodeId::none;  ///< else the receiver stands in for this member
  static auto fields(auto& m) {
    return std::tie(m.operation, m.key, m.version, m.reason, m.meant_for);
  }
  bool operator==(const QuorumWrite&) const = default;
};
/// The version, or a newer one, is on the sender's disk.
struct QuorumWriteReply {
  std::uint64_t operation = 0;
  static auto fields(auto& m) { return std::tie(m.operation); }
  bool operator==(const QuorumWriteReply&) const = default;
};
/// Which versions the sender has of those keys of one bucket that both hold.
struct QuorumDigest {
  struct Row {
    Datum key;
    LamportStamp stamp;
    static auto fields(auto& m) { return std::tie(m.key, m.stamp); }
    bool operator==(const Row&) const = default;
  };
  std::uint32_t bucket = 0;
  std::vector<Row> rows;
  static auto fields(auto& m) { return std::tie(m.bucket, m.rows); }
  bool operator==(const QuorumDigest&) const = default;
};

}  // namespace assay::reference
