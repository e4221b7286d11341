// Load: servers that get little processor time, hold threads that do not run, or find little
// memory. Each is carried by a helper, so it ends when the agent does.

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/random.h"
#include "nemesis/agent/kinds.h"
#include "nemesis/agent/tracer.h"

namespace assay::agent {
namespace {

void sleep_for(Nanos span) {
  ::poll(nullptr, 0, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(span).count()));
}

/// Puts a helper before the processes in what must be undone.
Result<Armed> with_helper(Host& host, Armed armed, const std::function<void()>& body) {
  auto helper = Helper::fork(body);
  if (!helper) return helper.error();
  armed.undo.insert(armed.undo.begin(), to_word(helper->process()));
  host.waiting = std::move(*helper);
  return armed;
}

Result<std::string> release(Host& host) {
  host.waiting->release();
  host.waiting.reset();
  return std::string();
}

/// Ends the helper of a record; true if it still ran.
bool end_carrier(const Record& record) {
  const auto helper = process_from_word(record.undo.empty() ? "" : record.undo[0]);
  return helper && end_helper(*helper);
}

/// Seconds of processor time that these processes have used.
double processor_seconds(const std::vector<Process>& processes) {
  double ticks = 0;
  for (const Process& process : processes) {
    std::ifstream file("/proc/" + std::to_string(process.pid) + "/stat");
    std::string text;
    if (!state_of(process) || !std::getline(file, text)) continue;
    std::istringstream fields(text.substr(text.rfind(')') + 1));
    constexpr int fields_before_times = 11;
    std::string skipped;
    for (int i = 0; i < fields_before_times; ++i) fields >> skipped;
    double user = 0;
    double system = 0;
    fields >> user >> system;
    ticks += user + system;
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

// Processor time: processes stand still for most of each short period. A busy loop would starve
// the agent too, and in a lab every other node.

[[noreturn]] void starve(const Process& root, int percent) {
  constexpr Nanos period = std::chrono::milliseconds(50);
  const Nanos on = period * percent / 100;
  for (;;) {
    const std::vector<Process> tree = process_tree(root);
    const auto signal_all = [&](int number) {
      for (const Process& process : tree) {
        if (state_of(process)) ::kill(process.pid, number);
      }
    };
    signal_all(SIGSTOP);
    sleep_for(period - on);
    signal_all(SIGCONT);
    sleep_for(on);
    if (!state_of(root)) ::_exit(0);
  }
}

bool is_paused(const Host& host, const std::string& root) {
  return std::any_of(host.in_force.begin(), host.in_force.end(), [&](const Record& record) {
    return record.kind == "pause" && !record.undo.empty() && record.undo[0] == root;
  });
}

Result<Armed> arm_cpu(Host& host, const Words& words) {
  if (words.size() != 2) return Error{ErrorKind::usage, "cpu: expected PID_FILE PERCENT"};
  const auto percent = parse_number(words[1], 1, 99);
  if (!percent) return percent.error();
  auto armed = arm_server(words[0]);
  if (!armed || armed->undo.empty()) return armed;
  if (is_paused(host, armed->undo[0])) return Armed{{}, "stands still already"};
  const auto root = process_from_word(armed->undo[0]);
  return with_helper(host, *armed, [root = *root, percent = static_cast<int>(*percent)] {
    starve(root, percent);
  });
}

Result<std::string> inject_cpu(Host& host, const Record& record, const Words& /*words*/) {
  std::ofstream(host.folder + "/" + record.id + ".before")
      << processor_seconds(processes_of(record)) << ' ' << monotonic_now().count();
  return release(host);
}

Result<std::string> undo_cpu(Host& host, const Record& record) {
  const bool carried = end_carrier(record);
  std::vector<Process> processes = processes_of(record);
  if (!processes.empty()) processes.erase(processes.begin());
  const double used = processor_seconds(processes);
  const bool paused = record.undo.size() > 1 && is_paused(host, record.undo[1]);
  for (const Process& root : processes) {
    for (const Process& process : process_tree(root)) {
      if (!paused && state_of(process)) ::kill(process.pid, SIGCONT);
    }
  }
  const std::string file = host.folder + "/" + record.id + ".before";
  double before = 0;
  std::int64_t begun = 0;
  const bool known = static_cast<bool>(std::ifstream(file) >> before >> begun);
  ::unlink(file.c_str());
  if (!carried) return std::string(no_effect) + "the server ended or was paused";
  if (!known) return std::string();
  std::ostringstream text;
  text.precision(2);
  text << std::fixed << used - before << " s of processor time in "
       << static_cast<double>(monotonic_now().count() - begun) / 1e9 << " s";
  return text.str();
}

// Threads: some of a server's threads do not run, the others go on.

[[noreturn]] void hold_threads(pid_t pid, const std::vector<pid_t>& threads) {
  const auto held = StoppedProcess::stop_threads(pid, threads, std::chrono::seconds(3));
  if (!held) ::_exit(1);
  for (;;) ::pause();
}

/// How many of a server's threads are to stand still: one at least.
std::size_t share_of(std::size_t threads, std::int64_t percent) {
  const std::size_t share = threads * static_cast<std::size_t>(percent) / 100;
  return std::clamp<std::size_t>(share, 1, std::max<std::size_t>(threads, 1));
}

Result<Armed> arm_pause_threads(Host& host, const Words& words) {
  if (words.size() != 3) {
    return Error{ErrorKind::usage, "pause-threads: expected PID_FILE PERCENT SEED"};
  }
  const auto percent = parse_number(words[1], 1, 99);
  if (!percent) return percent.error();
  const auto seed = parse_number(words[2], 0, INT64_MAX);
  if (!seed) return seed.error();
  auto armed = arm_server(words[0]);
  if (!armed || armed->undo.empty()) return armed;
  const auto root = process_from_word(armed->undo[0]);
  std::vector<pid_t> threads = threads_of(root->pid);
  Random random(static_cast<std::uint64_t>(*seed));
  random.shuffle(std::span(threads));
  threads.resize(std::min(threads.size(), share_of(threads.size(), *percent)));
  armed->undo.resize(1);
  return with_helper(host, *armed, [pid = root->pid, threads] { hold_threads(pid, threads); });
}

/// Threads of the process that some tracer holds.
std::size_t held_threads(pid_t pid) {
  std::size_t held = 0;
  for (const pid_t tid : threads_of(pid)) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/stat");
    std::string text;
    std::getline(file, text);
    const std::size_t name_end = text.rfind(')');
    if (name_end != std::string::npos && text.compare(name_end, 3, ") t") == 0) ++held;
  }
  return held;
}

std::string thread_words(const Record& record) {
  const std::vector<Process> processes = processes_of(record);
  const std::size_t held = processes.size() < 2 ? 0 : held_threads(processes[1].pid);
  return std::to_string(held) + (held == 1 ? " thread" : " threads");
}

Result<std::string> inject_pause_threads(Host& host, const Record& record, const Words& words) {
  const std::vector<Process> processes = processes_of(record);
  const pid_t server = processes.at(1).pid;
  const auto percent = parse_number(words[1], 1, 99);
  if (!percent) return percent.error();
  const std::size_t wanted = share_of(threads_of(server).size(), *percent);
  const auto released = release(host);
  if (!released) return released;
  const Nanos deadline = monotonic_now() + std::chrono::seconds(3);
  while (held_threads(server) < wanted && monotonic_now() < deadline && state_of(processes[0])) {
    ::poll(nullptr, 0, 2);
  }
  // Threads that ended meanwhile are none to hold.
  if (held_threads(server) > 0) return thread_words(record);
  return Error{ErrorKind::unavailable, "pause-threads: no thread could be held"};
}

Result<std::string> undo_pause_threads(Host& /*host*/, const Record& record) {
  const std::string words = thread_words(record);
  if (!end_carrier(record)) return std::string(no_effect) + "nobody held them any more";
  return words + " stood still";
}

// Memory: a helper takes a share of what is available and keeps it. It offers itself to the kernel
// as the first to be killed, so that nothing else is.

/// A line of /proc/meminfo, such as "MemAvailable:".
std::uint64_t memory_bytes(const std::string& wanted) {
  std::ifstream file("/proc/meminfo");
  std::string name;
  std::uint64_t kilobytes = 0;
  std::string unit;
  while (file >> name >> kilobytes) {
    if (name == wanted) return kilobytes * 1024;
    std::getline(file, unit);
  }
  return 0;
}
std::uint64_t available_bytes() { return memory_bytes("MemAvailable:"); }

[[noreturn]] void take_memory(std::uint64_t bytes) {
  std::ofstream("/proc/self/oom_score_adj") << 1000;
  constexpr std::uint64_t step = 16U << 20U;
  // In a lab all nodes take from the same memory. A machine without any drops packets, also those
  // by which it is reached.
  const std::uint64_t reserve = memory_bytes("MemTotal:") / 10;
  for (std::uint64_t taken = 0; taken < bytes && available_bytes() > reserve + step;
       taken += step) {
    void* memory =
        ::mmap(nullptr, step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) break;
    // Random bytes could not be merged or compressed away, but are slow to make; these differ too.
    std::memset(memory, static_cast<int>(1 + taken / step % 255), step);
  }
  for (;;) ::pause();
}

Result<Armed> arm_memory(Host& host, const Words& words) {
  if (words.size() != 1) return Error{ErrorKind::usage, "memory: expected PERCENT"};
  const auto percent = parse_number(words[0], 1, 99);
  if (!percent) return percent.error();
  const std::uint64_t bytes = available_bytes() / 100 * static_cast<std::uint64_t>(*percent);
  return with_helper(host, {}, [bytes] { take_memory(bytes); });
}

Result<std::string> inject_memory(Host& host, const Record& /*record*/, const Words& /*words*/) {
  return release(host);
}

Result<std::string> undo_memory(Host& /*host*/, const Record& record) {
  std::uint64_t held = 0;
  std::uint64_t pages = 0;
  for (const Process& helper : processes_of(record)) {
    std::ifstream file("/proc/" + std::to_string(helper.pid) + "/statm");
    std::uint64_t size = 0;
    if (file >> size >> pages) held = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  const std::uint64_t left = available_bytes();
  if (!end_carrier(record)) return std::string(no_effect) + "the kernel took the memory back";
  const auto mebibytes = [](std::uint64_t bytes) { return std::to_string(bytes >> 20U) + " MiB"; };
  return mebibytes(held) + " taken, " + mebibytes(left) + " were left";
}

}  // namespace

Kind cpu_kind() { return {"cpu", "PID_FILE PERCENT", true, arm_cpu, inject_cpu, undo_cpu}; }
Kind pause_threads_kind() {
  return {"pause-threads",   "PID_FILE PERCENT SEED", true,
          arm_pause_threads, inject_pause_threads,    undo_pause_threads};
}
Kind memory_kind() { return {"memory", "PERCENT", true, arm_memory, inject_memory, undo_memory}; }

}  // namespace assay::agent
