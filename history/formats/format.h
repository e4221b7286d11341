#pragma once
// The table of history formats: a name, how to recognise it, how to read and write it. `assay
// list formats`, --format and the documentation are printed from this table.

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "history/formats/streams.h"
#include "history/history.h"
#include "history/sink.h"

namespace assay {

struct ReadOptions {
  std::string format = "auto";      ///< a name of the table, or auto: decided by content
  std::string keyed = "auto";       ///< auto | yes | no: are values [key value] pairs?
  std::optional<Value> initial{};   ///< overrides what the input declares
  std::string realtime = "global";  ///< global | process | none, as --realtime
  std::string datatype{};           ///< overrides what the input declares; may be empty
  bool recover = false;  ///< read a journal cut inside a block up to its last whole block
  int threads = 1;       ///< that may take part in reading a History; 0: one for each core
  InputWatch watch{};    ///< for an input that grows
};

struct Format {
  std::string_view name;
  std::string_view summary;     ///< one line for `assay list formats`
  std::string_view extensions;  ///< space separated, a hint only
  /// Does the beginning of a file (up to 4 KiB, decompressed) look like this format?
  bool (*recognise)(std::string_view beginning);
  /// Reads to the end of the stream. Errors name the line or the byte offset.
  Status (*read)(std::istream& input, const ReadOptions& options, EventSink& sink);
  /// nullptr if the format cannot be written.
  Status (*write)(const History& history, std::ostream& output);
};

std::span<const Format> formats();

/// Reads a file, `-` for standard input; .gz and .zst are transparent (decided by content).
/// Errors: no_input (missing, unreadable), bad_data (with file and line or offset), usage (unknown
/// format name).
Result<History> read_history(const std::string& path, const ReadOptions& options);
/// As read_history, but every event goes to `sink` as soon as it is read. What comes from a pipe is
/// passed on as it arrives. The sink may see events that no History would accept: only a
/// HistorySink validates them.
Status read_events(const std::string& path, const ReadOptions& options, EventSink& sink);
Status write_history(const History& history, const std::string& path, const std::string& format);

}  // namespace assay
