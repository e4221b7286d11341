#include "targets/mongodb/driver.h"

#include <mongoc/mongoc.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "targets/json.h"

namespace assay::mongodb {
namespace {

constexpr const char* database_name = "assay";

template <auto destroy>
struct Destroy {
  template <class T>
  void operator()(T* object) const {
    destroy(object);
  }
};
template <class T, auto destroy>
using Owned = std::unique_ptr<T, Destroy<destroy>>;
/// By the name of the structure: that of the type carries an alignment, which templates ignore.
struct DestroyDocument {
  void operator()(struct _bson_t* document) const { bson_destroy(document); }
};
using Document = std::unique_ptr<struct _bson_t, DestroyDocument>;

/// Null: it is no document.
Document document_of(const Value& value) {
  const std::string text = json_text(value);
  bson_error_t error;
  return Document(bson_new_from_json(reinterpret_cast<const std::uint8_t*>(text.data()),
                                     static_cast<ssize_t>(text.size()), &error));
}

Value value_of(const bson_t& document) {
  std::size_t length = 0;
  char* text = bson_as_relaxed_extended_json(&document, &length);
  if (text == nullptr) return {};
  auto value = parse_json(std::string(text, length));
  bson_free(text);
  return value.ok() ? *std::move(value) : Value();
}

std::int64_t milliseconds(Nanos time) {
  return std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::milliseconds>(time).count());
}

/// The first of the reply's errors of single writes: {"writeErrors":[{"code":…,"errmsg":…}]}.
const Value* write_error(const Value& body) {
  const Value* errors = find(body, "writeErrors");
  const auto* list = errors == nullptr ? nullptr : errors->get_if<Value::List>();
  return list == nullptr || list->empty() ? nullptr : &list->front();
}

void describe(Answer& answer, const Value& error) {
  if (const Value* code = find(error, "code"); code != nullptr) {
    if (const auto* number = code->get_if<std::int64_t>()) answer.code = static_cast<int>(*number);
  }
  const Value* text = find(error, "errmsg");
  if (text != nullptr && text->is<std::string>()) answer.message = *text->get_if<std::string>();
}

Answer answer_of(bool succeeded, const bson_t& reply, const bson_error_t& error) {
  Answer answer;
  answer.body = value_of(reply);
  if (const Value* refusal = write_error(answer.body)) {
    answer.kind = Answer::Kind::refused;
    describe(answer, *refusal);
    return answer;
  }
  // It comes with ok: 1, and also beside the error of a command.
  if (const Value* unmet = find(answer.body, "writeConcernError")) {
    answer.kind = Answer::Kind::unreplicated;
    describe(answer, *unmet);
    return answer;
  }
  if (succeeded) {
    answer.kind = Answer::Kind::ok;
    return answer;
  }
  answer.code = static_cast<int>(error.code);
  answer.message = static_cast<const char*>(error.message);
  const bool not_logged_in =
      error.domain == MONGOC_ERROR_CLIENT && error.code == MONGOC_ERROR_CLIENT_AUTHENTICATE;
  if (error.domain == MONGOC_ERROR_SERVER_SELECTION || not_logged_in) {
    answer.kind = Answer::Kind::unsent;
  } else if (error.domain == MONGOC_ERROR_SERVER) {
    answer.kind = Answer::Kind::refused;
  }
  return answer;
}

Answer no_answer(Answer::Kind kind, const char* message) {
  Answer answer;
  answer.kind = kind;
  answer.message = message;
  return answer;
}

class LibmongocDriver final : public Driver {
 public:
  LibmongocDriver(DriverSettings settings, Nanos timeout)
      : settings_(std::move(settings)), timeout_(timeout) {}

  Answer read(const Value& command, Nanos deadline) override {
    return run(command, deadline, Access::read);
  }
  Answer write(const Value& command, Nanos deadline) override {
    return run(command, deadline, Access::write);
  }
  Answer admin(const std::string& database, const Value& command) override;
  Answer begin() override;
  Answer commit() override;
  void abort() override {
    bson_error_t ignored;
    if (in_transaction_) mongoc_client_session_abort_transaction(session_.get(), &ignored);
    in_transaction_ = false;
  }

 private:
  enum class Access : std::uint8_t { read, write };
  Answer run(const Value& command, Nanos deadline, Access access);
  /// Null: its settings cannot be used.
  mongoc_client_t* client();
  /// Null: there is none, and none can be had.
  mongoc_client_session_t* session();

