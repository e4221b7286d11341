#pragma once
// RegisterStream: is a register linearizable so far? Event by event, in bounded memory: by zones as
// long as values are unique among those that can still be read, by search from the first value
// that is not, and by zones again from a moment at which only one state is possible.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "checker/streaming/frontier_stream.h"
#include "checker/streaming/stream_call.h"
#include "checker/streaming/zone_stream.h"

namespace assay {

/// As ZoneStream; after an answer other than fine nothing more may be asked.
class RegisterStream {
 public:
  RegisterStream(const StreamValue& initial, const StreamLimits& limits);

  StreamAnswer invoke(const StreamCall& call);
  StreamAnswer complete(std::uint64_t token, Outcome outcome, std::int64_t time,
                        const StreamValue& value);
  /// Are there returns that have not been looked at? look() does.
  bool unsure() const;
  StreamAnswer look();
  /// At the end of the history.
  StreamAnswer finish();

  const std::string& reason() const;
  std::uint64_t bytes() const;
  std::uint64_t steps() const;
  bool searched() const { return searched_; }

 private:
  /// The search refers to its model, so both stay where they are.
  struct Search {
    Search(const StreamLimits& limits, const StreamValue& initial)
        : model(initial), stream(limits, model) {}
    RegisterStreamModel model;
    FrontierStream<RegisterStreamModel> stream;
  };

  void search_on();

  StreamLimits limits_;
  bool searched_ = false;
  std::uint64_t steps_ = 0;
  std::variant<ZoneStream, std::unique_ptr<Search>> now_;
};

}  // namespace assay
