#pragma once
// Independent keys in formats that do not mark them: a history over many keys prints each value as
// a pair [key value], which a plain list of two looks the same as. What is what is decided once for
// the whole input, from its invocations.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/event.h"
#include "history/formats/completions_only.h"
#include "history/sink.h"

namespace assay {

/// Whether values are [key value] pairs.
enum class Keyed : std::uint8_t { no, yes, undecided };

/// Stands between a reader and its sink. While the question is open, events are held back.
class KeySplitter {
 public:
  /// `option` is ReadOptions::keyed; `automatic` is what `auto` begins with for this format;
  /// `place` is what errors count: line or byte.
  KeySplitter(EventSink& sink, std::string_view option, Keyed automatic,
              std::string_view place = "line");
  /// Errors name the line (or byte). The event is used up.
  Status add(Event& event, std::uint64_t line);
  /// From here on a history without invocations is accepted, see completions_only.h.
  void allow_completions_only() { completions_.emplace(); }
  EventSink& sink() { return sink_; }
  /// Decides at the end of the input what is still undecided.
  Status finish();

 private:
  Status pass(Event& event, std::uint64_t line);
  Status send(const Event& event) {
    return completions_ ? completions_->add(event, sink_) : sink_.add(event);
  }
  Status decide(Keyed keyed);
  void look_at(const Event& event);

  EventSink& sink_;
  std::optional<CompletionsOnly> completions_;
  Keyed keyed_;
  std::string_view place_;
  bool guessed_ = false;
  bool saw_read_ = false;
  std::vector<std::pair<Event, std::uint64_t>> held_;
};

}  // namespace assay
