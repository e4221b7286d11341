#pragma once
// The bytes of a member's write-ahead log: frames (length, CRC-32C, payload). The first names the
// format; each further one is a change of the hard state and/or of the replicated log, or a part of
// the snapshot that the log begins with. After a crash the file is read up to the first frame that
// is not whole, and cut there: what lies behind was never reported durable.

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

struct WalContents {
  Recovered recovered;
  std::size_t valid_bytes = 0;  ///< length up to the end of the last whole record
};
/// Error (bad_data): the first frame is whole but not a header of this version.
Result<WalContents> parse_wal(std::string_view bytes);

}  // namespace assay::reference