  DriverSettings settings_;
  Nanos timeout_;
  bool in_transaction_ = false;
  // The session ends before its client does.
  Owned<mongoc_client_t, mongoc_client_destroy> client_;
  Owned<mongoc_client_session_t, mongoc_client_session_destroy> session_;
  std::string why_;
};

mongoc_client_t* LibmongocDriver::client() {
  if (client_ != nullptr) return client_.get();
  static std::once_flag once;
  std::call_once(once, [] {
    mongoc_init();
    mongoc_log_set_handler(nullptr, nullptr);
  });
  std::string text = "mongodb://";
  for (const Endpoint& host : settings_.hosts) {
    const bool v6 = host.host.find(':') != std::string::npos;
    text += (text.ends_with('/') ? "" : ",") + (v6 ? "[" + host.host + "]" : host.host) + ":" +
            std::to_string(host.port);
    if (settings_.direct) break;
  }
  text += "/?appname=assay";
  bson_error_t error;
  const Owned<mongoc_uri_t, mongoc_uri_destroy> uri(
      mongoc_uri_new_with_error(text.c_str(), &error));
  if (uri == nullptr) {
    why_ = static_cast<const char*>(error.message);
    return nullptr;
  }
  mongoc_uri_set_option_as_bool(uri.get(), MONGOC_URI_RETRYWRITES, settings_.retry_writes);
  mongoc_uri_set_option_as_bool(uri.get(), MONGOC_URI_RETRYREADS, false);
  mongoc_uri_set_option_as_bool(uri.get(), MONGOC_URI_DIRECTCONNECTION, settings_.direct);
  const auto limit = static_cast<std::int32_t>(milliseconds(timeout_));
  constexpr std::int32_t connect_limit = 1000;
  constexpr std::int32_t heartbeat = 500;
  mongoc_uri_set_option_as_int32(uri.get(), MONGOC_URI_SOCKETTIMEOUTMS, limit);
  mongoc_uri_set_option_as_int32(uri.get(), MONGOC_URI_CONNECTTIMEOUTMS,
                                 std::min(limit, connect_limit));
  mongoc_uri_set_option_as_int32(uri.get(), MONGOC_URI_HEARTBEATFREQUENCYMS, heartbeat);
  if (settings_.retry_writes) {
    // By default a driver without threads looks once, and would find no primary in an election.
    mongoc_uri_set_option_as_bool(uri.get(), MONGOC_URI_SERVERSELECTIONTRYONCE, false);
    mongoc_uri_set_option_as_int32(uri.get(), MONGOC_URI_SERVERSELECTIONTIMEOUTMS, limit);
  }
  if (!settings_.user.empty()) {
    mongoc_uri_set_username(uri.get(), settings_.user.c_str());
    mongoc_uri_set_password(uri.get(), settings_.password.c_str());
  }
  client_.reset(mongoc_client_new_from_uri_with_error(uri.get(), &error));
  if (client_ == nullptr) {
    why_ = static_cast<const char*>(error.message);
    return nullptr;
  }
  mongoc_client_set_error_api(client_.get(), MONGOC_ERROR_API_VERSION_2);
  return client_.get();
}

mongoc_client_session_t* LibmongocDriver::session() {
  if (session_ != nullptr) return session_.get();
  if (client() == nullptr) return nullptr;
  const Owned<mongoc_session_opt_t, mongoc_session_opts_destroy> options(mongoc_session_opts_new());
  mongoc_session_opts_set_causal_consistency(options.get(), settings_.causal);
  bson_error_t error;
  session_.reset(mongoc_client_start_session(client(), options.get(), &error));
  if (session_ == nullptr) why_ = static_cast<const char*>(error.message);
  return session_.get();
}

Answer LibmongocDriver::run(const Value& command, Nanos deadline, Access access) {
  const Nanos left = deadline - monotonic_now();
  if (left.count() <= 0) return no_answer(Answer::Kind::unsent, "no time left");
  const bool in_session = settings_.causal || in_transaction_;
  if (client() == nullptr || (in_session && session() == nullptr)) {
    return no_answer(Answer::Kind::unsent, why_.c_str());
  }
  Value::Map concerns;
  if (!in_transaction_ && access == Access::read) {
    concerns.emplace_back("readConcern", Value::Map{{"level", settings_.read_concern}});
  } else if (!in_transaction_) {
    Value::Map concern;
    if (const auto* given = settings_.write_concern.get_if<Value::Map>()) concern = *given;
    concern.emplace_back("wtimeout", milliseconds(left));
    concerns.emplace_back("writeConcern", std::move(concern));
  }
  const Document request = document_of(command);
  const Document options = document_of(concerns);
  if (request == nullptr || options == nullptr) {
    return no_answer(Answer::Kind::unsent, "not a document");
  }
  bson_error_t error{};
  if (in_session && !mongoc_client_session_append(session(), options.get(), &error)) {
    return no_answer(Answer::Kind::unsent, static_cast<const char*>(error.message));
  }
  bson_t reply;
  bool succeeded = false;
  if (access == Access::write) {
    succeeded = mongoc_client_write_command_with_opts(client(), database_name, request.get(),
                                                      options.get(), &reply, &error);
  } else {
    const bool secondary = settings_.secondary_reads && !in_transaction_;
    const Owned<mongoc_read_prefs_t, mongoc_read_prefs_destroy> preference(
        mongoc_read_prefs_new(secondary ? MONGOC_READ_SECONDARY_PREFERRED : MONGOC_READ_PRIMARY));
    succeeded = mongoc_client_read_command_with_opts(
        client(), database_name, request.get(), preference.get(), options.get(), &reply, &error);
  }
  Answer answer = answer_of(succeeded, reply, error);
  answer.repeated = settings_.retry_writes && access == Access::write && !in_transaction_;
  bson_destroy(&reply);
  return answer;
}

Answer LibmongocDriver::admin(const std::string& database, const Value& command) {
  const Document request = document_of(command);
  if (client() == nullptr || request == nullptr) {
    return no_answer(Answer::Kind::unsent, why_.c_str());
  }
  bson_t reply;
  bson_error_t error{};
  const bool succeeded = mongoc_client_command_with_opts(client(), database.c_str(), request.get(),
                                                         nullptr, nullptr, &reply, &error);
  Answer answer = answer_of(succeeded, reply, error);
  bson_destroy(&reply);
  return answer;
}

Answer LibmongocDriver::begin() {
  if (session() == nullptr) return no_answer(Answer::Kind::unsent, why_.c_str());
  const Owned<mongoc_transaction_opt_t, mongoc_transaction_opts_destroy> options(
      mongoc_transaction_opts_new());
  const Owned<mongoc_read_concern_t, mongoc_read_concern_destroy> read_concern(
      mongoc_read_concern_new());
  mongoc_read_concern_set_level(read_concern.get(), settings_.read_concern.c_str());
  mongoc_transaction_opts_set_read_concern(options.get(), read_concern.get());
  const Owned<mongoc_write_concern_t, mongoc_write_concern_destroy> write_concern(
      mongoc_write_concern_new());
  const Value* acknowledged_by = find(settings_.write_concern, "w");
  if (acknowledged_by != nullptr && acknowledged_by->is<std::string>()) {
    mongoc_write_concern_set_w(write_concern.get(), MONGOC_WRITE_CONCERN_W_MAJORITY);
  } else {
    mongoc_write_concern_set_w(write_concern.get(), 1);
  }
  if (find(settings_.write_concern, "j") != nullptr) {
    mongoc_write_concern_set_journal(write_concern.get(), true);
  }
  mongoc_transaction_opts_set_write_concern(options.get(), write_concern.get());
  bson_error_t error{};
  if (!mongoc_client_session_start_transaction(session(), options.get(), &error)) {
    return no_answer(Answer::Kind::unsent, static_cast<const char*>(error.message));
  }
  in_transaction_ = true;
  return no_answer(Answer::Kind::ok, "");
}

Answer LibmongocDriver::commit() {
  in_transaction_ = false;
  bson_t reply;
  bson_error_t error{};
  const bool succeeded = mongoc_client_session_commit_transaction(session_.get(), &reply, &error);
  Answer answer = answer_of(succeeded, reply, error);
  bson_destroy(&reply);
  return answer;
}

}  // namespace

std::unique_ptr<Driver> make_driver(const DriverSettings& settings, Nanos timeout) {
  return std::make_unique<LibmongocDriver>(settings, timeout);
}

}  // namespace assay::mongodb
