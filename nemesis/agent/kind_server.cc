// Servers: how their processes are stopped, ended and started.

#include <poll.h>

#include <algorithm>
#include <csignal>

#include "nemesis/agent/kinds.h"
#include "nemesis/agent/shell.h"

namespace assay::agent {
namespace {

Status start_server(const std::string& command) {
  return command.empty() ? Status() : run_shell(command);
}

/// Whether the server of this file runs now. A file that cannot be read names none.
bool runs(const std::string& pid_file) {
  const auto tree = server_tree(pid_file);
  return tree.ok() && !tree->empty();
}

Result<Armed> arm_command(Host& /*host*/, const Words& words) {
  if (words.size() != 2) return Error{ErrorKind::usage, "command: expected INJECT HEAL"};
  return Armed{{words[1]}, ""};
}

Result<std::string> inject_command(Host& host, const Record& /*record*/, const Words& words) {
  const Status done = run_shell(words[0], command_timeout, host.keep_waiting);
  if (!done.ok()) return done.error();
  return std::string();
}

Result<std::string> undo_command(Host& /*host*/, const Record& record) {
  const Status done = start_server(record.undo.empty() ? "" : record.undo[0]);
  if (!done.ok()) return done.error();
  return std::string();
}

Result<Armed> arm_kill(Host& /*host*/, const Words& words) {
  if (words.size() != 3) return Error{ErrorKind::usage, "kill: expected PID_FILE KILL START"};
  return Armed{{words[0], words[2]}, ""};
}

Result<std::string> inject_kill(Host& host, const Record& /*record*/, const Words& words) {
  const bool ran = runs(words[0]);
  const Status done = run_shell(words[1], command_timeout, host.keep_waiting);
  if (!done.ok()) return done.error();
  return std::string(ran ? "" : "was not running");
}

/// For all faults that end a server: it must be gone until now.
Result<std::string> undo_end(Host& /*host*/, const Record& record) {
  if (record.undo.size() != 2) return std::string();
  const bool ran = runs(record.undo[0]);
  const Status done = start_server(record.undo[1]);
  if (!done.ok()) return done.error();
  return ran ? std::string(no_effect) + "the server ran" : std::string("server was gone");
}

Result<Armed> arm_stop(Host& /*host*/, const Words& words) {
  if (words.size() != 2) return Error{ErrorKind::usage, "expected PID_FILE START"};
  return Armed{words, ""};
}

/// SIGTERM, and SIGKILL for whoever takes more than a few seconds.
Result<std::string> end_politely(const std::string& pid_file,
                                 const std::function<bool()>& keep_waiting) {
  constexpr Nanos patience = std::chrono::seconds(5);
  const auto tree = server_tree(pid_file);
  if (!tree) return tree.error();
  if (tree->empty()) return std::string("was not running");
  const auto any_left = [&] {
    return std::any_of(tree->begin(), tree->end(),
                       [](const Process& process) { return state_of(process).has_value(); });
  };
  const auto wait_for_end = [&] {
    const Nanos begun = monotonic_now();
    while (any_left() && monotonic_now() - begun < patience && keep_waiting()) {
      ::poll(nullptr, 0, 5);
    }
    return monotonic_now() - begun;
  };
  ::kill(tree->front().pid, SIGTERM);
  const Nanos waited = wait_for_end();
  if (!any_left()) return "ended in " + format_duration(waited);
  for (const Process& process : *tree) {
    if (state_of(process)) ::kill(process.pid, SIGKILL);
  }
  // A start command would take one that is still ending for a server that runs.
  wait_for_end();
  return "killed after " + format_duration(waited) + " without an end";
}

Result<std::string> inject_stop(Host& host, const Record& /*record*/, const Words& words) {
  return end_politely(words[0], host.keep_waiting);
}

Result<std::string> inject_restart(Host& host, const Record& /*record*/, const Words& words) {
  auto remark = end_politely(words[0], host.keep_waiting);
  if (!remark) return remark;
  const Nanos begun = monotonic_now();
  const Status started = start_server(words[1]);
  if (!started.ok()) return started.error();
  *remark += ", started in " + format_duration(monotonic_now() - begun);
  return remark;
}

Result<std::string> undo_restart(Host& /*host*/, const Record& record) {
  const Status done = start_server(record.undo.size() == 2 ? record.undo[1] : "");
  if (!done.ok()) return done.error();
  return std::string();
}

Result<Armed> arm_pause(Host& /*host*/, const Words& words) {
  if (words.size() != 1) return Error{ErrorKind::usage, "pause: expected PID_FILE"};
  return arm_server(words[0]);
}

/// Waits a second at most: a thread that waits for a disk stops only after its answer.
void await_stopped(const Process& process) {
  const Nanos deadline = monotonic_now() + std::chrono::seconds(1);
  while (monotonic_now() < deadline) {
    const auto state = state_of(process);
    if (!state || *state == 'T' || *state == 't') return;
    ::poll(nullptr, 0, 1);
  }
}

Result<std::string> inject_pause(Host& host, const Record& record, const Words& /*words*/) {
  const std::vector<Process> processes = processes_of(record);
  for (const Record& other : host.in_force) {
    // Starving lets a server go on now and then, which a paused one must not.
    if (other.kind == "cpu" && other.undo.size() > 1 && other.undo[1] == record.undo[0]) {
      end_helper(processes_of(other).front());
    }
  }
  for (const Process& process : processes) {
    if (state_of(process)) ::kill(process.pid, SIGSTOP);
  }
  for (const Process& process : processes) await_stopped(process);
  return std::string();
}

Result<std::string> undo_pause(Host& /*host*/, const Record& record) {
  std::size_t stopped = 0;
  for (const Process& process : processes_of(record)) {
    const auto state = state_of(process);
    if (state && (*state == 'T' || *state == 't')) ++stopped;
    if (state) ::kill(process.pid, SIGCONT);
  }
  if (stopped == 0) return std::string(no_effect) + "no process of it was stopped any more";
  return std::to_string(stopped) + (stopped == 1 ? " process" : " processes") + " stood still";
}

}  // namespace

Result<Armed> arm_server(const std::string& pid_file) {
  const auto processes = server_tree(pid_file);
  if (!processes) return processes.error();
  if (processes->empty()) return Armed{{}, "not running"};
  Armed armed;
  for (const Process& process : *processes) armed.undo.push_back(to_word(process));
  return armed;
}

std::vector<Process> processes_of(const Record& record) {
  std::vector<Process> processes;
  for (const std::string& word : record.undo) {
    if (const auto process = process_from_word(word)) processes.push_back(*process);
  }
  return processes;
}

Kind command_kind() {
  return {"command", "INJECT HEAL", false, arm_command, inject_command, undo_command};
}
Kind kill_kind() { return {"kill", "PID_FILE KILL START", false, arm_kill, inject_kill, undo_end}; }
Kind stop_kind() { return {"stop", "PID_FILE START", false, arm_stop, inject_stop, undo_end}; }
Kind restart_kind() {
  return {"restart", "PID_FILE START", false, arm_stop, inject_restart, undo_restart};
}
Kind pause_kind() { return {"pause", "PID_FILE", true, arm_pause, inject_pause, undo_pause}; }

}  // namespace assay::agent
