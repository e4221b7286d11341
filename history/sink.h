#pragma once
// EventSink: where a reader puts the events of a history as it meets them. The usual sink builds a
// History; others consume a history that is never whole in memory.

#include <string>
#include <utility>

#include "base/result.h"
#include "history/event.h"
#include "history/history.h"

namespace assay {

/// Not thread-safe.
class EventSink {
 public:
  EventSink() = default;
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;
  virtual ~EventSink() = default;

  /// In the order of the input. An error ends the reading and becomes the reader's, with the line
  /// or offset put before it. The event is the reader's buffer: copy what is to be kept.
  virtual Status add(const Event& event) = 0;

  /// What is wrong with an event or a line, complete with its place, if the reader can go on behind
  /// it. The usual answer is the error itself, which ends the reading; a sink that collects
  /// problems keeps it and says ok.
  virtual Status problem(Error error) { return error; }

  /// What the input declares and the options override: complete before the first event, but for
  /// the notes, which may grow until the reader returns.
  HistoryInfo& info() { return info_; }
  const HistoryInfo& info() const { return info_; }
  void note(std::string text) { info_.notes.push_back(std::move(text)); }

 private:
  HistoryInfo info_;
};

/// Builds the History.
class HistorySink final : public EventSink {
 public:
  Status add(const Event& event) override { return builder_.add(event); }
  /// As HistoryBuilder::finish; after the reader has returned without an error.
  Result<History> finish() {
    builder_.info() = info();
    return builder_.finish();
  }
  HistoryBuilder& builder() { return builder_; }

 private:
  HistoryBuilder builder_{{}};
};

}  // namespace assay
