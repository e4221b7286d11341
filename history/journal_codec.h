#pragma once
// The bytes of a journal: docs/formats.md has the layout. Encoding is separate from where the bytes
// go, so that the crash-safe writer and the converter share it.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "history/event.h"
#include "history/history.h"
#include "history/intern.h"
#include "history/sink.h"

namespace assay {

inline constexpr std::string_view journal_magic{"ASSAYJNL", 8};
inline constexpr std::uint32_t journal_version = 1;

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
  void add_name(std::string_view name);

  std::string payload_;
  StringTable names_;
  std::uint64_t last_index_ = 0;
  std::uint64_t last_time_ = 0;
  std::uint64_t events_ = 0;
};

/// As read_journal, into a sink; `adjust` may change what the header says before the first event.
Status read_journal_events(std::istream& input, bool recover, EventSink& sink,
                           const std::function<void(HistoryInfo&)>& adjust);

}  // namespace assay
