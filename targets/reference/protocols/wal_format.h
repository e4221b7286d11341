#pragma once
// The bytes of a member's write-ahead log: frames (length, CRC-32C, payload). The first names the
// format; each further one is a change of the hard state and/or of the replicated log, a part of
// the snapshot that the log begins with, or a mark. After a crash the file is read up to the first
// frame that is not whole, and cut there: what lies behind was never reported durable.
//
// A mark says that the file was synced up to its own place. Damage before a mark is therefore no
// torn write but rot, and what was acknowledged is gone: the file is refused, never cut. A mark is
// written after a sync and becomes durable with the next, so of a file whose last mark was lost
// with the power, rot in the last sync's bytes looks like a torn write. Source: Alagappan et al.,
// "Protocol-aware recovery for consensus-based storage", 2018 (a crash and a corruption must be
// told apart).

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "targets/reference/protocols/protocol.h"

namespace assay::reference {

/// Appends the records of one write; a large one becomes several frames. One with a snapshot
/// belongs at the beginning of a file.
void encode_wal_header(std::string& out);
void encode_wal_write(const Write& write, std::string& out);
/// A mark for a file of so many bytes, all of them synced.
void encode_wal_mark(std::size_t file_bytes, std::string& out);

struct WalContents {
  Recovered recovered;
  std::size_t valid_bytes = 0;  ///< length up to the end of the last whole record
};
/// Error (bad_data): the first frame is whole but not a header of this version; or bytes that were
/// synced are damaged. O(bytes) but for what is damaged.
Result<WalContents> parse_wal(std::string_view bytes);

}  // namespace assay::reference
