#include "checker/streaming/streamed_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay {
namespace {

constexpr std::size_t shares = 128;
constexpr std::uint64_t default_memory = std::uint64_t{512} << 20U;
/// What the key of an unkeyed history hashes to.
constexpr StreamValue the_only_key{0, 8};

Error bad(const Event& event, const std::string& what) {
  return {ErrorKind::bad_data, fmt::format("event {}: {}", event.index, what)};
}

bool is_collection(const Value& value) {
  return value.is<Value::List>() || value.is<Value::Map>() || value.is<Value::Set>();
}

std::optional<RegisterFunction> register_function(std::string_view name) {
  if (name == "read") return RegisterFunction::read;
  if (name == "write") return RegisterFunction::write;
  if (name == "cas") return RegisterFunction::cas;
  return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<StreamedCheck>> StreamedCheck::create(const StreamedOptions& options) {
  auto spill = Spill::create(options.keep_events ? shares : 0);
  if (!spill) return spill.error();
  return std::unique_ptr<StreamedCheck>(new StreamedCheck(options, std::move(spill).value()));
}

StreamedCheck::StreamedCheck(const StreamedOptions& options, std::unique_ptr<Spill> spill)
    : options_(options), spill_(std::move(spill)) {
  if (options_.check.memory_bytes == 0) options_.check.memory_bytes = default_memory;
  limits_.memory_bytes = options_.check.memory_bytes / 4;
  if (options_.check.timeout.has_value()) limits_.deadline = created_ + *options_.check.timeout;
}

/// With the first client event, when all declarations are known.
void StreamedCheck::begin(const Event& event) {
  begun_ = true;
  following_ = true;
  by_time_ = info().real_time == RealTime::time && event.time >= Nanos(0);
  const CheckOptions& check = options_.check;
  const std::string& datatype = check.datatype == "auto" ? info().datatype : check.datatype;
  guessed_ = datatype.empty();
  if (!guessed_ && datatype != "register") {
    stop_following(fmt::format("a {} is checked when its history is complete", datatype));
  } else if (info().real_time == RealTime::none) {
    stop_following("the events have no order in real time");
  } else if (check.failed != FailedOperation::did_not_happen) {
    stop_following("failed operations count");
  } else if (!check.models.empty() && check.models != std::vector<std::string>{"linearizable"}) {
    stop_following("only linearizability is checked while a history grows");
  }
}

void StreamedCheck::stop_following(std::string reason) {
  following_ = false;
  not_followed_ = std::move(reason);
  keys_.clear();
  held_.clear();
  for (auto& [process, operation] : open_) operation.key = nullptr;
}

Status StreamedCheck::add(const Event& event) {
  if (last_index_ && event.index <= *last_index_) {
    return bad(event, fmt::format("indices must increase, but the event before has index {}",
                                  *last_index_));
  }
  last_index_ = event.index;
  if (event.process == nemesis_process) return keep(event, {});
  if (static_cast<std::int32_t>(event.process) < 0) {
    return bad(event, fmt::format("process {} is negative; clients are numbered from 0",
                                  static_cast<std::int32_t>(event.process)));
  }
  if (!begun_) begin(event);
  ++client_events_;
  if (event.time < Nanos(0)) ++untimed_;
  if (following_) follow_clock(event);
  const Status status = event.type == EventType::invoke ? invoke(event) : complete(event);
  if (!status) return status;
  return limits();
}

void StreamedCheck::follow_clock(const Event& event) {
  if (!by_time_) return;
  if (event.time < Nanos(0)) {
    stop_following("some events have a time and some have none");
  } else if (event.time.count() < now_) {
    stop_following("the times of the events go back");
  } else if (event.time.count() > now_) {
    settle_held();
    now_ = event.time.count();
  }
}

std::int64_t StreamedCheck::ticks_of(const Event& event) const {
  return by_time_ ? event.time.count() : static_cast<std::int64_t>(event.index);
}

Status StreamedCheck::limits() {
  if (violated() && options_.stop_at_violation) return stop();
  if (client_events_ % 1024 == 0 && limits_.time_is_up()) {
    ended_because_ = "the time ran out";
    return stop();
  }
  if (following_ && client_events_ % 65'536 == 0) {
    std::uint64_t bytes = 0;
    for (const auto& [id, key] : keys_) bytes += sizeof(Key) + key->stream.bytes();
    if (bytes > options_.check.memory_bytes / 2 && !violated()) {
      stop_following("what is still open takes more than half of the memory");
    }
  }
  return {};
}

Status StreamedCheck::keep(const Event& event, const StreamValue& key) {
  return options_.keep_events ? spill_->add(event, key) : Status();
}

Status StreamedCheck::stop() {
  stopped_ = true;
  return Error{ErrorKind::internal, "the check ended"};
}

Status StreamedCheck::invoke(const Event& event) {
  const auto process = static_cast<std::int32_t>(event.process);
  const auto [at, fresh] = open_.try_emplace(process);
  OpenOperation& operation = at->second;
  if (!fresh) {
    return bad(event, fmt::format("process {} invokes {} while its {} of event {} is still open",
                                  process, event.f, operation.f, operation.event));
  }
  const auto number = static_cast<std::size_t>(process);
  if (number < (std::size_t{1} << 24U)) {
    if (number >= processes_.size()) processes_.resize(std::max(number + 1, 2 * number));
    if (!processes_[number]) ++process_count_;
    processes_[number] = true;
  }
  ++operations_;
  operation.event = event.index;
  operation.f = event.f;
  operation.name = event.key;
  operation.key_id = event.key ? stream_value(*event.key) : the_only_key;
  operation.key = nullptr;
  keyed_ = keyed_ || event.key.has_value();
  if (!event.key && !unkeyed_event_) unkeyed_event_ = event.index;
  if (following_) follow_invocation(event, operation);
  return keep(event, operation.key_id);
}

void StreamedCheck::follow_invocation(const Event& event, OpenOperation& operation) {
  const auto function = register_function(event.f);
  if (!function.has_value()) return stop_following("it is not the history of a register");
  if (keyed_ && unkeyed_event_) return stop_following("an operation has no key");
  StreamCall call{event.index, ticks_of(event), never, {{}, {}, *function}};
  if (*function == RegisterFunction::cas) {
    const auto* pair = event.value.get_if<Value::List>();
    if (pair == nullptr || pair->size() != 2) return stop_following("a cas names no two values");
    call.op.expected = stream_value((*pair)[0]);
    call.op.value = stream_value((*pair)[1]);
  } else if (*function == RegisterFunction::write) {
    if (guessed_ && is_collection(event.value)) return stop_following("it may be no register");
    call.op.value = stream_value(event.value);
  }
  operation.is_read = *function == RegisterFunction::read;
  operation.key = key_of(operation.name, operation.key_id);
  ++operation.key->operations;
  if (!operation.key->decided())
    note_answer(*operation.key, operation.key->stream.invoke(call), event.index);
}

StreamedCheck::Key* StreamedCheck::key_of(const std::optional<Value>& name, const StreamValue& id) {
  auto& key = keys_[id];
  if (key == nullptr) {
    StreamLimits limits;
    limits.search = limits_;
    key = std::make_unique<Key>(
        Key{name, id, RegisterStream(stream_value(info().initial), limits), 0, false, {}});
  }
  return key.get();
}

Status StreamedCheck::complete(const Event& event) {
  const auto process = static_cast<std::int32_t>(event.process);
  const auto at = open_.find(process);
  if (at == open_.end()) {
    return bad(event, fmt::format("{} of {} by process {}, which has nothing open",
                                  name_of(event.type), event.f, process));
  }
  const OpenOperation operation = std::move(at->second);
  open_.erase(at);
  if (event.f != operation.f && !event.f.empty()) {
    return bad(event, fmt::format("process {} completes {}, but its open operation is the {} of "
                                  "event {}",
                                  process, event.f, operation.f, operation.event));
  }
  if (event.key && operation.name != event.key) {
    return bad(event, fmt::format("the completion is on key {}, but its invocation (event {}) is "
                                  "not",
                                  to_text(*event.key), operation.event));
  }
  if (auto status = keep(event, operation.key_id); !status) return status;
  if (!following_ || operation.key == nullptr) return {};
  Completion completion{operation.key, operation.event, event.index,
                        Outcome::info, ticks_of(event), {}};
  if (event.type == EventType::fail) completion.outcome = Outcome::fail;
  if (event.type == EventType::ok) {
    completion.outcome = Outcome::ok;
    const bool says_nothing = event.value.is_nil() && info().nil_read == NilRead::unconstrained;
    if (operation.is_read && says_nothing) completion.outcome = Outcome::info;
    if (operation.is_read && guessed_ && is_collection(event.value)) {
      stop_following("it may be no register");
      return {};
    }
    if (operation.is_read) completion.value = stream_value(event.value);
  }
  if (by_time_) {
    held_.push_back(completion);
  } else {
    settle(completion);
  }
  return {};
}

void StreamedCheck::settle_held() {
  for (const Completion& completion : held_) settle(completion);
  held_.clear();
}

void StreamedCheck::settle(const Completion& completion) {
  Key& key = *completion.key;
  if (key.decided()) return;
  note_answer(
      key,
      key.stream.complete(completion.token, completion.outcome, completion.time, completion.value),
      completion.event);
}

void StreamedCheck::note_answer(Key& key, StreamAnswer answer, std::uint64_t event) {
  if (answer == StreamAnswer::violation) {
    key.violated = true;
    violations_.push_back({&key, event});
  } else if (answer == StreamAnswer::unknown) {
    key.unknown_because = key.stream.reason();
    if (key.unknown_because.empty()) key.unknown_because = "the search gave up";
  }
}

}  // namespace assay
