#pragma once
// StreamedCheck: checks a history while it is read, without ever holding it. There are three ways,
// the first that applies is taken:
// - objects are followed event by event, in memory bounded by what is open (object_stream.h);
// - all that was read is checked again each time it has grown by half, or when the input pauses:
//   any violation of linearizability or strict serializability stays one whatever comes later;
// - the history is checked at its end: whole if it fits the memory, key by key if not.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "checker/checker.h"
#include "checker/streaming/kept_events.h"
#include "checker/streaming/object_stream.h"
#include "history/sink.h"

namespace assay {

struct StreamedOptions {
  CheckOptions check;  ///< memory_bytes 0: 512 MiB
  bool stop_at_violation = true;
  /// Reads the history up to now again. Empty: its events are kept in temporary files.
  Reread reread{};
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
  explicit StreamedCheck(const StreamedOptions& options);

  /// An error also when there is nothing more to learn: then stopped() holds and the reading has
  /// not failed.
  Status add(const Event& event) override;
  /// The input has nothing new: a chance to look at what there is. How long until the next one is
  /// worth it, Nanos::max() if only more events are; nothing if there is nothing more to learn.
  std::optional<Nanos> pause();
  /// From outside: the answer is what was found until now.
  void end(std::string because);

  bool stopped() const { return stopped_; }
  bool violated() const { return !violations_.empty() || rechecked_.has_value(); }
  /// Why the history is not followed event by event; empty if it is.
  const std::string& not_followed_because() const { return not_followed_; }
  /// Nothing will be said before the end.
  bool waits_for_the_end() const { return begun_ && way_ == Way::at_end; }
  /// What is certain of the events up to now: "; …", or empty.
  std::string established() const;

  /// After the last event. The object is spent afterwards.
  Result<StreamedResult> finish();

 private:
  struct Key {
    std::optional<Value> name;
    StreamValue id;
    std::unique_ptr<ObjectStream> stream;
    std::uint64_t operations = 0;
    bool violated = false;
    bool unsure = false;  ///< it is in unsure_
    std::string unknown_because;
    bool decided() const { return violated || !unknown_because.empty(); }
  };
  struct OpenOperation {
    bool open = false;
    bool wants_result = false;
    std::uint64_t event = 0;
    std::string f;
    std::optional<Value> name;
    StreamValue key_id;
    Key* key = nullptr;  ///< null if it is not followed
  };
  struct Completion {
    Key* key;
    std::uint64_t token;
    Outcome outcome;
    std::int64_t time;
    std::optional<Value> result;
  };
  struct Violation {
    Key* key;
    std::uint64_t token;  ///< of the operation whose return nothing explains
  };
  enum class Way : std::uint8_t { follow, recheck, at_end };

  void begin(const Event& event);
  std::string unfollowable(const std::string& datatype) const;
  void stop_following(std::string reason);
  void follow_clock(const Event& event);
  OpenOperation& operation_of(std::int32_t process);
  Status invoke(const Event& event);
  Status complete(const Event& event);
  void follow_invocation(const Event& event, OpenOperation& operation);
  void follow_completion(const Event& event, const OpenOperation& operation);
  void settle(const Completion& completion);
  void settle_held();
  Key* key_of(const OpenOperation& operation);
  Status look();
  void look_at_unsure();
  void recheck();
  Status stop();
  Status keep(const Event& event, const StreamValue& key);
  void note_answer(Key& key, StreamAnswer answer, std::uint64_t token);

  Result<StreamedResult> conclude();
  Result<StreamedResult> check_whole();
  Result<StreamedResult> conclude_followed();
  Result<StreamedResult> check_shares();
  Result<StreamedResult> show_shares(CheckResult merged, std::uint64_t keys);
  Result<StreamedResult> show_violations();
  CheckResult unshown_violations() const;
  Status decide_later(CheckResult& result);
  Result<StreamedResult> summary(CheckResult result);
  CheckResult unknown(const std::string& because) const;
  HistoryInfo loading_info() const;
  bool fits(std::uint64_t events) const;

  StreamedOptions options_;
  KeptEvents kept_;
  SearchLimits limits_;
  MakeObjectStream make_stream_;
  Way way_ = Way::at_end;
  bool begun_ = false;
  bool stopped_ = false;
  bool by_time_ = false;
  bool guessed_ = false;      ///< that it is a register
  std::string datatype_;      ///< that is followed
  std::string not_followed_;  ///< why
  std::string ended_because_;
  std::string not_kept_;  ///< why events are no longer kept
  std::optional<std::uint64_t> last_index_;
  std::optional<std::uint64_t> settled_index_;  ///< of the last event before the current tick
  std::int64_t now_ = -1;
  std::chrono::steady_clock::time_point created_ = std::chrono::steady_clock::now();
  std::uint64_t untimed_ = 0;
  std::uint64_t operations_ = 0;
  std::uint64_t client_events_ = 0;
  std::uint64_t process_count_ = 0;
  std::optional<std::uint64_t> unkeyed_event_;  ///< of the first operation without a key
  bool keyed_ = false;
  std::vector<OpenOperation> dense_;  ///< by process
  std::unordered_map<std::int32_t, OpenOperation> sparse_;
  std::vector<bool> seen_;  ///< by process
  std::unordered_map<StreamValue, std::unique_ptr<Key>, StreamValueHash> keys_;
  std::vector<Completion> held_;  ///< of the current tick: starts come first
  std::vector<Key*> unsure_;      ///< there is something to look at when the input pauses
  std::vector<Violation> violations_;

  std::uint64_t next_recheck_ = 256;  ///< in events of clients
  std::uint64_t rechecked_events_ = 0;
  std::optional<std::uint64_t> rechecked_index_;  ///< no violation up to this event
  std::chrono::steady_clock::time_point rechecked_at_{};
  Nanos recheck_took_{0};
  std::optional<StreamedResult> rechecked_;  ///< with the violation it found
};

}  // namespace assay
