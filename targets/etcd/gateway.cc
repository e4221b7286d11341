#include "targets/etcd/gateway.h"

#include <curl/curl.h>

#include <array>
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

std::size_t receive(char* data, std::size_t size, std::size_t count, void* into) {
  auto& text = *static_cast<std::string*>(into);
  if (text.size() + size * count > response_bytes_max) return 0;
  text.append(data, size * count);
  return size * count;
}

/// Of {"error":…,"message":…,"code":14}.
Reply refusal(const Value& body) {
  Reply reply;
  reply.kind = Reply::Kind::refused;
  if (const Value* code = find(body, "code"); code != nullptr) {
    if (const auto* number = code->get_if<std::int64_t>()) reply.code = static_cast<int>(*number);
  }
  for (const char* name : {"message", "error"}) {
    const Value* text = find(body, name);
    if (text == nullptr || !text->is<std::string>()) continue;
    reply.message = *text->get_if<std::string>();
    break;
  }
  return reply;
}

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
  curl_easy_setopt(handle_->curl, CURLOPT_WRITEFUNCTION, receive);
}

Gateway::~Gateway() = default;
Gateway::Gateway(Gateway&&) noexcept = default;

Reply Gateway::post(std::string_view path, const Value& request, Nanos deadline) {
  Reply reply;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - monotonic_now());
  if (left.count() <= 0 || handle_->curl == nullptr) {
    reply.kind = Reply::Kind::unconnected;
    reply.message = "no time left";
    return reply;
  }
  CURL* curl = handle_->curl;
  const std::string body = json_text(request);
  std::string response;
  curl_easy_setopt(curl, CURLOPT_URL, (base_ + std::string(path)).c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &response);
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) {
    long sent = 0;
    curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent);
    reply.kind = sent == 0 ? Reply::Kind::unconnected : Reply::Kind::lost;
    reply.message = curl_easy_strerror(code);
    return reply;
  }
  auto parsed = parse_json(response);
  if (!parsed.ok() || !parsed->is<Value::Map>()) {
    reply.message = "malformed reply: " + response.substr(0, 100);
    return reply;
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  constexpr long http_ok = 200;
  if (status != http_ok) return refusal(*parsed);
  // What answers with a stream wraps each message.
  if (const Value* error = find(*parsed, "error"); error != nullptr) return refusal(*error);
  const Value* result = find(*parsed, "result");
  reply.kind = Reply::Kind::ok;
  reply.body = result == nullptr ? *std::move(parsed) : *result;
  return reply;
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
