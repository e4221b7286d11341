#include "targets/redis/client.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "targets/completions.h"
#include "targets/json.h"

namespace assay::redis {
namespace {

constexpr bool definite = true;
constexpr bool doubtful = false;

// What is not named is in doubt, such as a plain ERR.
constexpr std::array rows{
    ErrorRow{"READONLY", definite},    ErrorRow{"LOADING", definite},
    ErrorRow{"MASTERDOWN", definite},  ErrorRow{"NOREPLICAS", definite},
    ErrorRow{"OOM", definite},         ErrorRow{"MISCONF", definite},
    ErrorRow{"CLUSTERDOWN", definite}, ErrorRow{"MOVED", definite},
    ErrorRow{"WRONGTYPE", definite},   ErrorRow{"EXECABORT", definite},
    ErrorRow{"NOAUTH", definite},      ErrorRow{"NOPERM", definite},
    ErrorRow{"WRONGPASS", definite},   ErrorRow{"BUSY", definite},
    ErrorRow{"UNBLOCKED", doubtful},   ErrorRow{"ERR", doubtful},
};

constexpr std::array function_rows{
    FunctionRow{"read", "register"},     FunctionRow{"write", "register"},
    FunctionRow{"cas", "register"},      FunctionRow{"read", "set"},
    FunctionRow{"add", "set"},           FunctionRow{"read", "counter"},
    FunctionRow{"increment", "counter"}, FunctionRow{"txn", "list-append"},
};

constexpr const char* cas_script =
    "local now = redis.call('GET', KEYS[1]) or '' "
    "if now ~= ARGV[1] then return 0 end "
    "redis.call('SET', KEYS[1], ARGV[2]) return 1";

timeval to_timeval(Nanos left) {
  const auto micros = std::max<std::int64_t>(
      1000, std::chrono::duration_cast<std::chrono::microseconds>(left).count());
  return {micros / 1'000'000, micros % 1'000'000};
}

/// What to send, and how the replies to it are read.
struct Request {
  std::vector<Command> commands;
  bool has_effect = false;
  /// From the reply of EXEC, without that of ROLE. Nothing: the precondition does not hold.
  std::optional<Value> (*read)(const Invocation& invocation, const redisReply* const* replies,
                               std::size_t count) = nullptr;
};

Value element_of(const redisReply& reply) {
  if (reply.type == REDIS_REPLY_INTEGER) return std::int64_t{reply.integer};
  if (reply.type != REDIS_REPLY_STRING) return {};
  auto value = parse_json(std::string(reply.str, reply.len));
  return value.ok() ? *std::move(value) : Value();
}

Value list_of(const redisReply& reply) {
  Value::List elements;
  for (std::size_t i = 0; i < reply.elements; ++i)
    elements.push_back(element_of(*reply.element[i]));
  return elements;
}

using Replies = const redisReply* const*;

std::optional<Value> as_asked(const Invocation& invocation, Replies, std::size_t) {
  return invocation.value;
}

/// Nothing: the value has not the shape that the function needs.
std::optional<Request> request_of(const Invocation& invocation, const std::string& datatype) {
  const std::string& f = invocation.f;
  const std::string key = "assay:" + json_text(invocation.key.value_or(Value("")));
  const Value& value = invocation.value;
  if (f == "read" && datatype == "set") {
    return Request{{{"SMEMBERS", key}}, false, [](const Invocation&, Replies replies, std::size_t) {
                     return std::optional(list_of(*replies[0]));
                   }};
  }
  if (f == "read") {
    const bool counter = datatype == "counter";
    return Request{{{"GET", key}}, false,
                   counter ? [](const Invocation&, Replies replies, std::size_t) {
                     Value read = element_of(*replies[0]);
                     return std::optional(read.is_nil() ? Value(0) : std::move(read));
                   } : [](const Invocation&, Replies replies, std::size_t) {
                     return std::optional(element_of(*replies[0]));
                   }};
  }
  if (f == "write") return Request{{{"SET", key, json_text(value)}}, true, as_asked};
  if (f == "add") return Request{{{"SADD", key, json_text(value)}}, true, as_asked};
  if (f == "increment") return Request{{{"INCRBY", key, json_text(value)}}, true, as_asked};
  const auto* list = value.get_if<Value::List>();
  if (list == nullptr) return std::nullopt;
  if (f == "cas" && list->size() == 2) {
    const std::string expected = (*list)[0].is_nil() ? "" : json_text((*list)[0]);
    return Request{{{"EVAL", cas_script, "1", key, expected, json_text((*list)[1])}},
                   true,
                   [](const Invocation& asked, Replies replies, std::size_t) {
                     return replies[0]->integer == 1 ? std::optional(asked.value) : std::nullopt;
                   }};
  }
  if (f != "txn") return std::nullopt;
  Request request;
  for (const Value& step : *list) {
    const auto* words = step.get_if<Value::List>();
    if (words == nullptr || words->size() != 3) return std::nullopt;
    const std::string object = "assay:" + json_text((*words)[1]);
    const bool reads = (*words)[0] == Value("r");
    request.has_effect = request.has_effect || !reads;
    request.commands.push_back(reads ? Command{"LRANGE", object, "0", "-1"}
                                     : Command{"RPUSH", object, json_text((*words)[2])});
  }
  request.read = [](const Invocation& asked, Replies replies, std::size_t count) {
    Value::List steps = *asked.value.get_if<Value::List>();
    for (std::size_t i = 0; i < count && i < steps.size(); ++i) {
      auto& words = *steps[i].get_if<Value::List>();
      if (words[0] == Value("r")) words[2] = list_of(*replies[i]);
    }
    return std::optional<Value>(std::move(steps));
  };
  return request;
}

bool is_primary(const redisReply& role) {
  return role.type == REDIS_REPLY_ARRAY && role.elements > 0 && role.element[0]->str != nullptr &&
         std::string_view(role.element[0]->str) == "master";
}

}  // namespace

Functions functions() { return function_rows; }

Completion classify(std::string_view error, bool has_effect) {
  bool failed = !has_effect;
  for (const ErrorRow& row : rows) {
    if (error.starts_with(row.begin)) {
      failed = failed || row.definite;
      break;
    }
  }
  return {failed ? EventType::fail : EventType::info, {}, std::string(error)};
}

void Session::Freer::operator()(redisReply* reply) const { freeReplyObject(reply); }

std::string Session::open(const Endpoint& endpoint, Nanos deadline) {
  close();
  const Nanos left = deadline - monotonic_now();
  if (left.count() <= 0) return "connecting timed out";
  context_ = redisConnectWithTimeout(endpoint.host.c_str(), endpoint.port, to_timeval(left));
  if (context_ == nullptr) return "out of memory";
  if (context_->err == 0) return "";
  const std::string why = context_->errstr;
  close();
  return why;
}

void Session::close() {
  if (context_ != nullptr) redisFree(std::exchange(context_, nullptr));
}

std::vector<Session::Reply> Session::ask(const std::vector<Command>& commands, Nanos deadline) {
  std::vector<Reply> replies;
  for (const Command& command : commands) {
    std::vector<const char*> words;
    std::vector<std::size_t> lengths;
    for (const std::string& word : command) {
      words.push_back(word.data());
      lengths.push_back(word.size());
    }
    redisAppendCommandArgv(context_, static_cast<int>(words.size()), words.data(), lengths.data());
  }
  while (replies.size() < commands.size()) {
    const Nanos left = deadline - monotonic_now();
    void* reply = nullptr;
    if (left.count() > 0) redisSetTimeout(context_, to_timeval(left));
    if (left.count() <= 0 || redisGetReply(context_, &reply) != REDIS_OK) {
      error_ = left.count() <= 0 ? "timed out" : context_->errstr;
      close();
      break;
    }
    replies.emplace_back(static_cast<redisReply*>(reply));
  }
  return replies;
}

Completion RedisClient::invoke(const Invocation& invocation, Nanos timeout) {
  const Nanos start = monotonic_now();
  Completion completion = attempt(invocation, start + timeout);
  pause_after_failure(completion, start, timeout);
  return completion;
}

Completion RedisClient::attempt(const Invocation& invocation, Nanos deadline) {
  const auto request = request_of(invocation, settings_.datatype);
  if (!request) return unsupported();
  if (!session_.is_open()) {
    const std::string why = session_.open(endpoint_, deadline);
    if (!why.empty()) return {EventType::fail, {}, why};
  }
  // All in one transaction, so that the role is that of the moment of the reads.
  std::vector<Command> commands{{"MULTI"}, {"ROLE"}};
  commands.insert(commands.end(), request->commands.begin(), request->commands.end());
  commands.push_back({"EXEC"});
  const auto replies = session_.ask(commands, deadline);
  if (replies.size() < commands.size()) {
    return {request->has_effect ? EventType::info : EventType::fail, {}, session_.error()};
  }
  const redisReply& result = *replies.back();
  // Without MULTI each command was on its own.
  if (const redisReply& begun = *replies.front(); begun.type == REDIS_REPLY_ERROR) {
    return {request->has_effect ? EventType::info : EventType::fail, {}, {begun.str, begun.len}};
  }
  for (const auto& reply : replies) {
    if (reply->type != REDIS_REPLY_ERROR) continue;
    // One that is refused before EXEC keeps everything from being done; EXEC says so itself.
    const bool queued = reply.get() != &result;
    return queued ? Completion{EventType::fail, {}, std::string(reply->str, reply->len)}
                  : classify({reply->str, reply->len}, request->has_effect);
  }
  if (result.type != REDIS_REPLY_ARRAY || result.elements != commands.size() - 2) {
    return {request->has_effect ? EventType::info : EventType::fail, {}, "malformed reply"};
  }
  for (std::size_t i = 0; i < result.elements; ++i) {
    const redisReply& each = *result.element[i];
    if (each.type != REDIS_REPLY_ERROR) continue;
    // The others of several had their effect.
    const bool alone = result.elements == 2;
    if (alone || !request->has_effect) return classify({each.str, each.len}, request->has_effect);
    return {EventType::info, {}, {each.str, each.len}};
  }
  if (!request->has_effect && settings_.primary_only && !is_primary(*result.element[0])) {
    return {EventType::fail, {}, "not a primary"};
  }
  auto value = request->read(invocation, result.element + 1, result.elements - 1);
  if (!value) return unmet();
  return {EventType::ok, std::move(*value), {}};
}

}  // namespace assay::redis
