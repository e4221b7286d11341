#include "history/formats/transaction_events.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "history/formats/readers.h"

namespace assay {
namespace {

Value operation(const char* function, Value key, Value value) {
  Value::List list;
  list.reserve(3);
  list.emplace_back(Value::Keyword{function});
  list.push_back(std::move(key));
  list.push_back(std::move(value));
  return list;
}

}  // namespace

void declare_transactions(std::string_view format, const ReadOptions& options, EventSink& sink) {
  sink.info().format = format;
  sink.info().datatype = "rw-register";
  sink.info().real_time = RealTime::none;
  apply_options(options, sink.info());
}

TransactionEvents::TransactionEvents(EventSink& sink) : sink_(sink) {
  invoke_.f = complete_.f = "txn";
}

void TransactionEvents::write(Value key, Value value) {
  asked_.push_back(operation("w", key, value));
  answered_.push_back(operation("w", std::move(key), std::move(value)));
}

void TransactionEvents::read(Value key, Value value) {
  asked_.push_back(operation("r", key, Value()));
  answered_.push_back(operation("r", std::move(key), std::move(value)));
}

Status TransactionEvents::finish(std::int64_t session, EventType outcome, Nanos begin, Nanos end) {
  if (session < 0 || session > std::numeric_limits<std::int32_t>::max()) {
    return Error{ErrorKind::bad_data,
                 fmt::format("expected a session from 0 to 2147483647, got {}", session)};
  }
  invoke_.process = complete_.process = static_cast<ProcessId>(session);
  invoke_.time = begin;
  complete_.time = end;
  complete_.type = outcome;
  complete_.index = invoke_.index + 1;
  // The lists go in and come back, so that their memory is used again.
  invoke_.value = Value(std::move(asked_));
  complete_.value = Value(std::move(answered_));
  Status status = sink_.add(invoke_);
  if (status) status = sink_.add(complete_);
  asked_ = std::move(*invoke_.value.get_if<Value::List>());
  answered_ = std::move(*complete_.value.get_if<Value::List>());
  asked_.clear();
  answered_.clear();
  invoke_.index += 2;
  return status;
}

}  // namespace assay
