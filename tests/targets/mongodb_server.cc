#include "tests/targets/mongodb_server.h"

#include <bson/bson.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <initializer_list>

#include "targets/json.h"
#include "targets/reference/node/mongodb/wire.h"
#include "tests/targets/loopback.h"

namespace assay::mongodb {
namespace {

constexpr int poll_ms = 50;

Value value_of(std::string_view bytes) {
  bson_t document;
  if (!bson_init_static(&document, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                        bytes.size())) {
    return {};
  }
  char* text = bson_as_relaxed_extended_json(&document, nullptr);
  auto value = parse_json(text == nullptr ? "" : text);
  bson_free(text);
  return value.ok() ? *std::move(value) : Value();
}

std::string bytes_of(const Value& value) {
  const std::string text = json_text(value);
  bson_error_t error;
  bson_t* document = bson_new_from_json(reinterpret_cast<const std::uint8_t*>(text.data()),
                                        static_cast<ssize_t>(text.size()), &error);
  if (document == nullptr) return {};
  std::string bytes(reinterpret_cast<const char*>(bson_get_data(document)), document->len);
  bson_destroy(document);
  return bytes;
}

bool is_first(const Value& command, std::initializer_list<const char*> names) {
  const auto* map = command.get_if<Value::Map>();
  if (map == nullptr || map->empty()) return false;
  for (const char* name : names) {
    if (map->front().first == Value(name)) return true;
  }
  return false;
}

}  // namespace

ScriptedServer::ScriptedServer(Script script) : script_(std::move(script)) {
  const Listener listener = listen_on_loopback();
  listener_ = listener.socket;
  port_ = listener.port;
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedServer::~ScriptedServer() {
  ending_ = true;
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
  ::close(listener_);
}

std::vector<Value> ScriptedServer::commands() const {
  const std::scoped_lock lock(mutex_);
  return commands_;
}

void ScriptedServer::accept_all() {
  while (!ending_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (::poll(&waiting, 1, poll_ms) <= 0) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection >= 0) threads_.emplace_back([this, connection] { serve(connection); });
  }
}

void ScriptedServer::serve(int connection) {
  while (!ending_) {
    pollfd waiting{connection, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, poll_ms);
    if (ready < 0 || (ready > 0 && !answer_one(connection))) break;
  }
  ::close(connection);
}

bool ScriptedServer::answer_one(int connection) {
  std::string frame(mongodb_front::wire_header_bytes, '\0');
  const auto fill = [&](std::size_t from) {
    const std::size_t bytes = frame.size() - from;
    return ::recv(connection, frame.data() + from, bytes, MSG_WAITALL) ==
           static_cast<ssize_t>(bytes);
  };
  if (!fill(0)) return false;
  const std::size_t length = mongodb_front::wire_frame_length(frame);
  if (length == 0) return false;
  frame.resize(length);
  if (!fill(mongodb_front::wire_header_bytes)) return false;
  const auto request = mongodb_front::parse_wire_request(frame);
  if (!request) return false;
  const Value reply = reply_to(value_of(request->document));
  if (reply.is_nil()) return false;
  const std::string sent = mongodb_front::wire_reply(request->id, request->legacy, bytes_of(reply));
  return ::send(connection, sent.data(), sent.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(sent.size());
}

Value ScriptedServer::reply_to(const Value& command) {
  if (is_first(command, {"hello", "isMaster", "ismaster"})) {
    const std::string own = "127.0.0.1:" + std::to_string(port_);
    return Value::Map{{"ismaster", true},
                      {"isWritablePrimary", true},
                      {"setName", "tested"},
                      {"setVersion", 1},
                      {"hosts", Value::List{own}},
                      {"primary", own},
                      {"me", own},
                      {"maxBsonObjectSize", 16 << 20},
                      {"maxMessageSizeBytes", 48 << 20},
                      {"maxWriteBatchSize", 1000},
                      {"logicalSessionTimeoutMinutes", 30},
                      {"minWireVersion", 0},
                      {"maxWireVersion", 17},
                      {"ok", 1}};
  }
  if (is_first(command, {"endSessions", "ping"})) return Value::Map{{"ok", 1}};
  {
    const std::scoped_lock lock(mutex_);
    commands_.push_back(command);
  }
  return script_(command);
}

}  // namespace assay::mongodb
