#pragma once
// Two liberties that examples in papers and tests take. Histories that tell completions only: each
// operation gets the invocation that it must have had, and what came before what is not known.
// Transactions of one process that overlap: what they wrote tells which completion is whose.

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "history/event.h"
#include "history/sink.h"

namespace assay {

/// Stands before a sink. If the first event of a client is a completion, so must all others be;
/// completion n then becomes the events 2n and 2n+1. A transaction that begins while another of its
/// process is open gets a process of its own. Other histories pass unchanged.
class CompletionsOnly {
 public:
  Status add(const Event& event, EventSink& sink);

 private:
  enum class Mode : std::uint8_t { undecided, no, yes };

  struct Open {
    ProcessId process;
    Value asked;
  };

  Status add_completion(const Event& event, EventSink& sink);
  Status add_transaction(const Event& event, EventSink& sink);

  Mode mode_ = Mode::undecided;
  std::unordered_map<std::int32_t, std::vector<Open>> open_;
  std::int32_t spare_process_ = std::int32_t{1} << 30U;
  bool noted_ = false;
  std::uint64_t next_index_ = 0;
};

}  // namespace assay
