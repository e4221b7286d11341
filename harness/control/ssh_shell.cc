#include "harness/control/ssh_shell.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/random.h"

namespace assay {
namespace {

// A mark is a line of its own on both streams, whatever was written before it.
constexpr const char* begin =
    "mark() { printf '\\n%s %s\\n' \"$@\"; printf '\\n%s %s\\n' \"$@\" >&2; }\n";
constexpr const char* program = "exec sh";

}  // namespace

std::size_t SshShell::Stream::find(const std::string& mark) {
  const std::size_t at = text.find(mark, searched);
  if (at == std::string::npos) {
    searched = text.size() < mark.size() ? 0 : text.size() - mark.size();
    return at;
  }
  searched = at;
  return text.find('\n', at + mark.size()) == std::string::npos ? std::string::npos : at;
}

SshShell::SshShell(SshSession& session, std::unique_ptr<SshChannel> channel)
    : session_(session),
      channel_(std::move(channel)),
      secret_(fmt::format("{:016x}{:016x}", random_seed(), random_seed())) {}

Result<std::unique_ptr<SshShell>> SshShell::start(SshSession& session, Nanos deadline) {
  bool was_requested = false;
  auto channel = session.execute(program, deadline, was_requested);
  if (!channel.ok()) return channel.error();
  std::unique_ptr<SshShell> shell(new SshShell(session, std::move(*channel)));
  if (const Status sent = shell->send(begin, deadline); !sent.ok()) return sent.error();
  return shell;
}

Result<CommandResult> SshShell::run(const std::string& command, std::size_t output_bytes_max,
                                    Nanos deadline, bool& was_sent) {
  was_sent = false;
  // The answer to the first mark shows that the node is there, before it gets the command.
  const std::string first = next_mark();
  Status status = send(fmt::format("mark {} 0\n", first), deadline);
  if (status.ok()) status = await(first, output_bytes_max, deadline);
  if (!status.ok()) return status.error();
  for (Stream* stream : {&out_, &err_}) {
    stream->text.erase(0, stream->text.find('\n', stream->searched + 1) + 1);
    stream->searched = 0;
  }
  was_sent = true;
  const std::string last = next_mark();
  status =
      send(fmt::format("sh -c {} </dev/null; mark {} $?\n", shell_quote(command), last), deadline);
  if (status.ok()) status = await(last, output_bytes_max, deadline);
  if (!status.ok()) {
    return Error{status.error().kind,
                 status.error().message + "; the command may or may not have run"};
  }
  CommandResult result;
  const char* digits = out_.text.data() + out_.searched + last.size() + 2;
  std::from_chars(digits, out_.text.data() + out_.text.size(), result.exit_status);
  for (const auto& [stream, text] : {std::pair{&out_, &result.out}, {&err_, &result.err}}) {
    *text = stream->text.substr(0, stream->searched);
    *stream = {};
  }
  return result;
}

std::string SshShell::next_mark() { return fmt::format("{}{}", secret_, ++marks_); }

Status SshShell::send(std::string_view text, Nanos deadline) {
  while (true) {
    if (const Status taken = take(); !taken.ok()) return taken;
    const Result<std::size_t> sent = channel_->write(text);
    if (!sent.ok()) return sent.error();
    text.remove_prefix(*sent);
    if (text.empty()) return {};
    if (monotonic_now() >= deadline) return Error{ErrorKind::unavailable, "timed out"};
    session_.wait(deadline, session_.has_unsent());
  }
}

Status SshShell::take() {
  if (const Status pumped = channel_->pump(); !pumped.ok()) return pumped;
  out_.text += channel_->take_out();
  err_.text += channel_->take_err();
  if (channel_->has_exited() || channel_->at_end() || channel_->is_closed()) {
    return Error{ErrorKind::unavailable, "the shell that runs commands there ended"};
  }
  if (session_.is_connected()) return {};
  return Error{ErrorKind::unavailable, "connection lost"};
}

Status SshShell::await(const std::string& mark, std::size_t bytes_max, Nanos deadline) {
  const std::string line = "\n" + mark + " ";
  while (true) {
    const Status taken = take();
    const bool in_out = out_.find(line) != std::string::npos;
    if (err_.find(line) != std::string::npos && in_out) return {};
    if (!taken.ok()) return taken;
    if (std::max(out_.text.size(), err_.text.size()) > bytes_max) {
      return Error{ErrorKind::unavailable,
                   fmt::format("the command wrote more than {} MiB; write to a file and download "
                               "it",
                               bytes_max >> 20)};
    }
    if (monotonic_now() >= deadline) return Error{ErrorKind::unavailable, "timed out"};
    session_.wait(deadline, session_.has_unsent());
  }
}

}  // namespace assay
