#pragma once
// KeptEvents: a history that is not in memory, of which parts can be loaded. Where the input can be
// read twice, that is what happens; where it cannot, its events are kept in temporary files, one a
// share of the keys (spill.h).

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "checker/streaming/spill.h"
#include "checker/streaming/stream_value.h"
#include "history/sink.h"

namespace assay {

/// Reads an input from its beginning again.
using Reread = std::function<Status(EventSink& sink)>;

/// Not thread-safe.
class KeptEvents {
 public:
  /// `reread` may be empty: then the events are kept.
  explicit KeptEvents(Reread reread);

  /// `key`: of the event's operation, whatever the event itself names. Error: cannot_write.
  Status add(const Event& event, const StreamValue& key);
  std::uint64_t events() const { return events_; }

  /// What to load: events up to `until`, of operations on `keys` (empty: all, and faults).
  struct Part {
    std::optional<std::uint64_t> until{};
    std::vector<StreamValue> keys{};
  };
  /// Errors: as HistoryBuilder and the reader; no_input if a temporary file cannot be read back.
  Result<History> load(const Part& part, const HistoryInfo& info);

  /// From here on shares of the keys can be loaded. Errors: cannot_write, as the reader.
  Status divide();
  std::size_t shares() const { return spill_->shares(); }
  std::uint64_t events_in(std::size_t share) const { return spill_->events_in(share); }
  Result<History> load_share(std::size_t share, const HistoryInfo& info) {
    return spill_->load_share(share, info);
  }

 private:
  Reread reread_;
  std::unique_ptr<Spill> spill_;
  std::uint64_t events_ = 0;
};

/// What the key of an operation that names none counts as.
inline constexpr StreamValue the_only_key{0, 8};

}  // namespace assay
