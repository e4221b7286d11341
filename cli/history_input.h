#pragma once
// What `check`, `verify`, `report` and `history` share: flags that say how to read a history, and
// paths that may be a file or a run's folder.

#include <optional>
#include <string>

#include "base/result.h"
#include "history/formats/format.h"
#include "history/history.h"

// Forward: every file that sees all of CLI11 pays seconds for its global validators.
namespace CLI {
class App;
}  // namespace CLI

namespace assay::cli {

struct HistoryInput {
  ReadOptions options;
  std::string initial;  ///< as typed; empty: not given

  /// Adds --format, --keyed, --initial, --realtime, --datatype, --recover.
  void define(CLI::App& app);
  /// The options with what --initial says.
  ReadOptions effective() const;
  /// Reads a file, a run's folder (its history.assay), or - for standard input; prints the
  /// reader's notes to stderr.
  Result<History> read(const std::string& path) const;
  /// The same into a sink, without the notes.
  Status read_into(EventSink& sink, const std::string& path) const;
};

/// `path`/history.assay if that exists, else path.
std::string history_path(const std::string& path);

/// "3" the integer, "nil" and "null" nil, "\"x\"" and x the string.
Value parse_scalar(const std::string& text);

/// "8GiB", "512MiB", "4096": bytes. Error: usage.
Result<std::uint64_t> parse_bytes(const std::string& text);

/// The whole file, `-` for standard input. Error: no_input.
Result<std::string> read_text(const std::string& path);

}  // namespace assay::cli
