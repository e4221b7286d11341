#pragma once
// The bytes of a journal: docs/formats.md has the layout. Encoding is separate from where the bytes
// go, so that the crash-safe writer and the converter share it.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include "base/result.h"
#include "history/event.h"
#include "history/history.h"
#include "history/journal_events.h"
#include "history/sink.h"

namespace assay {

inline constexpr std::string_view journal_magic{"ASSAYJNL", 8};
inline constexpr std::uint32_t journal_version = 2;  ///< what is written; 1 is still read

/// A frame: length, checksum of the payload, checksum of these two.
inline constexpr std::size_t journal_frame_bytes = 12;
inline constexpr std::uint32_t journal_end_length = 0xFFFFFFFF;
inline constexpr std::size_t journal_end_bytes =
    8;  ///< what the end mark holds: the events' number
inline constexpr std::uint32_t journal_payload_max = 1U << 30U;

/// Collects events into blocks.
class JournalEncoder {
 public:
  /// The bytes a journal begins with.
  static std::string header(const HistoryInfo& info);
  void add(const Event& event);
  std::size_t pending_bytes() const { return payload_.size(); }
  /// The open block, framed with its lengths and checksums; empty if there is none.
  std::string take_block();
  /// REQUIRES: no open block.
  std::string end_mark() const;

 private:
  std::string payload_;
  JournalEventEncoder events_;
};

struct JournalReading {
  bool recover = false;  ///< as read_journal
  int threads = 1;       ///< that may decode blocks; 0: one for each core
};

/// As read_journal, into a sink; `adjust` may change what the header says before the first event.
/// A HistorySink gets its rows without an Event for each, and its blocks are decoded in parallel;
/// every other sink gets each event as soon as its block is there.
Status read_journal_events(std::istream& input, const JournalReading& reading, EventSink& sink,
                           const std::function<void(HistoryInfo&)>& adjust);

}  // namespace assay
