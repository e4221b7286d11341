#include "targets/etcd/gateway.h"

#include <curl/curl.h>

#include <array>
#include <charconv>
#include <mutex>
#include <utility>

#include "targets/json.h"

namespace assay::etcd {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr bool definite = true;
constexpr bool doubtful = false;

// The codes are those of gRPC's status codes; what is not named is in doubt.
constexpr std::array rows{
    ErrorRow{3, "", definite},            // invalid argument
    ErrorRow{5, "", definite},            // not found, such as a lease
    ErrorRow{7, "", definite},            // permission denied
    ErrorRow{8, "", definite},            // resource exhausted, such as the quota of the store
    ErrorRow{9, "", definite},            // failed precondition
    ErrorRow{11, "", definite},           // out of range, such as a compacted revision
    ErrorRow{12, "", definite},           // unimplemented
    ErrorRow{14, "no leader", definite},  // refused before it was proposed
    ErrorRow{14, "not capable", definite},
    ErrorRow{16, "", definite},  // unauthenticated
    ErrorRow{4, "", doubtful},   // deadline exceeded
    ErrorRow{14, "", doubtful},  // unavailable: timed out, leader changed
};

/// A response larger than this is none of ours.
constexpr std::size_t response_bytes_max = 64U << 20;

constexpr long http_ok = 200;

std::size_t receive(char* data, std::size_t size, std::size_t count, void* into) {
  auto& text = *static_cast<std::string*>(into);
  if (text.size() + size * count > response_bytes_max) return 0;
  text.append(data, size * count);
  return size * count;
}

/// Of {"error":…,"message":…,"code":14}; what ends a stream says grpc_code.
Reply refusal(const Value& body) {
  Reply reply;
  reply.kind = Reply::Kind::refused;
  const char* name_of_code = find(body, "grpc_code") == nullptr ? "code" : "grpc_code";
  reply.code = static_cast<int>(integer_in(body, name_of_code));
  for (const char* name : {"message", "error"}) {
    const Value* text = find(body, name);
    if (text == nullptr || !text->is<std::string>()) continue;
    reply.message = *text->get_if<std::string>();
    break;
  }
  return reply;
}

/// Messages of a stream, a line each, as they arrive.
struct Messages {
  const Gateway::Take& take;
  std::string pending;
  std::optional<Reply> refused;
  bool any;
  bool enough;

  static std::size_t receive(char* data, std::size_t size, std::size_t count, void* into) {
    auto& self = *static_cast<Messages*>(into);
    self.pending.append(data, size * count);
    if (self.pending.size() > response_bytes_max) return 0;
    for (auto end = self.pending.find('\n'); end != std::string::npos;
         end = self.pending.find('\n')) {
      const std::string line = self.pending.substr(0, end);
      self.pending.erase(0, end + 1);
      if (!self.accept(line)) return 0;
    }
    return size * count;
  }

  /// False: no more is wanted.
  bool accept(const std::string& line) {
    const auto message = parse_json(line);
    const Value* error = message.ok() ? find(*message, "error") : nullptr;
    const Value* result = message.ok() ? find(*message, "result") : nullptr;
    if (error != nullptr) refused = refusal(error->is<Value::Map>() ? *error : *message);
    if (result == nullptr) return false;
    any = true;
    enough = !take(*result);
    return !enough;
  }
};

}  // namespace

Completion classify(const Reply& reply, bool has_effect) {
  bool failed = !has_effect || reply.kind == Reply::Kind::unconnected;
  if (!failed && reply.kind == Reply::Kind::refused) {
    for (const ErrorRow& row : rows) {
      if (row.code != reply.code || reply.message.find(row.words) == std::string::npos) continue;
      failed = row.definite;
      break;
    }
  }
  return {failed ? EventType::fail : EventType::info, {}, reply.message};
}

struct Gateway::Handle {
  CURL* curl = nullptr;
  curl_slist* headers = nullptr;
  ~Handle() {
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
  }
};

Gateway::Gateway(const Endpoint& endpoint) : handle_(std::make_unique<Handle>()) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  base_ = "http://" + (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" +
          std::to_string(endpoint.port) + "/v3/";
  handle_->curl = curl_easy_init();
  handle_->headers = curl_slist_append(nullptr, "Content-Type: application/json");
  // Without this line curl waits for a "100 Continue" that never comes.
  handle_->headers = curl_slist_append(handle_->headers, "Expect:");
  curl_easy_setopt(handle_->curl, CURLOPT_HTTPHEADER, handle_->headers);
  curl_easy_setopt(handle_->curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle_->curl, CURLOPT_NOPROXY, "*");
}

