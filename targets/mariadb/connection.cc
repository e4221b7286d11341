#include "targets/mariadb/connection.h"

#include <errmsg.h>
#include <mysql.h>
#include <poll.h>

#include <memory>
#include <mutex>
#include <utility>

namespace assay::mariadb {
namespace {

using sql::Answer;
using Handle = std::unique_ptr<MYSQL, decltype(&mysql_close)>;
using ResultHandle = std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)>;

Answer failure(Answer::Kind kind, std::string message) {
  Answer answer;
  answer.kind = kind;
  answer.message = std::move(message);
  return answer;
}

/// Waits for what the library wants, and tells it what came; 0: the deadline came first.
int wait_for_socket(MYSQL* handle, int wanted, Nanos deadline) {
  pollfd polled{mysql_get_socket(handle), 0, 0};
  if ((wanted & MYSQL_WAIT_READ) != 0) polled.events |= POLLIN;
  if ((wanted & MYSQL_WAIT_WRITE) != 0) polled.events |= POLLOUT;
  if ((wanted & MYSQL_WAIT_EXCEPT) != 0) polled.events |= POLLPRI;
  const Nanos left = deadline - monotonic_now();
  if (left.count() <= 0) return 0;
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  if (::poll(&polled, 1, static_cast<int>(millis)) <= 0) return 0;
  int came = 0;
  if ((polled.revents & (POLLIN | POLLHUP | POLLERR)) != 0) came |= MYSQL_WAIT_READ;
  if ((polled.revents & POLLOUT) != 0) came |= MYSQL_WAIT_WRITE;
  if ((polled.revents & POLLPRI) != 0) came |= MYSQL_WAIT_EXCEPT;
  return came;
}

/// Goes on with a call of the library until it is finished; false: the deadline came first.
template <class Continue>
bool finish(MYSQL* handle, int wanted, Nanos deadline, Continue go_on) {
  while (wanted != 0) {
    const int came = wait_for_socket(handle, wanted, deadline);
    if (came == 0) return false;
    wanted = go_on(came);
  }
  return true;
}

/// The library's own errors, from CR_MIN_ERROR on, say that the connection broke.
bool is_of_client(unsigned number) { return number >= CR_MIN_ERROR && number <= CR_MAX_ERROR; }

class Session final : public sql::Connection {
 public:
  explicit Session(Handle handle) : handle_(std::move(handle)) {}
  ~Session() override { drop(); }

  bool is_open() const override { return handle_ != nullptr; }

  Answer execute(const std::string& statement, Nanos deadline) override {
    if (!handle_) return failure(Answer::Kind::unconnected, "no connection");
    MYSQL* handle = handle_.get();
    int failed = 0;
    const int wanted = mysql_real_query_start(&failed, handle, statement.data(), statement.size());
    if (!finish(handle, wanted, deadline,
                [&](int came) { return mysql_real_query_cont(&failed, handle, came); })) {
      return time_out();
    }
    if (failed != 0) return refusal();
    MYSQL_RES* stored = nullptr;
    const int more = mysql_store_result_start(&stored, handle);
    if (!finish(handle, more, deadline,
                [&](int came) { return mysql_store_result_cont(&stored, handle, came); })) {
      return time_out();
    }
    const ResultHandle result(stored, mysql_free_result);
    if (!result && mysql_errno(handle) != 0) return refusal();
    return rows_of(result.get());
  }

 private:
  Answer rows_of(MYSQL_RES* result) {
    Answer answer;
    answer.kind = Answer::Kind::ok;
    answer.affected = mysql_affected_rows(handle_.get());
    if (result == nullptr) return answer;
    const unsigned columns = mysql_num_fields(result);
    while (MYSQL_ROW row = mysql_fetch_row(result)) {
      const unsigned long* lengths = mysql_fetch_lengths(result);
      Answer::Row& fields = answer.rows.emplace_back();
      for (unsigned i = 0; i < columns; ++i) {
        fields.push_back(row[i] == nullptr
                             ? std::nullopt
                             : std::optional<std::string>(std::in_place, row[i], lengths[i]));
      }
    }
    return answer;
  }
  Answer refusal() {
    const unsigned number = mysql_errno(handle_.get());
    Answer answer = failure(is_of_client(number) ? Answer::Kind::lost : Answer::Kind::refused,
                            mysql_error(handle_.get()));
    answer.code = std::to_string(number);
    if (answer.kind == Answer::Kind::lost) drop();
    return answer;
  }
  Answer time_out() {
    drop();
    return failure(Answer::Kind::lost, "timed out");
  }
  /// Without a farewell, which could block.
  void drop() {
    if (!handle_) return;
    mariadb_cancel(handle_.get());
    handle_.reset();
  }

  Handle handle_;
};

}  // namespace

sql::Opened open(const sql::Login& login, Nanos deadline) {
  static std::once_flag once;
  std::call_once(once, [] { mysql_library_init(0, nullptr, nullptr); });
  Handle handle(mysql_init(nullptr), mysql_close);
  if (!handle) return {nullptr, failure(Answer::Kind::unconnected, "out of memory")};
  mysql_options(handle.get(), MYSQL_OPT_NONBLOCK, nullptr);
  // A backslash means itself, and each level of isolation is that of the session.
  mysql_options(handle.get(), MYSQL_INIT_COMMAND,
                "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES'");
  MYSQL* connected = nullptr;
  MYSQL* raw = handle.get();
  const char* password = login.password.c_str();
  const int wanted =
      mysql_real_connect_start(&connected, raw, login.host.c_str(), login.user.c_str(), password,
                               login.database.empty() ? nullptr : login.database.c_str(),
                               login.port, nullptr, CLIENT_FOUND_ROWS);
  if (!finish(raw, wanted, deadline,
              [&](int came) { return mysql_real_connect_cont(&connected, raw, came); })) {
    mariadb_cancel(raw);
    return {nullptr, failure(Answer::Kind::unconnected, "connecting timed out")};
  }
  if (connected == nullptr) {
    const unsigned number = mysql_errno(raw);
    Answer answer = failure(
        is_of_client(number) ? Answer::Kind::unconnected : Answer::Kind::refused, mysql_error(raw));
    answer.code = std::to_string(number);
    return {nullptr, std::move(answer)};
  }
  Answer answer;
  answer.kind = Answer::Kind::ok;
  return {std::make_unique<Session>(std::move(handle)), std::move(answer)};
}

}  // namespace assay::mariadb
