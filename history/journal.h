#pragma once
// The crash-safe binary form of a history (.assay), which runs record as they happen: a header,
// then blocks of events, each with its length and checksum. Whatever dies, everything up to the
// last whole block can be read back.

#include <iosfwd>
#include <memory>
#include <string>

#include "base/result.h"
#include "history/event.h"
#include "history/history.h"

namespace assay {

/// Appends events. Not thread-safe: one recorder owns it.
class JournalWriter {
 public:
  /// Creates the file (cannot_write if it exists or cannot be made) and writes the header.
  static Result<JournalWriter> create(const std::string& path, const HistoryInfo& info);
  JournalWriter(JournalWriter&&) noexcept;
  JournalWriter& operator=(JournalWriter&&) noexcept;
  ~JournalWriter();  ///< writes the open block

  /// Buffers the event; a block is written when it is full or older than `flush_interval`.
  Status append(const Event& event);
  /// Writes the open block to the operating system: it then survives a kill -9 of this process.
  Status flush();
  /// Writes the open block and an end mark: a journal without one was cut short.
  Status close();

 private:
  struct State;
  explicit JournalWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Reads a journal. One that stops between two blocks without an end mark (its recorder was killed)
/// is read whole, with a note in info().notes. One that stops inside a block is an error (bad_data,
/// with the offset) unless `recover`, which then reads up to the last whole block and notes what
/// was lost. A damaged block in the middle is always an error.
Result<History> read_journal(std::istream& input, bool recover);

}  // namespace assay
