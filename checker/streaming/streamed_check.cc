#include "checker/streaming/streamed_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "checker/datatypes.h"

namespace assay {
namespace {

constexpr std::uint64_t default_memory = std::uint64_t{512} << 20U;
/// Processes with smaller numbers are found without hashing.
constexpr std::size_t dense_max = std::size_t{1} << 16U;

Error bad(const Event& event, const std::string& what) {
  return {ErrorKind::bad_data, fmt::format("event {}: {}", event.index, what)};
}

bool is_register_function(std::string_view name) {
  return name == "read" || name == "write" || name == "cas";
}

/// A violation of these stays one whatever comes later.
bool is_about_real_time(std::string_view model) {
  return model == "linearizable" || model == "strict-serializable";
}

}  // namespace

StreamedCheck::StreamedCheck(const StreamedOptions& options)
    : options_(options), kept_(options.reread) {
  if (options_.check.memory_bytes == 0) options_.check.memory_bytes = default_memory;
  limits_.memory_bytes = options_.check.memory_bytes / 4;
  if (options_.check.timeout.has_value()) limits_.deadline = created_ + *options_.check.timeout;
}

/// With the first client event, when all declarations are known.
void StreamedCheck::begin(const Event& event) {
  begun_ = true;
  by_time_ = info().real_time == RealTime::time && event.time >= Nanos(0);
  const CheckOptions& check = options_.check;
  datatype_ = check.datatype == "auto" ? info().datatype : check.datatype;
  guessed_ = datatype_.empty();
  if (guessed_ && is_register_function(event.f)) datatype_ = "register";
  StreamLimits limits;
  limits.search = limits_;
  limits.short_tail = 8;  // pauses are for longer ones
  make_stream_ = object_stream_for(datatype_, info(), limits);
  way_ = Way::follow;
  if (auto reason = unfollowable(datatype_); !reason.empty()) stop_following(std::move(reason));
}

std::string StreamedCheck::unfollowable(const std::string& datatype) const {
  const CheckOptions& check = options_.check;
  if (info().real_time == RealTime::none) return "the events have no order in real time";
  if (!check.models.empty() && check.models != std::vector<std::string>{"linearizable"}) {
    return "only linearizability is checked event by event";
  }
  if (check.failed != FailedOperation::did_not_happen) return "failed operations count";
  if (make_stream_ != nullptr) return "";
  return datatype.empty() ? "the datatype is not declared"
                          : "objects of its kind are not: " + datatype;
}

void StreamedCheck::stop_following(std::string reason) {
  const auto& models = options_.check.models;
  const bool safe = std::all_of(models.begin(), models.end(), is_about_real_time);
  const bool may_recheck = safe && options_.stop_at_violation && info().real_time != RealTime::none;
  way_ = may_recheck ? Way::recheck : Way::at_end;
  not_followed_ = std::move(reason);
  keys_.clear();
  held_.clear();
  unsure_.clear();
  violations_.clear();
  for (OpenOperation& operation : dense_) operation.key = nullptr;
  for (auto& [process, operation] : sparse_) operation.key = nullptr;
}

Status StreamedCheck::add(const Event& event) {
  if (last_index_ && event.index <= *last_index_) {
    return bad(event, fmt::format("indices must increase, but the event before has index {}",
                                  *last_index_));
  }
  const auto before = std::exchange(last_index_, event.index);
  if (event.process == nemesis_process) return keep(event, {});
  if (static_cast<std::int32_t>(event.process) < 0) {
    return bad(event, fmt::format("process {} is negative; clients are numbered from 0",
                                  static_cast<std::int32_t>(event.process)));
  }
  if (!begun_) begin(event);
  ++client_events_;
  if (event.time < Nanos(0)) ++untimed_;
  if (!by_time_ || event.time.count() > now_) settled_index_ = before;
  follow_clock(event);
  const Status status = event.type == EventType::invoke ? invoke(event) : complete(event);
  if (!by_time_) settled_index_ = event.index;
  return status ? look() : status;
}

void StreamedCheck::follow_clock(const Event& event) {
  if (!by_time_) return;
  if (event.time < Nanos(0) || event.time.count() < now_) {
    // Later lines may tell of earlier times: nothing is certain before the end.
    by_time_ = false;
    stop_following(event.time < Nanos(0) ? "some events have a time and some have none"
                                         : "the times of the events go back");
    way_ = Way::at_end;
  } else if (event.time.count() > now_) {
    settle_held();
    now_ = event.time.count();
  }
}

/// Is there a reason to stop, or to look at everything again?
Status StreamedCheck::look() {
  if (way_ == Way::recheck && client_events_ >= next_recheck_) recheck();
  if (violated() && options_.stop_at_violation) return stop();
  if (client_events_ % 1024 == 0 && limits_.time_is_up()) {
    ended_because_ = "the time ran out";
    return stop();
  }
  if (way_ == Way::follow && client_events_ % 65'536 == 0 && !violated()) {
    std::uint64_t bytes = 0;
    for (const auto& [id, key] : keys_) bytes += sizeof(Key) + 64 + key->stream->bytes();
    if (bytes > options_.check.memory_bytes / 2) {
      stop_following("what must be remembered takes more than half of the memory");
      way_ = Way::at_end;
    }
  }
  return {};
}

void StreamedCheck::recheck() {
  next_recheck_ = client_events_ + client_events_ / 2;
  rechecked_events_ = client_events_;
  if (!settled_index_ || !fits(kept_.events())) return;
  const auto begin = std::chrono::steady_clock::now();
  CheckOptions options = options_.check;
  if (limits_.deadline) options.timeout = std::max(Nanos(1), *limits_.deadline - begin);
  try {
    auto history = kept_.load({.until = settled_index_}, loading_info());
    if (!history) return;
    auto result = check(*history, options);
    // Whatever is wrong is wrong at the end as well, and said there.
    if (!result || !is_about_real_time(result->model)) {
      way_ = Way::at_end;
      return;
    }
    if (result->verdict == Verdict::violation) {
      if (!result->certificate.empty()) result->certificate.part = HistoryPart{settled_index_, {}};
      rechecked_ = StreamedResult{std::move(result).value(), std::move(history).value()};
    } else if (result->verdict == Verdict::pass) {
      rechecked_index_ = settled_index_;
    }
  } catch (const std::bad_alloc&) {
    way_ = Way::at_end;
  }
  rechecked_at_ = std::chrono::steady_clock::now();
  recheck_took_ = rechecked_at_ - begin;
}

std::optional<Nanos> StreamedCheck::pause() {
  if (stopped_) return std::nullopt;
  look_at_unsure();
  const bool rechecks = way_ == Way::recheck && rechecked_events_ != client_events_;
  // At most a fifth of the time goes into looking again.
  const auto due = rechecked_at_ + 4 * recheck_took_;
  auto now = std::chrono::steady_clock::now();
  if (rechecks && now >= due) recheck();
  if (violated() && options_.stop_at_violation) {
    stopped_ = true;
    return std::nullopt;
  }
  now = std::chrono::steady_clock::now();
  Nanos wait = rechecks && now < due ? Nanos(due - now) : Nanos::max();
  if (limits_.deadline) wait = std::min<Nanos>(wait, *limits_.deadline - now);
  if (wait > Nanos(0)) return wait;
  end("the time ran out");
  return std::nullopt;
}

void StreamedCheck::look_at_unsure() {
  for (Key* key : unsure_) {
    key->unsure = false;
    if (!key->decided()) note_answer(*key, key->stream->look(), *settled_index_);
  }
  unsure_.clear();
}

void StreamedCheck::end(std::string because) {
  stopped_ = true;
  if (!violated()) ended_because_ = std::move(because);
}

Status StreamedCheck::keep(const Event& event, const StreamValue& key) {
  if (!not_kept_.empty()) return {};
  const Status status = kept_.add(event, key);
  if (status || way_ != Way::follow) return status;
  not_kept_ = status.error().message;
  return {};
}

Status StreamedCheck::stop() {
  stopped_ = true;
  return Error{ErrorKind::internal, "the check ended"};
}

StreamedCheck::OpenOperation& StreamedCheck::operation_of(std::int32_t process) {
  const auto number = static_cast<std::size_t>(process);
  if (number >= dense_max) return sparse_[process];
  if (number >= dense_.size()) dense_.resize(std::max(number + 1, 2 * dense_.size()));
  return dense_[number];
}

Status StreamedCheck::invoke(const Event& event) {
  const auto process = static_cast<std::int32_t>(event.process);
  OpenOperation& operation = operation_of(process);
  if (operation.open) {
    return bad(event, fmt::format("process {} invokes {} while its {} of event {} is still open",
                                  process, event.f, operation.f, operation.event));
  }
  const auto number = static_cast<std::size_t>(process);
  if (number < (std::size_t{1} << 24U)) {
    if (number >= seen_.size()) seen_.resize(std::max(number + 1, 2 * number));
    if (!seen_[number]) ++process_count_;
    seen_[number] = true;
  }
  ++operations_;
  operation.open = true;
  operation.event = event.index;
  operation.f = event.f;
  operation.name = event.key;
  operation.key_id = event.key ? stream_value(*event.key) : the_only_key;
  operation.key = nullptr;
  keyed_ = keyed_ || event.key.has_value();
  if (!event.key && !unkeyed_event_) unkeyed_event_ = event.index;
  if (way_ == Way::follow) follow_invocation(event, operation);
  return keep(event, operation.key_id);
}

void StreamedCheck::follow_invocation(const Event& event, OpenOperation& operation) {
  if (keyed_ && unkeyed_event_) return stop_following("an operation has no key");
  if (guessed_ && event.f == "write" && event.value.is_collection()) {
    return stop_following("it may be no register");
  }
  Key& key = *key_of(operation);
  ++key.operations;
  operation.key = &key;
  if (key.decided()) return;
  const std::int64_t time = by_time_ ? event.time.count() : static_cast<std::int64_t>(event.index);
  const auto begun = key.stream->invoke(
      {event.index, time, static_cast<std::int32_t>(event.process), event.f, event.value});
  if (!begun) {
    return stop_following(fmt::format("event {} is no operation of a {}", event.index, datatype_));
  }
  operation.wants_result = begun->wants_result;
  note_answer(key, begun->answer, event.index);
}

StreamedCheck::Key* StreamedCheck::key_of(const OpenOperation& operation) {
  auto& key = keys_[operation.key_id];
  if (key == nullptr) {
    key = std::make_unique<Key>(
        Key{operation.name, operation.key_id, make_stream_(), 0, false, false, {}});
  }
  return key.get();
}

Status StreamedCheck::complete(const Event& event) {
  const auto process = static_cast<std::int32_t>(event.process);
  OpenOperation& operation = operation_of(process);
  if (!operation.open) {
    return bad(event, fmt::format("{} of {} by process {}, which has nothing open",
                                  name_of(event.type), event.f, process));
  }
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
  operation.open = false;
  if (way_ == Way::follow) follow_completion(event, operation);
  if (static_cast<std::size_t>(process) >= dense_max) sparse_.erase(process);
  return {};
}

void StreamedCheck::follow_completion(const Event& event, const OpenOperation& operation) {
  if (operation.key == nullptr || operation.key->decided()) return;
  const std::int64_t time = by_time_ ? event.time.count() : static_cast<std::int64_t>(event.index);
  Completion completion{operation.key, operation.event, Outcome::info, time, {}};
  if (event.type == EventType::fail) completion.outcome = Outcome::fail;
  if (event.type == EventType::ok) {
    completion.outcome = Outcome::ok;
    if (operation.wants_result) completion.result = event.value;
    if (operation.wants_result && guessed_ && event.value.is_collection()) {
      return stop_following("it may be no register");
    }
  }
  if (by_time_) {
    held_.push_back(std::move(completion));
  } else {
    settle(completion);
  }
}

void StreamedCheck::settle_held() {
  for (const Completion& completion : held_) settle(completion);
  held_.clear();
}

void StreamedCheck::settle(const Completion& completion) {
  Key& key = *completion.key;
  if (key.decided()) return;
  note_answer(key,
              key.stream->complete(completion.token, completion.outcome, completion.time,
                                   completion.result ? &*completion.result : nullptr),
              completion.token);
  if (key.unsure || key.decided() || !key.stream->unsure()) return;
  key.unsure = true;
  unsure_.push_back(&key);
}

void StreamedCheck::note_answer(Key& key, StreamAnswer answer, std::uint64_t token) {
  if (answer == StreamAnswer::violation) {
    key.violated = true;
    violations_.push_back({&key, token});
  } else if (answer == StreamAnswer::unknown) {
    key.unknown_because = key.stream->reason();
    if (key.unknown_because.empty()) key.unknown_because = "the search gave up";
  }
}

}  // namespace assay
