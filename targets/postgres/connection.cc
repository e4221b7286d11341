#include "targets/postgres/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>

namespace assay::postgres {
namespace {

using sql::Answer;
using Handle = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using ResultHandle = std::unique_ptr<PGresult, decltype(&PQclear)>;

std::string one_line(const char* text) {
  std::string line(text == nullptr ? "" : text);
  while (!line.empty() && line.back() == '\n') line.pop_back();
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return line;
}

Answer failure(Answer::Kind kind, std::string message) {
  Answer answer;
  answer.kind = kind;
  answer.message = std::move(message);
  return answer;
}

/// False: the deadline came first.
bool wait_for_socket(PGconn* handle, short events, Nanos deadline) {
  pollfd polled{PQsocket(handle), events, 0};
  const Nanos left = deadline - monotonic_now();
  if (left.count() <= 0) return false;
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return ::poll(&polled, 1, static_cast<int>(millis)) > 0;
}

Answer answer_of(PGresult* result, bool is_commit) {
  Answer answer;
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    const char* code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    // Without a code it is libpq itself that speaks: the connection broke.
    answer.kind = code == nullptr ? Answer::Kind::lost : Answer::Kind::refused;
    answer.code = code == nullptr ? "" : code;
    const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    answer.message = one_line(primary == nullptr ? PQresultErrorMessage(result) : primary);
    return answer;
  }
  // The commit of a transaction that had an error rolls it back, and is no error.
  if (is_commit && std::strcmp(PQcmdStatus(result), "ROLLBACK") == 0) {
    answer = failure(Answer::Kind::refused, "rolled back");
    answer.code = "40000";
    return answer;
  }
  answer.kind = Answer::Kind::ok;
  const char* affected = PQcmdTuples(result);
  std::from_chars(affected, affected + std::strlen(affected), answer.affected);
  for (int row = 0; row < PQntuples(result); ++row) {
    Answer::Row& fields = answer.rows.emplace_back();
    for (int column = 0; column < PQnfields(result); ++column) {
      if (PQgetisnull(result, row, column) != 0) {
        fields.emplace_back();
      } else {
        fields.emplace_back(PQgetvalue(result, row, column));
      }
    }
  }
  return answer;
}

class Session final : public sql::Connection {
 public:
  explicit Session(Handle handle) : handle_(std::move(handle)) {}

  bool is_open() const override { return handle_ != nullptr; }

  Answer execute(const std::string& statement, Nanos deadline) override {
    if (!handle_) return failure(Answer::Kind::unconnected, "no connection");
    if (PQsendQuery(handle_.get(), statement.c_str()) == 0) return lose();
    Answer answer = failure(Answer::Kind::lost, "no answer");
    const bool is_commit = statement == "COMMIT";
    for (;;) {
      if (PQflush(handle_.get()) < 0 || PQconsumeInput(handle_.get()) == 0) return lose();
      if (PQisBusy(handle_.get()) != 0) {
        if (!wait_for_socket(handle_.get(), POLLIN, deadline)) return time_out();
        continue;
      }
      const ResultHandle result(PQgetResult(handle_.get()), PQclear);
      if (!result) break;
      answer = answer_of(result.get(), is_commit);
      if (answer.kind == Answer::Kind::lost) {
        handle_.reset();
        return answer;
      }
    }
    // A server that ends says so, and then closes.
    if (PQstatus(handle_.get()) == CONNECTION_BAD) handle_.reset();
    return answer;
  }

 private:
  Answer lose() {
    Answer answer = failure(Answer::Kind::lost, one_line(PQerrorMessage(handle_.get())));
    handle_.reset();
    return answer;
  }
  Answer time_out() {
    handle_.reset();
    return failure(Answer::Kind::lost, "timed out");
  }

  Handle handle_;
};

}  // namespace

sql::Opened open(const sql::Login& login, Nanos deadline) {
  const std::string port = std::to_string(login.port);
  const std::array<const char*, 8> names{
      "host", "port", "user", "password", "dbname", "application_name", "options", nullptr};
  const std::array<const char*, 8> values{
      login.host.c_str(),
      port.c_str(),
      login.user.c_str(),
      login.password.c_str(),
      login.database.c_str(),
      "assay",
      "-c standard_conforming_strings=on -c client_min_messages=error",
      nullptr};
  Handle handle(PQconnectStartParams(names.data(), values.data(), 0), PQfinish);
  if (!handle) return {nullptr, failure(Answer::Kind::unconnected, "out of memory")};
  for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;
       state = PQconnectPoll(handle.get())) {
    if (PQstatus(handle.get()) == CONNECTION_BAD || state == PGRES_POLLING_FAILED) {
      const bool refused = PQconnectionNeedsPassword(handle.get()) != 0 ||
                           std::strstr(PQerrorMessage(handle.get()), "authentication failed");
      return {nullptr, failure(refused ? Answer::Kind::refused : Answer::Kind::unconnected,
                               one_line(PQerrorMessage(handle.get())))};
    }
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!wait_for_socket(handle.get(), events, deadline)) {
      return {nullptr, failure(Answer::Kind::unconnected, "connecting timed out")};
    }
  }
  PQsetnonblocking(handle.get(), 1);
  Answer connected;
  connected.kind = Answer::Kind::ok;
  return {std::make_unique<Session>(std::move(handle)), std::move(connected)};
}

}  // namespace assay::postgres
