#pragma once
// StreamedCheck: checks a history while it is read, without ever holding it. Registers are followed
// event by event (register_stream.h); the events are kept in temporary files (spill.h) as well,
// for the witness of a violation and for everything that cannot be followed, which is checked
// afterwards: whole if it fits the memory, key by key if not.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "checker/checker.h"
#include "checker/streaming/register_stream.h"
#include "checker/streaming/spill.h"
#include "history/sink.h"

namespace assay {

struct StreamedOptions {
  CheckOptions check;  ///< memory_bytes 0: 512 MiB
  bool stop_at_violation = true;
  bool keep_events = true;  ///< false: nothing is stored, and finish() must not be called
};

struct StreamedResult {
  CheckResult result;
  History history;  ///< all of it if it fits the memory; else what shows the violation, or nothing
  bool whole = false;  ///< `history` is the history up to where the reading ended
  std::uint64_t operations = 0;
  std::uint64_t keys = 0;
  std::uint64_t processes = 0;
};

/// Not thread-safe. Pairs events, and so refuses (bad_data) what a HistoryBuilder would.
class StreamedCheck : public EventSink {
 public:
  static Result<std::unique_ptr<StreamedCheck>> create(const StreamedOptions& options);

  /// An error also when there is nothing more to learn: then stopped() holds and the reading has
  /// not failed.
  Status add(const Event& event) override;
  bool stopped() const { return stopped_; }
  bool violated() const { return !violations_.empty(); }
  /// Why the history is not followed but checked at its end; empty if it is followed.
  const std::string& not_followed_because() const { return not_followed_; }

  /// After the last event. The object is spent afterwards.
  Result<StreamedResult> finish();

 private:
  struct Key {
    std::optional<Value> name;
    StreamValue id;
    RegisterStream stream;
    std::uint64_t operations = 0;
    bool violated = false;
    std::string unknown_because;
    bool decided() const { return violated || !unknown_because.empty(); }
  };
  struct OpenOperation {
    std::uint64_t event;
    std::string f;
    std::optional<Value> name;
    StreamValue key_id;
    Key* key;  ///< null if it is not followed
    bool is_read;
  };
  struct Completion {
    Key* key;
    std::uint64_t token;
    std::uint64_t event;
    Outcome outcome;
    std::int64_t time;
    StreamValue value;
  };
  struct Violation {
    Key* key;
    std::uint64_t event;
  };

  StreamedCheck(const StreamedOptions& options, std::unique_ptr<Spill> spill);
  void begin(const Event& event);
  void stop_following(std::string reason);
  void follow_clock(const Event& event);
  Status invoke(const Event& event);
  Status complete(const Event& event);
  void follow_invocation(const Event& event, OpenOperation& operation);
  void settle(const Completion& completion);
  void settle_held();
  Key* key_of(const std::optional<Value>& name, const StreamValue& id);
  Status limits();
  Status stop();
  Status keep(const Event& event, const StreamValue& key);
  std::int64_t ticks_of(const Event& event) const;
  void note_answer(Key& key, StreamAnswer answer, std::uint64_t event);

  Result<StreamedResult> conclude();
  Result<StreamedResult> check_whole();
  Result<StreamedResult> conclude_followed();
  Result<StreamedResult> check_shares();
  Result<StreamedResult> show_violations();
  Status decide_later(CheckResult& result);
  Result<StreamedResult> summary(CheckResult result);
  CheckResult unknown(const std::string& because) const;
  HistoryInfo loading_info() const;
  bool fits(std::uint64_t events) const;
  std::string established() const;

  StreamedOptions options_;
  std::unique_ptr<Spill> spill_;
  SearchLimits limits_;
  bool begun_ = false;
  bool following_ = false;
  bool stopped_ = false;
  bool by_time_ = false;
  bool guessed_ = false;  ///< that it is a register
  std::string not_followed_;
  std::string ended_because_;  ///< a limit was reached
  std::optional<std::uint64_t> last_index_;
  std::int64_t now_ = -1;
  std::chrono::steady_clock::time_point created_ = std::chrono::steady_clock::now();
  std::uint64_t untimed_ = 0;
  std::uint64_t operations_ = 0;
  std::uint64_t client_events_ = 0;
  std::vector<bool> processes_;  ///< by number: seen
  std::uint64_t process_count_ = 0;
  std::optional<std::uint64_t> unkeyed_event_;  ///< of the first operation without a key
  bool keyed_ = false;
  std::unordered_map<std::int32_t, OpenOperation> open_;
  std::unordered_map<StreamValue, std::unique_ptr<Key>, StreamValueHash> keys_;
  std::vector<Completion> held_;  ///< of the current tick: starts come first
  std::vector<Violation> violations_;
};

}  // namespace assay
