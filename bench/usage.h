#pragma once
// What the process has used, for tables of measurements: CPU time instead of wall time, because
// other jobs on the machine do not count.

#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstdio>

namespace assay::bench {

/// User and system seconds of all threads so far.
inline double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// CPU time of the calling thread: on cores that are free, about what a clock on the wall shows of
/// a check, since the calling thread takes its share of what runs in parallel.
inline double own_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// The memory that the code between the constructor and bytes() took at its peak, beyond what was
/// in use before. One at a time.
class PeakMemory {
 public:
  PeakMemory() : before_(read("VmRSS: %ld")) {
    // The kernel forgets the peak so far. Where it cannot, the numbers are too high.
    if (std::FILE* file = std::fopen("/proc/self/clear_refs", "w")) {
      std::fputs("5", file);
      std::fclose(file);
    }
  }
  double bytes() const { return std::max(0.0, read("VmHWM: %ld") - before_); }

 private:
  static double read(const char* pattern) {
    long kibibytes = 0;
    if (std::FILE* file = std::fopen("/proc/self/status", "r")) {
      char line[256];
      while (std::fgets(line, sizeof line, file) != nullptr) {
        if (std::sscanf(line, pattern, &kibibytes) == 1) break;
      }
      std::fclose(file);
    }
    return static_cast<double>(kibibytes) * 1024;
  }

  double before_;
};

}  // namespace assay::bench
