#pragma once
// ObjectStream: one object of a history that grows, followed event by event in bounded memory. The
// table of datatypes that can be followed so is object_streams.cc.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "checker/streaming/frontier_stream.h"
#include "checker/streaming/stream_call.h"
#include "history/history.h"
#include "history/value.h"

namespace assay {

/// Times must not go back from call to call, and within a tick every invocation comes before every
/// completion. After an answer other than fine nothing more may be asked. Not thread-safe.
class ObjectStream {
 public:
  ObjectStream() = default;
  ObjectStream(const ObjectStream&) = delete;
  ObjectStream& operator=(const ObjectStream&) = delete;
  virtual ~ObjectStream() = default;

  struct Invocation {
    std::uint64_t token;  ///< names the operation: its event index
    std::int64_t time;
    std::int32_t process;
    std::string_view function;
    const Value& argument;
  };
  struct Begun {
    StreamAnswer answer;
    bool wants_result;  ///< what the operation returns will matter
  };
  /// Nothing: no operation of the datatype; nothing has changed then.
  virtual std::optional<Begun> invoke(const Invocation& invocation) = 0;
  /// `result`: of an ok operation that wants it; else null.
  virtual StreamAnswer complete(std::uint64_t token, Outcome outcome, std::int64_t time,
                                const Value* result) = 0;
  /// Are there returns that have not been looked at? look() does, within bounds.
  virtual bool unsure() const = 0;
  virtual StreamAnswer look() = 0;
  /// At the end of the history.
  virtual StreamAnswer finish() = 0;

  virtual const std::string& reason() const = 0;  ///< of an answer `unknown`
  virtual std::uint64_t bytes() const = 0;
  virtual std::uint64_t steps() const = 0;         ///< of searches
  virtual std::string_view algorithm() const = 0;  ///< what it took so far
};

using MakeObjectStream = std::function<std::unique_ptr<ObjectStream>()>;
/// Empty: objects of this datatype are not followed event by event.
MakeObjectStream object_stream_for(std::string_view datatype, const HistoryInfo& info,
                                   const StreamLimits& limits);

}  // namespace assay
