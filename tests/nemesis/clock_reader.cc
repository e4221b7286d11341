// clock_reader: a server in miniature whose clock is skewed. Threads of it read the clock without
// pause; for every line of input it prints, in nanoseconds, how far each wall clock is ahead of the
// monotonic one: clock_gettime, the coarse clock, gettimeofday, time. "fork" answers from a child.

#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <ctime>
#include <thread>
#include <vector>

namespace {

constexpr long long second = 1'000'000'000;

long long read_clock(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * second + now.tv_nsec;
}

void print_readings() {
  timeval day{};
  gettimeofday(&day, nullptr);
  const long long monotonic = read_clock(CLOCK_MONOTONIC);
  std::printf("%lld %lld %lld %lld\n", read_clock(CLOCK_REALTIME) - monotonic,
              read_clock(CLOCK_REALTIME_COARSE) - monotonic,
              day.tv_sec * second + day.tv_usec * 1000LL - monotonic,
              static_cast<long long>(std::time(nullptr)) * second - monotonic);
  std::fflush(stdout);
}

}  // namespace

int main() {
  constexpr int thread_count = 3;
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) {
    threads.emplace_back([] {
      timespec now{};
      for (;;) {
        clock_gettime(CLOCK_REALTIME, &now);
        if (now.tv_nsec < 0 || now.tv_nsec >= second) _exit(9);
        if (now.tv_nsec % 64 == 0) std::this_thread::yield();
      }
    });
  }
  char line[64];
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    if (std::strcmp(line, "fork\n") != 0) {
      print_readings();
      continue;
    }
    const pid_t child = fork();
    if (child == 0) {
      print_readings();
      _exit(0);
    }
    waitpid(child, nullptr, 0);
  }
  _exit(0);
}
