#include "cli/interruption.h"

#include <csignal>

namespace assay::cli {
namespace {

std::atomic<bool> stop_requested{false};
std::atomic<int> signal_seen{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void on_signal(int number) {
  signal_seen = number;
  stop_requested = true;
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
  install(on_signal);
}

Interruption::~Interruption() { install(SIG_DFL); }

const std::atomic<bool>& Interruption::requested() const { return stop_requested; }

// NOLINTNEXTLINE(readability-convert-member-functions-to-static): only while one lives.
void Interruption::stop_run() const { stop_requested = true; }

int Interruption::exit_code() const { return signal_seen == 0 ? 0 : 128 + signal_seen; }

}  // namespace assay::cli
