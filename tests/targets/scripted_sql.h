#pragma once
// A database that answers a client of SQL from a script and notes what it was asked.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "targets/postgres/dialect.h"
#include "targets/sql/client.h"

namespace assay::sql {

inline Answer refused(const std::string& code) {
  Answer answer;
  answer.kind = Answer::Kind::refused;
  answer.code = code;
  answer.message = "said so";
  return answer;
}

/// A connection that answers from a script and notes what it was asked.
class Scripted final : public Connection {
 public:
  static inline std::vector<std::string> asked;
  static inline std::vector<Answer> answers;
  Answer execute(const std::string& statement, Nanos /*deadline*/) override {
    if (statement.starts_with("SET SESSION")) {
      Answer set;
      set.kind = Answer::Kind::ok;
      return set;
    }
    asked.push_back(statement);
    Answer answer;
    answer.kind = Answer::Kind::ok;
    answer.affected = 1;
    if (!answers.empty()) {
      answer = answers.front();
      answers.erase(answers.begin());
    }
    open_ = answer.kind == Answer::Kind::ok || answer.kind == Answer::Kind::refused;
    return answer;
  }
  bool is_open() const override { return open_; }

 private:
  bool open_ = true;
};

inline Opened open_scripted(const Login& /*login*/, Nanos /*deadline*/) {
  Answer answer;
  answer.kind = Answer::Kind::ok;
  return {std::make_unique<Scripted>(), answer};
}

inline Answer ok(std::vector<Answer::Row> rows = {}) {
  Answer answer;
  answer.kind = Answer::Kind::ok;
  answer.rows = std::move(rows);
  return answer;
}

class ScriptedClient {
 public:
  explicit ScriptedClient(const char* datatype, ClientSettings settings = {})
      : dialect_(postgres::dialect()) {
    dialect_.open = open_scripted;
    settings.dialect = &dialect_;
    settings.datatype = datatype;
    client_ = std::make_unique<SqlClient>(settings, [](bool) { return Login{}; });
  }
  Completion ask(const Invocation& invocation, std::vector<Answer> answers = {}) {
    Scripted::asked.clear();
    Scripted::answers = std::move(answers);
    return client_->invoke(invocation, std::chrono::seconds(1));
  }

 private:
  Dialect dialect_;
  std::unique_ptr<SqlClient> client_;
};

inline Completion ask(const char* datatype, const Invocation& invocation,
                      std::vector<Answer> answers) {
  return ScriptedClient(datatype).ask(invocation, std::move(answers));
}

inline Invocation txn(Value::List steps) { return {"txn", {}, std::move(steps)}; }

}  // namespace assay::sql
