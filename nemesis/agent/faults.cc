#include "nemesis/agent/faults.h"

#include <arpa/inet.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <set>

#include "nemesis/agent/processes.h"
#include "nemesis/agent/shell.h"
#include "nemesis/agent/vdso.h"

namespace assay::agent {
namespace {

constexpr Nanos command_timeout = std::chrono::seconds(10);

bool for_ever() { return true; }

enum class Family { none, ipv4, ipv6 };

Family family_of(const std::string& address) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  if (::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) return Family::ipv4;
  if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return Family::ipv6;
  return Family::none;
}

std::string address_set(const char* name, const char* type, const std::set<std::string>& members) {
  if (members.empty()) return {};
  std::string list;
  for (const std::string& member : members) list += (list.empty() ? "" : ", ") + member;
  return std::string("  set ") + name + " { type " + type + "; elements = { " + list + " }; }\n";
}

/// The commands for nft that leave exactly these addresses cut off, in one transaction.
std::string firewall_script(const std::set<std::string>& addresses) {
  std::set<std::string> v4;
  std::set<std::string> v6;
  for (const std::string& address : addresses) {
    (family_of(address) == Family::ipv4 ? v4 : v6).insert(address);
  }
  const std::string table = std::string("table inet ") + firewall_table;
  // Adding the table first makes deleting it right whether or not it existed.
  std::string script = table + "\ndelete " + table + "\n";
  if (addresses.empty()) return script;
  script += table + " {\n" + address_set("cut", "ipv4_addr", v4) +
            address_set("cut6", "ipv6_addr", v6) +
            "  chain in {\n    type filter hook input priority 0;\n";
  if (!v4.empty()) script += "    ip saddr @cut drop\n";
  if (!v6.empty()) script += "    ip6 saddr @cut6 drop\n";
  return script + "  }\n}\n";
}

Result<CommandOutcome> run_nft(const std::vector<std::string>& arguments,
                               const std::string& input) {
  std::vector<std::string> words{"nft"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  auto outcome = run_command(words, input, command_timeout, for_ever);
  constexpr int not_found = 127;
  if (outcome.ok() && outcome->exit_status == not_found) {
    return Error{ErrorKind::unavailable, "nft: not found on this node; install nftables"};
  }
  return outcome;
}

Result<std::int64_t> parse_count(const std::string& text) {
  std::int64_t count = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (failure != std::errc() || end != text.data() + text.size()) {
    return Error{ErrorKind::usage, "expected a number of nanoseconds, got \"" + text + "\""};
  }
  return count;
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

void resume(const Process& process) {
  if (state_of(process)) ::kill(process.pid, SIGCONT);
}

Status unskew(const Process& root) {
  if (!state_of(root)) return {};
  Status first;
  for (const Process& process : process_tree(root)) {
    Status done = set_clock_offset(process.pid, Nanos::zero());
    if (!done.ok() && state_of(process) && first.ok()) first = done;
  }
  return first;
}

Words words_of(const std::vector<Process>& processes) {
  Words words;
  for (const Process& process : processes) words.push_back(to_word(process));
  return words;
}

Error wrong_words(const std::string& kind, const char* expected) {
  return {ErrorKind::usage, "inject " + kind + ": expected " + expected};
}

}  // namespace

Result<std::string> Faults::inject(const std::string& id, const std::string& kind,
                                   const Words& words) {
  if (ledger_.find(id) != nullptr) {
    return Error{ErrorKind::usage, "fault " + id + " is in force already"};
  }
  if (kind == "partition") return inject_partition(id, words);
  if (kind == "command") return inject_command(id, words);
  if (kind == "pause") return inject_pause(id, words);
  if (kind == "clock") return inject_clock(id, words);
  return Error{ErrorKind::usage,
               "unknown kind of fault " + kind + ", expected partition, command, pause or clock"};
}

Result<std::string> Faults::inject_partition(const std::string& id, const Words& words) {
  for (const std::string& address : words) {
    if (family_of(address) == Family::none) return wrong_words("partition", "IP addresses");
  }
  if (const Status put = ledger_.put({id, "partition", words}); !put.ok()) return put.error();
  const Status done = apply_cut("");
  if (done.ok()) return std::string();
  const Status healed = heal(id);
  return healed.ok() ? done.error() : healed.error();
}

Result<std::string> Faults::inject_command(const std::string& id, const Words& words) {
  if (words.size() != 2) return wrong_words("command", "INJECT HEAL");
  if (const Status put = ledger_.put({id, "command", {words[1]}}); !put.ok()) return put.error();
  const Status done = run_shell(words[0], command_timeout, keep_waiting_);
  // A command that failed may have done half its work: the record stays until it was healed.
  if (!done.ok()) return done.error();
  return std::string();
}

Result<std::string> Faults::inject_pause(const std::string& id, const Words& words) {
  if (words.size() != 1) return wrong_words("pause", "PID_FILE");
  const auto processes = server_tree(words[0]);
  if (!processes) return processes.error();
  if (processes->empty()) return std::string("not running");
  if (const Status put = ledger_.put({id, "pause", words_of(*processes)}); !put.ok()) {
    return put.error();
  }
  for (const Process& process : *processes) {
    if (state_of(process)) ::kill(process.pid, SIGSTOP);
  }
  for (const Process& process : *processes) await_stopped(process);
  return std::string();
}

Result<std::string> Faults::inject_clock(const std::string& id, const Words& words) {
  if (words.size() != 2) return wrong_words("clock", "PID_FILE OFFSET_NS");
  const auto offset = parse_count(words[1]);
  if (!offset) return offset.error();
  const auto processes = server_tree(words[0]);
  if (!processes) return processes.error();
  if (processes->empty()) return std::string("not running");
  if (const Status put = ledger_.put({id, "clock", words_of(*processes)}); !put.ok()) {
    return put.error();
  }
  for (const Process& process : *processes) {
    const Status done = set_clock_offset(process.pid, Nanos(*offset));
    if (done.ok()) continue;
    if (!state_of(process)) continue;
    const Status healed = heal(id);
    return healed.ok() ? done.error() : healed.error();
  }
  return std::string();
}

Status Faults::apply_cut(const std::string& without_id) {
  std::set<std::string> addresses;
  for (const Record& record : ledger_.records()) {
    if (record.kind == "partition" && record.id != without_id) {
      addresses.insert(record.undo.begin(), record.undo.end());
    }
  }
  const auto outcome = run_nft({"-f", "-"}, firewall_script(addresses));
  if (!outcome) return outcome.error();
  if (outcome->exit_status != 0) {
    return Error{ErrorKind::unavailable, "nft refused the firewall table: " + outcome->output};
  }
  return {};
}

Status Faults::undo(const Record& record) {
  if (record.kind == "partition") return apply_cut(record.id);
  if (record.kind == "command") {
    return record.undo.empty() ? Status() : run_shell(record.undo[0], command_timeout, for_ever);
  }
  Status first;
  for (const std::string& word : record.undo) {
    const auto process = process_from_word(word);
    if (!process) continue;
    if (record.kind == "pause") resume(*process);
    if (record.kind != "clock") continue;
    const Status done = unskew(*process);
    if (!done.ok() && first.ok()) first = done;
  }
  return first;
}

Status Faults::heal(const std::string& id) {
  const Record* found = ledger_.find(id);
  if (found == nullptr) return {};
  const Record record = *found;
  const Status done = undo(record);
  if (!done.ok()) return done.error().in("cannot heal " + id);
  return ledger_.remove(id);
}

Status Faults::heal_all() {
  std::vector<Record> records = ledger_.records();
  std::stable_partition(records.begin(), records.end(),
                        [](const Record& record) { return record.kind != "command"; });
  std::string failures;
  for (const Record& record : records) {
    const Status done = heal(record.id);
    if (!done.ok()) failures += (failures.empty() ? "" : "; ") + done.error().message;
  }
  if (failures.empty()) return {};
  return Error{ErrorKind::unavailable, failures};
}

}  // namespace assay::agent
