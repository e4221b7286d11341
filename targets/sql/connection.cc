#include "targets/sql/connection.h"

namespace assay::sql {

Result<Answer> run_statements(Open open, const Login& login,
                              const std::vector<std::string>& statements, Nanos limit) {
  const Nanos deadline = monotonic_now() + limit;
  const std::string where = login.host + ":" + std::to_string(login.port);
  auto [connection, answer] = open(login, deadline);
  if (!answer.ok()) {
    if (answer.kind != Answer::Kind::refused) {
      return Error{ErrorKind::unavailable, where + ": " + answer.message};
    }
    return Error{ErrorKind::not_permitted,
                 where + ": login of user '" + login.user + "' refused: " + answer.message +
                     "; --user names the user, ASSAY_PASSWORD in the environment the password"};
  }
  for (const std::string& statement : statements) {
    answer = connection->execute(statement, deadline);
    if (!answer.ok()) {
      return Error{ErrorKind::unavailable,
                   where + ": " + answer.message + " (" + statement.substr(0, 80) + ")"};
    }
  }
  return answer;
}

}  // namespace assay::sql