Gateway::~Gateway() = default;
Gateway::Gateway(Gateway&&) noexcept = default;

struct Gateway::Outcome {
  Reply::Kind kind;  ///< ok: there is a response
  std::string message;
  bool in_time;
  long status;
};

Gateway::Outcome Gateway::perform(std::string_view path, const std::string& body, Nanos deadline,
                                  Receive receive, void* into) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - monotonic_now());
  CURL* curl = handle_->curl;
  if (left.count() <= 0 || curl == nullptr) {
    return {Reply::Kind::unconnected, "no time left", false, 0};
  }
  curl_easy_setopt(curl, CURLOPT_URL, (base_ + std::string(path)).c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, into);
  const CURLcode code = curl_easy_perform(curl);
  const bool in_time = code != CURLE_OPERATION_TIMEDOUT;
  if (code != CURLE_OK) {
    long sent = 0;
    curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent);
    return {sent == 0 ? Reply::Kind::unconnected : Reply::Kind::lost, curl_easy_strerror(code),
            in_time, 0};
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return {Reply::Kind::ok, "", in_time, status};
}

Reply Gateway::post(std::string_view path, const Value& request, Nanos deadline) {
  Reply reply;
  std::string response;
  const Outcome outcome = perform(path, json_text(request), deadline, receive, &response);
  if (outcome.kind != Reply::Kind::ok) {
    reply.kind = outcome.kind;
    reply.message = outcome.message;
    return reply;
  }
  auto parsed = parse_json(response);
  if (!parsed.ok() || !parsed->is<Value::Map>()) {
    reply.message = "malformed reply: " + response.substr(0, 100);
    return reply;
  }
  if (outcome.status != http_ok) return refusal(*parsed);
  // What answers with a stream wraps each message.
  if (const Value* error = find(*parsed, "error"); error != nullptr) return refusal(*error);
  const Value* result = find(*parsed, "result");
  reply.kind = Reply::Kind::ok;
  reply.body = result == nullptr ? *std::move(parsed) : *result;
  return reply;
}

Reply Gateway::stream(std::string_view path, const Value::List& requests, Nanos deadline,
                      const Take& take) {
  std::string body;
  for (const Value& request : requests) body += json_text(request) + "\n";
  Messages messages{take, {}, {}, false, false};
  const Outcome outcome = perform(path, body, deadline, Messages::receive, &messages);
  if (!messages.enough && !messages.pending.empty())
    static_cast<void>(messages.accept(messages.pending));
  if (messages.refused) return *messages.refused;
  Reply reply;
  reply.kind = messages.enough || (messages.any && !outcome.in_time) ? Reply::Kind::ok
               : outcome.kind == Reply::Kind::ok                     ? Reply::Kind::lost
                                                                     : outcome.kind;
  reply.message = outcome.message.empty() ? "the stream ended" : outcome.message;
  return reply;
}

std::int64_t integer_in(const Value& map, std::string_view name) {
  const Value* value = find(map, name);
  if (value == nullptr) return 0;
  if (const auto* number = value->get_if<std::int64_t>()) return *number;
  const auto* text = value->get_if<std::string>();
  std::int64_t number = 0;
  if (text != nullptr) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

std::string text_in(const Value& map, std::string_view name) {
  const Value* value = find(map, name);
  const auto* text = value == nullptr ? nullptr : value->get_if<std::string>();
  return text == nullptr ? std::string() : *text;
}

std::string bytes_in(const Value& map, std::string_view name) {
  return from_base64(text_in(map, name)).value_or("");
}

std::int64_t revision_in(const Value& body) {
  const Value* header = find(body, "header");
  return header == nullptr ? 0 : integer_in(*header, "revision");
}

std::string end_of_prefix(std::string prefix) {
  ++prefix.back();
  return prefix;
}

std::string base64(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? alphabet[group >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t group = 0;
  int bits = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (const char c : text) {
    const auto value = alphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    group = group << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 255U);
  }
  return bytes;
}

}  // namespace assay::etcd
