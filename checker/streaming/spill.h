#pragma once
// Spill: the events of a history in temporary files, one a share of the keys, so that any key can
// be loaded by itself later. Written in one sequential pass in a compact form; the files have no
// names, so that nothing is left behind whatever happens.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "checker/streaming/stream_value.h"
#include "history/event.h"
#include "history/history.h"
#include "history/intern.h"

namespace assay {

/// Not thread-safe.
class Spill {
 public:
  /// Files are made when there is much to write, in the folder that TMPDIR names, else /tmp.
  explicit Spill(std::size_t shares);
  ~Spill();
  Spill(const Spill&) = delete;
  Spill& operator=(const Spill&) = delete;

  /// `key`: of the event's operation, whatever the event itself names. Error: cannot_write.
  Status add(const Event& event, const StreamValue& key);

  std::size_t shares() const { return files_.size(); }
  std::size_t share_of(const StreamValue& key) const {
    return StreamValueHash()(key) % files_.size();
  }
  std::uint64_t events_in(std::size_t share) const;
  std::uint64_t events() const { return events_; }
  std::uint64_t bytes() const;  ///< of the files

  using Wanted = std::function<bool(const Event& event, const StreamValue& key)>;
  /// The wanted events of one share, of all, or of the shares of some keys, as a History.
  /// Errors: as HistoryBuilder; no_input if a file cannot be read back.
  Result<History> load_share(std::size_t share, const HistoryInfo& info);
  Result<History> load_all(const Wanted& wanted, const HistoryInfo& info);
  Result<History> load_keys(const std::vector<StreamValue>& keys, const Wanted& wanted,
                            const HistoryInfo& info);

 private:
  class File;
  class Cursor;
  Result<History> load(const std::vector<std::size_t>& shares, const HistoryInfo& info,
                       const Wanted& wanted);

  std::vector<std::unique_ptr<File>> files_;
  StringTable names_;  ///< of functions, nodes and errors
  std::string record_;
  std::uint64_t events_ = 0;
};

}  // namespace assay
