#pragma once
// Processes of a node, named so that a reused process id is never touched: by id and start time.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace assay::agent {

struct Process {
  pid_t pid = 0;
  std::uint64_t start = 0;  ///< clock ticks between the machine's boot and the process's start
  bool operator==(const Process&) const = default;
};

/// "PID:START", the form of the ledger.
std::string to_word(const Process& process);
std::optional<Process> process_from_word(const std::string& word);

/// The process with this id if it runs; zombies do not count.
std::optional<Process> find_process(pid_t pid);
/// Its state letter as in /proc/PID/stat (R, S, D, T, t), or nothing if it does not run.
std::optional<char> state_of(const Process& process);

/// The process whose id the file holds, then its descendants. Empty if it does not run or the file
/// is missing. Error (bad_data) if the file holds no process id.
Result<std::vector<Process>> server_tree(const std::string& pid_file);
/// Kills every process of the session that this process leads or led, and waits until none is left:
/// then nothing that it had begun goes on, not even in the kernel. Error: busy.
Status end_session(const Process& leader, Nanos patience);
/// The process and its descendants, parents first.
std::vector<Process> process_tree(const Process& root);

}  // namespace assay::agent
