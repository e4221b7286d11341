// Membership: the server of this node leaves its cluster, and a new one joins in its place. How is
// the target's knowledge; its commands tell in their last line what they saw of the members.

#include "nemesis/agent/kinds.h"
#include "nemesis/agent/shell.h"

namespace assay::agent {
namespace {

/// The others may let nobody join until they have heard each other for a while.
constexpr Nanos change_timeout = std::chrono::seconds(30);

std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  const std::size_t begin = text.rfind('\n');
  return begin == std::string::npos ? text : text.substr(begin + 1);
}

/// What the command said last.
Result<std::string> answer_of(const std::string& command,
                              const std::function<bool()>& keep_waiting) {
  const auto outcome = run_command({"sh", "-c", command}, "", change_timeout, keep_waiting);
  if (!outcome) return outcome.error();
  if (outcome->exit_status == 0) return last_line(outcome->output);
  return Error{ErrorKind::unavailable, "membership: " + last_line(outcome->output)};
}

// membership LEAVE JOIN

Result<Armed> arm_membership(Host& /*host*/, const Words& words) {
  if (words.size() != 2) return Error{ErrorKind::usage, "membership: expected LEAVE JOIN"};
  return Armed{{words[1]}, ""};
}

Result<std::string> inject_membership(Host& host, const Record& /*record*/, const Words& words) {
  return answer_of(words[0], host.keep_waiting);
}

/// Both at once; what is undone is a join that did not come to its end.
Result<std::string> inject_replace(Host& host, const Record& /*record*/, const Words& words) {
  const auto left = answer_of(words[0], host.keep_waiting);
  if (!left) return left.error();
  const auto joined = answer_of(words[1], host.keep_waiting);
  if (!joined) return joined.error();
  return *left + "; then it " + *joined;
}

Result<std::string> undo_membership(Host& /*host*/, const Record& record) {
  return answer_of(record.undo.at(0), for_ever);
}

}  // namespace

Kind membership_kind() {
  return {"membership", "LEAVE JOIN", false, arm_membership, inject_membership, undo_membership};
}
Kind replace_kind() {
  return {"replace", "LEAVE JOIN", false, arm_membership, inject_replace, undo_membership};
}

}  // namespace assay::agent
