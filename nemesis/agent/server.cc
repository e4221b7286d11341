#include "nemesis/agent/server.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <optional>

#include "nemesis/agent/faults.h"
#include "nemesis/agent/processes.h"
#include "nemesis/agent/shell.h"
#include "nemesis/agent/wire.h"

namespace assay::agent {
namespace {

constexpr std::size_t line_size_max = 1U << 20U;

/// Standard input and output, the lease, and why there is no controller any more.
class Controller {
 public:
  explicit Controller(Nanos lease) : lease_(lease), heard_(monotonic_now()) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    signals_ = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;
  ~Controller() { ::close(signals_); }

  /// Takes what has arrived, waiting until something does or the lease is out. Anything that
  /// arrives renews the lease. False when the controller is gone.
  bool wait() {
    const Nanos left = heard_ + lease_ - monotonic_now();
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return take(static_cast<int>(std::clamp<std::int64_t>(milliseconds, 0, 60'000)));
  }
  /// The same without waiting.
  bool look() { return take(0); }

  std::optional<std::string> next_line() {
    const std::size_t end = input_.find('\n');
    if (end == std::string::npos) return std::nullopt;
    std::string line = input_.substr(0, end);
    input_.erase(0, end + 1);
    return line;
  }

  void answer(const Words& words) {
    const std::string line = encode_line(words) + "\n";
    std::string_view rest = line;
    while (!rest.empty()) {
      pollfd writable{STDOUT_FILENO, POLLOUT, 0};
      // A full pipe means that the controller reads nothing: the lease decides how long that lasts.
      const auto patience = std::chrono::ceil<std::chrono::milliseconds>(lease_).count();
      if (::poll(&writable, 1, static_cast<int>(patience)) <= 0)
        return lose("answers are not read");
      const ssize_t n = ::write(STDOUT_FILENO, rest.data(), rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return lose("an answer could not be written");
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  const std::string& why_lost() const { return why_lost_; }

 private:
  void lose(const char* why) {
    if (why_lost_.empty()) why_lost_ = why;
  }

  bool take(int milliseconds) {
    std::array<pollfd, 2> files{{{STDIN_FILENO, POLLIN, 0}, {signals_, POLLIN, 0}}};
    if (!ended_) ::poll(files.data(), files.size(), milliseconds);
    if ((files[1].revents & POLLIN) != 0) lose("the agent was asked to end");
    if (!ended_ && files[0].revents != 0) read_input();
    if (ended_) lose("the connection to the controller ended");
    if (monotonic_now() - heard_ >= lease_) lose("the lease ran out");
    return why_lost_.empty();
  }

  void read_input() {
    std::array<char, 4096> buffer{};
    const ssize_t n = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) return;
    ended_ = n <= 0 || input_.size() > line_size_max;
    if (ended_) return;
    input_.append(buffer.data(), static_cast<std::size_t>(n));
    heard_ = monotonic_now();
  }

  Nanos lease_;
  Nanos heard_;
  int signals_ = -1;
  bool ended_ = false;
  std::string input_;
  std::string why_lost_;
};

Result<std::string> process_state(const std::string& pid_file) {
  const auto processes = server_tree(pid_file);
  if (!processes) return processes.error();
  if (processes->empty()) return std::string("none");
  const auto state = state_of(processes->front());
  if (!state) return std::string("none");
  return std::string(*state == 'T' ? "stopped" : "running");
}

Result<std::string> carry_out(Faults& faults, const std::string& verb, const Words& words) {
  if (verb == "ping") return std::string();
  if (verb == "heal-all") {
    const auto effects = faults.heal_all();
    if (!effects) return effects.error();
    return encode_line(*effects);
  }
  if (verb == "list") {
    std::string ids;
    for (const Record& record : faults.in_force()) ids += (ids.empty() ? "" : " ") + record.id;
    return ids;
  }
  if (verb == "heal" && words.size() == 1) return faults.heal(words[0]);
  if (verb == "process" && words.size() == 1) return process_state(words[0]);
  if (verb == "inject" && words.size() >= 2) {
    return faults.inject(words[0], words[1], Words(words.begin() + 2, words.end()));
  }
  return Error{ErrorKind::usage,
               "unknown request \"" + verb + "\" of " + std::to_string(words.size()) + " words"};
}

/// Before anything is undone: what a killed process was doing must have ended.
void end_what_is_under_way(const ServeOptions& options) {
  const Status ended = end_command_under_way();
  if (!ended.ok()) log_line(options, ended.error().message);
}

bool heal_patiently(Faults& faults, const ServeOptions& options) {
  constexpr int attempts = 5;
  for (int i = 0; i < attempts; ++i) {
    const auto healed = faults.heal_all();
    if (healed.ok()) return true;
    log_line(options, healed.error().message);
    ::poll(nullptr, 0, 500);
  }
  return false;
}

}  // namespace

void log_line(const ServeOptions& options, const std::string& text) {
  std::FILE* file = std::fopen((options.folder + "/agent.log").c_str(), "ae");
  if (file == nullptr) return;
  std::fprintf(file, "%s %s\n", utc_stamp().c_str(), text.c_str());
  std::fclose(file);
}

bool heal_leftovers(const ServeOptions& options, const std::string& why) {
  end_what_is_under_way(options);
  auto ledger = Ledger::open(options.folder);
  if (!ledger) return false;
  const std::size_t count = ledger->records().size();
  if (count > 0) log_line(options, why + ": healing " + std::to_string(count) + " faults");
  Faults faults(std::move(*ledger), options.folder, [] { return true; });
  return heal_patiently(faults, options);
}

int serve(const ServeOptions& options) {
  end_what_is_under_way(options);
  auto ledger = Ledger::open(options.folder);
  if (!ledger) {
    std::fprintf(stderr, "assay-agent: %s\n", ledger.error().message.c_str());
    return ledger.error().exit_code();
  }
  const std::size_t leftovers = ledger->records().size();
  Controller controller(options.lease);
  Faults faults(std::move(*ledger), options.folder, [&] { return controller.look(); });
  if (leftovers > 0) {
    log_line(options, "healing " + std::to_string(leftovers) + " faults of a dead agent");
    const auto healed = faults.heal_all();
    if (!healed.ok()) log_line(options, healed.error().message);
  }
  controller.answer({"hello", std::string(protocol_version), std::to_string(leftovers)});
  do {
    while (const auto line = controller.next_line()) {
      const Words words = decode_line(*line);
      if (words.size() < 2) {
        controller.answer({words.empty() ? "?" : words[0], "error", "expected ID VERB WORD…"});
        continue;
      }
      const auto result = carry_out(faults, words[1], Words(words.begin() + 2, words.end()));
      if (result.ok()) {
        controller.answer({words[0], "ok", *result});
      } else {
        controller.answer({words[0], "error", result.error().message});
      }
    }
  } while (controller.wait());
  if (faults.in_force().empty()) return 0;
  log_line(options, controller.why_lost() + ": healing " +
                        std::to_string(faults.in_force().size()) + " faults");
  return heal_patiently(faults, options) ? 0 : 1;
}

}  // namespace assay::agent
