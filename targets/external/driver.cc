#include "targets/external/driver.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "history/text.h"
#include "targets/json.h"

namespace assay::external {
namespace {

/// A driver that writes more than this without a new line is broken.
constexpr std::size_t line_bytes_max = 64U << 20;

[[noreturn]] void become(const char* command, int socket) {
  // Of its own group, so that what it starts can be killed with it.
  ::setpgid(0, 0);
  ::dup2(socket, STDIN_FILENO);
  ::dup2(socket, STDOUT_FILENO);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execl("/bin/sh", "sh", "-c", command, static_cast<char*>(nullptr));
  ::_exit(127);
}

}  // namespace

Result<Driver> Driver::start(const std::string& command) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Error{ErrorKind::unavailable, std::string("driver: ") + std::strerror(errno)};
  }
  const char* text = command.c_str();
  const pid_t pid = ::fork();
  if (pid == 0) become(text, ends[1]);
  ::close(ends[1]);
  if (pid < 0) {
    ::close(ends[0]);
    return Error{ErrorKind::unavailable, std::string("driver: ") + std::strerror(errno)};
  }
  ::setpgid(pid, pid);
  return Driver(pid, ends[0]);
}

Driver::Driver(Driver&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      socket_(std::exchange(other.socket_, -1)),
      input_(std::move(other.input_)) {}

Driver& Driver::operator=(Driver&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(socket_, other.socket_);
  std::swap(input_, other.input_);
  return *this;
}

void Driver::stop() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  if (pid_ <= 0) return;
  ::kill(-pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
}

Driver::Answer Driver::give_up(const std::string& why) {
  stop();
  return {Answer::Kind::silent, why};
}

Driver::Answer Driver::ask(const std::string& line, Nanos deadline) {
  if (!is_running()) return {Answer::Kind::silent, "no driver"};
  const std::string out = line + "\n";
  std::size_t sent = 0;
  for (;;) {
    if (const auto end = input_.find('\n'); sent == out.size() && end != std::string::npos) {
      Answer answer{Answer::Kind::line, input_.substr(0, end)};
      input_.erase(0, end + 1);
      return answer;
    }
    if (input_.size() > line_bytes_max) return give_up("driver: a line without an end");
    const bool sending = sent < out.size();
    const Nanos left = deadline - monotonic_now();
    pollfd polled{socket_, static_cast<short>(sending ? POLLIN | POLLOUT : POLLIN), 0};
    const auto millis = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    if (left.count() <= 0 || ::poll(&polled, 1, static_cast<int>(millis)) == 0) {
      return give_up("driver: timed out");
    }
    if (sending && (polled.revents & POLLOUT) != 0) {
      const ssize_t n =
          ::send(socket_, out.data() + sent, out.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno != EAGAIN && errno != EINTR) return give_up("driver: it ended");
      if (n > 0) sent += static_cast<std::size_t>(n);
    }
    if ((polled.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      std::array<char, 4096> buffer{};
      const ssize_t n = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (n == 0) return give_up("driver: it ended");
      if (n < 0 && errno != EAGAIN && errno != EINTR) return give_up("driver: it ended");
      if (n > 0) input_.append(buffer.data(), static_cast<std::size_t>(n));
    }
  }
}

std::string invoke_line(const Invocation& invocation) {
  std::string line = R"({"type":"invoke","f":)";
  append_quoted(invocation.f, line);
  if (invocation.key) {
    line += ",\"key\":";
    append_json(*invocation.key, line);
  }
  line += ",\"value\":";
  append_json(invocation.value, line);
  return line + "}";
}

std::string request_line(std::string_view type, std::string_view node, ProcessId process,
                         std::string_view datatype) {
  std::string line = "{\"type\":";
  append_quoted(type, line);
  line += ",\"node\":";
  append_quoted(node, line);
  line += ",\"process\":" + std::to_string(static_cast<std::int32_t>(process)) + ",\"datatype\":";
  append_quoted(datatype, line);
  return line + "}";
}

Completion read_answer(const std::string& line, const Value& asked) {
  const auto doubt = [&](const std::string& what) {
    return Completion{EventType::info, {}, "driver: " + what + ": " + line.substr(0, 200)};
  };
  const auto value = parse_json(line);
  if (!value.ok() || !value->is<Value::Map>()) return doubt("not a JSON object");
  const Value* type = find(*value, "type");
  const Value* error = find(*value, "error");
  const auto* words = error == nullptr ? nullptr : error->get_if<std::string>();
  const std::string why = words == nullptr ? "" : *words;
  if (type != nullptr && *type == Value("ok")) {
    const Value* result = find(*value, "value");
    return {EventType::ok, result == nullptr ? asked : *result, {}};
  }
  if (type != nullptr && *type == Value("fail")) return {EventType::fail, {}, why};
  if (type != nullptr && *type == Value("info")) return {EventType::info, {}, why};
  return doubt("type is none of ok, fail, info");
}

}  // namespace assay::external
