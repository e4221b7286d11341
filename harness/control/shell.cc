// The parts of Node that do not depend on how it is reached.

#include <fmt/format.h>

#include "harness/control/node.h"

namespace assay {

std::string shell_quote(const std::string& text) {
  // Between single quotes nothing is special but the single quote itself.
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

Result<std::string> Node::must_run(const std::string& command) {
  Result<CommandResult> result = run(command);
  if (!result.ok()) return result.error();
  if (result->exit_status == 0) return std::move(result->out);
  std::string complaint = result->err.empty() ? result->out : result->err;
  while (!complaint.empty() && complaint.back() == '\n') complaint.pop_back();
  for (char& c : complaint) c = c == '\n' ? ' ' : c;
  return Error{ErrorKind::unavailable, fmt::format("{}: '{}' failed with status {}: {}", name(),
                                                   command, result->exit_status, complaint)};
}

}  // namespace assay
