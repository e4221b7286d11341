#include "cli/interruption.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace assay::cli {
namespace {

std::atomic<bool> stop_requested{false};
std::atomic<int> signal_seen{0};
std::atomic<int> read_end{-1};
std::atomic<int> write_end{-1};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void on_signal(int number) {
  signal_seen = number;
  stop_requested = true;
  const int before = errno;
  // The pipe holds a byte at least, and one is enough.
  if (const int fd = write_end; fd >= 0 && ::write(fd, "", 1) < 0) errno = before;
  // SA_RESETHAND has put the default action back: the next one ends the process.
}

void install(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

Interruption::Interruption() {
  stop_requested = false;
  signal_seen = 0;
  if (std::array<int, 2> ends{}; ::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0) {
    read_end = ends[0];
    write_end = ends[1];
  }
  install(on_signal);
}

Interruption::~Interruption() {
  install(SIG_DFL);
  for (std::atomic<int>* end : {&read_end, &write_end}) {
    if (const int fd = end->exchange(-1); fd >= 0) ::close(fd);
  }
}

int Interruption::wake_fd() const { return read_end; }

const std::atomic<bool>& Interruption::requested() const { return stop_requested; }

// NOLINTNEXTLINE(readability-convert-member-functions-to-static): only while one lives.
void Interruption::stop_run() const { stop_requested = true; }

int Interruption::exit_code() const { return signal_seen == 0 ? 0 : 128 + signal_seen; }

}  // namespace assay::cli
